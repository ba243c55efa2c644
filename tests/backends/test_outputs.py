"""The answer of a model is found in whatever it returns, or the sentence says how to name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from benchbench.backends.native import inference_step, training_step
from benchbench.backends.outputs import answer_of
from benchbench.data.inputs import Inputs
from benchbench.errors import ModelError

LOGITS = torch.rand(4, 7)


class Named(NamedTuple):
    """A named tuple, its answer not the first."""

    mask: Tensor
    scores: Tensor


@dataclass
class Held:
    """A dataclass, as transformers' outputs are."""

    loss: Tensor | None
    logits: Tensor


@pytest.mark.parametrize(
    ("output", "name"),
    [
        (LOGITS, ""),
        ({"hidden": torch.rand(4, 9), "logits": LOGITS}, ""),
        ({"ids": torch.arange(4), "scores": LOGITS}, ""),
        ({"a": torch.rand(4, 9), "b": LOGITS}, "b"),
        ((LOGITS, None), ""),
        ([torch.rand(4, 2), LOGITS], "1"),
        (Named(torch.ones(4, dtype=torch.bool), LOGITS), ""),
        (Named(torch.ones(4, dtype=torch.bool), LOGITS), "scores"),
        (Held(None, LOGITS), ""),
        (torch.stack([LOGITS - 1, LOGITS + 1]), ""),
        ({"logits": torch.stack([LOGITS] * 3)}, ""),
    ],
)
def test_the_answer_is_found(output: Any, name: str) -> None:
    """By its name, as `logits`, or as the first tensor of floats; [T, N, C] averaged over T."""
    assert torch.allclose(answer_of(output, 4, name), LOGITS)


def test_as_many_steps_as_samples() -> None:
    """[n, n, classes] of n samples: time first where the model takes time steps, and else not."""
    both = torch.rand(4, 4, 7)
    assert torch.equal(answer_of(both, 4, walks_time=True), both.mean(0))
    assert torch.equal(answer_of(both, 4), both)
    # Numbers for each step are what is to be answered: T may be the number of samples.
    every_step = torch.rand(4, 4, 7)
    assert torch.equal(answer_of(both, 4, walks_time=True, targets=every_step), both)
    assert torch.equal(answer_of(both, 4, walks_time=True, targets=every_step[0]), both.mean(0))


@pytest.mark.parametrize(
    ("output", "name", "said"),
    [
        (LOGITS, "logits", "returns a tensor, which has no parts"),
        ({"a": LOGITS}, "b", "no such tensor; it has a"),
        ({"a": torch.arange(4)}, "", "no tensor is found: name it by `output:`"),
        ("text", "", "returns str"),
        (torch.rand(3, 7), "", r"shape \(3, 7\) for 4 samples"),
        (torch.tensor(1.0), "", r"shape \(\) for 4 samples"),
    ],
)
def test_what_is_no_answer_says_what_to_write(output: Any, name: str, said: str) -> None:
    """With the shapes, and the key that names the right part."""
    with pytest.raises(ModelError, match=said):
        answer_of(output, 4, name)


class _Pair(nn.Module):
    """Two inputs by name, and a dict out."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 2), nn.Linear(5, 2)

    def forward(self, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        return {"sum": self.left(left) + self.right(right), "left": left}


def test_steps_of_a_model_of_two_inputs_and_a_dict() -> None:
    """It trains and infers on its answer."""
    model, labels = _Pair(), torch.arange(4) % 2
    batch = Inputs.of({"left": torch.rand(4, 3), "right": torch.rand(4, 5)})
    before = model.right.weight.detach().clone()
    step = training_step(model, [(batch, labels)], nn.CrossEntropyLoss(), 0.1, "sum")
    first = float(step())
    for _ in range(20):
        last = float(step())
    assert last < first
    assert not torch.equal(model.right.weight, before)
    assert inference_step(model, [(batch, labels)], "left")().shape == (4, 3)
