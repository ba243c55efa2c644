"""What a step asks of torch: equal from run to run, and as much as can be worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from benchbench import zoo
from benchbench.backends.native import inference_step, training_step
from benchbench.data import load
from benchbench.data.batches import batches_of
from benchbench.probes.counting.footprint import footprint
from benchbench.training.loss import loss_of

if TYPE_CHECKING:
    from collections.abc import Callable


def step_of(name: str, phase: str) -> Callable[[], object]:
    """A step of a fresh model with seeded weights."""
    torch.manual_seed(0)
    model = zoo.build(name, {"T": 2} if name == "conv_snn" else {}, num_classes=7)
    batches = batches_of(load("synthetic_faces"), 2, 2, torch.device("cpu"))
    if phase == "infer":
        return inference_step(model, batches)
    return training_step(model, batches, loss_of("auto", model, 0.1), 1e-3)


@pytest.mark.parametrize("phase", ["infer", "train"])
@pytest.mark.parametrize("name", ["conv_snn", "mobilenet_v1"])
def test_two_fresh_models_have_the_same_footprint(name: str, phase: str) -> None:
    """No operator more, no byte more."""
    first, second = footprint(step_of(name, phase)), footprint(step_of(name, phase))
    assert first == second
    assert first[1] > 0


def test_a_linear_layer_allocates_its_output() -> None:
    """Three outputs of 4 x 7 numbers of 4 bytes; the calls of `linear` and what it calls."""
    layer, x = nn.Linear(5, 7), torch.rand(4, 5)

    def step() -> None:
        with torch.no_grad():
            for _ in range(3):
                layer(x)

    kinds, allocated = footprint(step)
    assert kinds["aten::linear"] == kinds["aten::addmm"] == 3
    assert allocated == 3 * 4 * 7 * 4


def test_memory_that_is_given_back_counts_again() -> None:
    """A step that allocates and frees ten times asks ten times."""
    x = torch.rand(1000)
    assert footprint(lambda: [x + 1 for _ in range(10)])[1] == 10 * footprint(lambda: x + 1)[1]


def test_backward_operators_are_counted_and_the_engine_is_not() -> None:
    """What autograd calls is there under its own name; what it is called by is not."""
    kinds, _ = footprint(step_of("mobilenet_v1", "train"))
    assert kinds["aten::convolution_backward"] > 0
    assert not [name for name in kinds if "autograd" in name]
