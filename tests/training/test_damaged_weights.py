"""Weights that nobody should have to trust: one sentence, and nothing of them runs."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from benchbench.errors import ModelError
from benchbench.training.weights import load_weights, save_weights

if TYPE_CHECKING:
    from collections.abc import Callable


def net(value: float = 0.0) -> nn.Module:
    """A small layer whose weights are all one value."""
    layer = nn.Linear(8, 8)
    nn.init.constant_(layer.weight, value)
    return layer


def changed(file: Path) -> None:
    """One bit of one weight."""
    content = bytearray(file.read_bytes())
    weight = torch.tensor([0.75]).numpy().tobytes() * 8
    content[content.index(weight)] ^= 1
    file.write_bytes(content)


class _Runs:
    """What runs where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (changed, "not what its checksum says"),
        (lambda file: file.write_bytes(file.read_bytes()[:-50]), "is damaged"),
        (lambda file: file.write_bytes(b""), "is damaged"),
        (lambda file: torch.save({"state_dict": 3}, file), "expected dictionaries"),
        (lambda file: torch.save([1], file), "expected a dictionary"),
        (lambda file: torch.save({"about": {"pruned": 1}, "state_dict": {}}, file), "no weights"),
        (lambda file: save_weights(net(float("nan")), file, {}), "weight holds NaN"),
        (lambda file: torch.save({"x": _Runs(file.with_name("ran"))}, file), "is damaged or not"),
        (
            lambda file: file.write_bytes(pickle.dumps(_Runs(file.with_name("ran")))),
            "is damaged or not",
        ),
    ],
)
def test_a_damaged_checkpoint_is_one_sentence_and_runs_nothing(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    """One bit is enough; NaN is no weight; what would run is refused."""
    file = tmp_path / "weights.pt"
    save_weights(net(0.75), file, {"model": "x"})
    found = net()
    assert load_weights(found, file) == {"model": "x"}
    assert found.state_dict()["weight"].unique().tolist() == [0.75]
    spoil(file)
    with pytest.raises(ModelError, match=said):
        load_weights(net(), file)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: state,
        lambda state: {
            "epoch": 3,
            "model_state_dict": state,
            "optimizer_state_dict": {"state": {}},
        },
        lambda state: {"net": state, "acc": 93.1, "epoch": 3},
        lambda state: {"state_dict": {f"model.{name}": it for name, it in state.items()}},
        lambda state: {"model": {f"module.{name}": it for name, it in state.items()}},
        lambda state: {f"_orig_mod.{name}": it for name, it in state.items()},
        lambda state: {"state_dict": {f"model._orig_mod.{name}": it for name, it in state.items()}},
        lambda state: {f"module._orig_mod.{name}": it for name, it in state.items()},
        lambda state: {"best": {"acc": torch.tensor(0.5)}, "model": state},
        lambda state: {
            "model": {f"module.model.{name}": it for name, it in state.items()},
            "best": {"acc": torch.tensor(0.5)},
        },
    ],
    ids=[
        *("bare", "PyTorch's tutorial", "net", "Lightning", "DataParallel", "torch.compile"),
        *("Lightning, compiled", "DDP, compiled", "beside a figure", "wrapped, beside a figure"),
    ],
)
def test_a_checkpoint_as_people_have_it_is_loaded(
    tmp_path: Path, wrapped: Callable[[dict[str, torch.Tensor]], object]
) -> None:
    """The one set of weights that is in it, by the model's own names."""
    file, found = tmp_path / "own.pt", net()
    torch.save(wrapped(net(0.5).state_dict()), file)
    assert load_weights(found, file) == {}
    assert found.state_dict()["weight"].unique().tolist() == [0.5]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"model": net().state_dict(), "ema": net().state_dict()},
            r"several sets of weights \(model, ema\): save the one",
        ),
        (
            {"model": nn.Sequential(net()).state_dict()},
            r"does not fit the model: it lacks weight, bias, and it has 0\.weight, 0\.bias, which",
        ),
        (
            {f"module.{name}": it for name, it in nn.Linear(8, 5).state_dict().items()},
            r"does not fit the model: Error.* size mismatch for weight",
        ),
        (net(), r"one of weights alone: Weights only load failed; expected what torch\.save"),
    ],
    ids=["several", "other names", "wrapped, and of another size", "a pickled model"],
)
def test_what_is_wrong_with_a_checkpoint_is_said(
    tmp_path: Path, content: object, said: str
) -> None:
    """The names of both sides; and no advice to load whatever is in a file."""
    torch.save(content, tmp_path / "own.pt")
    with pytest.raises(ModelError, match=said):
        load_weights(net(), tmp_path / "own.pt")
