"""Which way a training is executed, and that its weights are its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from benchbench.backends import NATIVE, Execution
from benchbench.data.inputs import Inputs
from benchbench.data.reference import DataRef
from benchbench.running.cells import cells_of
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.training import Train
from benchbench.training import execution
from benchbench.training.execution import executions_of
from benchbench.training.loss import loss_of
from benchbench.training.weight_store import stores_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchbench.running.cells import Cell

BEST = Execution("fused", "bf16", "channels_last")
LAST = Execution("native", 32, "channels_last")


def cell_of(folder: Path, samples: int | None, train: Train, **settings: Any) -> Cell:
    """The cell of a training."""
    suite = Suite(1, "s", (Model("m", "shallow_cnn"),), settings=Settings(train=train, **settings))
    data = DataRef("synthetic_faces", "0", 7, 0, samples=samples)
    (cell,) = cells_of(suite, folder, "cpu", {"m": data})
    return cell


@pytest.mark.parametrize(
    ("samples", "train", "units", "expected"),
    [
        (28_709, Train(epochs=4), "avx512_bf16", [BEST, LAST, NATIVE]),
        (28_709, Train(epochs=4), "", [NATIVE]),
        (28_709, Train(epochs=4, images=320), "avx512_bf16", [NATIVE]),
        (100, Train(epochs=1), "amx_bf16", [NATIVE]),
        (None, Train(epochs=100), "amx_bf16", [NATIVE]),
    ],
    ids=["long", "no units", "few images", "little data", "a stream"],
)
def test_long_trainings_are_tried_in_the_fastest_way(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    samples: int | None,
    train: Train,
    units: str,
    expected: list[Execution],
) -> None:
    """A thousand steps and more, where the device has units for bfloat16, and nothing was said."""
    monkeypatch.setattr(execution, "bf16_units", lambda _: units)
    assert executions_of(cell_of(tmp_path, samples, train)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"backend": "native"}, NATIVE),
        ({"precision": "bf16"}, Execution("native", "bf16")),
        ({"backend": "events"}, Execution("fused", 32, "channels_last")),
    ],
)
def test_what_a_suite_says_is_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], expected: Execution
) -> None:
    """Without a second way: it is proved, or the training fails."""
    monkeypatch.setattr(execution, "bf16_units", lambda _: "amx_bf16")
    assert executions_of(cell_of(tmp_path, 28_709, Train(epochs=4), **said)) == [expected]


def test_weights_trained_in_another_way_are_other_weights(tmp_path: Path) -> None:
    """Each way has its own place, and that of native weights is the one of before."""
    cell = cell_of(tmp_path, 100, Train(epochs=1))
    others = [
        replace(cell, settings=replace(cell.settings, **said))
        for said in (
            {"precision": "bf16"},
            {"backend": "fused"},
            {"memory_format": "channels_last"},
        )
    ]
    keys = [stores_of(it)[0].key for it in (cell, *others)]
    assert len({*keys}) == len(keys)


class Stubborn(nn.Linear):
    """Cannot be copied."""

    def __deepcopy__(self, _: Any) -> Any:
        """Refuse, as a lock does."""
        raise TypeError("cannot pickle a lock")


def test_ways_that_cannot_be_tried_keep_their_order() -> None:
    """A model that cannot be copied is trained all the same, in the way that stood first."""
    model = Stubborn(4, 3)
    batch = Inputs.of(torch.rand(6, 4)), torch.arange(6) % 3
    loss = loss_of("cross_entropy", model, 0.0)
    assert execution.by_speed(model, [LAST, NATIVE], batch, loss, "") == [LAST, NATIVE]


def test_the_quickest_way_comes_first_and_the_model_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each way is timed on a copy; weights and torch's random numbers are those of before."""
    seconds = {BEST: 3.0, LAST: 1.0, NATIVE: 2.0}
    times = iter(seconds.values())

    def timed(step: Callable[[], object], _: torch.device) -> float:
        step()
        return next(times)

    monkeypatch.setattr(execution, "_seconds", timed)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    batch = Inputs.of(torch.rand(6, 1, 8, 8)), torch.arange(6) % 3
    random = torch.get_rng_state()
    loss = loss_of("cross_entropy", model, 0.0)
    assert execution.by_speed(model, [*seconds], batch, loss, "") == [LAST, NATIVE, BEST]
    assert torch.equal(torch.get_rng_state(), random)
    after = model.state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
