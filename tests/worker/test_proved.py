"""What was timed is released by a proof of what was timed: a step's is none of an inference."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from benchbench.backends import Execution
from benchbench.backends.executed import Executed
from benchbench.data.inputs import Inputs
from benchbench.metrics.registry import measured
from benchbench.running.cells import Cell
from benchbench.suite.schema import Model, Settings
from benchbench.worker.timing import _Timing

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement


class Heard:
    """A channel that remembers the figures."""

    def __init__(self) -> None:
        """Nothing was heard yet."""
        self.figures: dict[str, Measurement] = {}

    def phase(self, name: str) -> None:
        """What happens now."""

    def send(self, **given: Any) -> None:
        """Facts."""

    def measurements(self, figures: list[Measurement]) -> None:
        """Figures."""
        self.figures |= {it.name: it for it in figures}


def proved(wrong: str, phases: tuple[str, ...]) -> dict[str, Measurement]:
    """The figures of a model whose compiler is wrong in one mode."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4))

    def run(x: torch.Tensor) -> torch.Tensor:
        right: torch.Tensor = net(x)
        return right * 3 + 1 if wrong == ("train" if net.training else "infer") else right

    batch = (Inputs.of(torch.rand(16, 8)), torch.arange(16) % 4)
    settings = Settings(phases=phases)  # type: ignore[arg-type]  # as it is parametrized
    cell = Cell("c", Model("m", "x.py:m", loss="cross_entropy"), settings, "cpu", None, ".")
    heard, found = Heard(), SimpleNamespace(model=net, batches=[batch], untrained="")
    how = Executed(net, run, Execution("compiled"), "cpu")
    given: Any = ("j", cell, found, how, None, None, heard)
    timing = _Timing(*given)
    timing.tell([measured("infer_fps", 100.0)])
    timing.prove()
    timing.tell_held()
    return heard.figures


@pytest.mark.parametrize("phases", [("infer", "train"), ("latency", "train"), ("infer",)])
def test_an_inference_that_computes_something_else_is_not_released(phases: tuple[str, ...]) -> None:
    """However right the training step is; the outputs that are told are the worse ones."""
    found = proved("infer", phases)
    assert not found["infer_fps"].valid
    assert "its outputs differ by" in found["infer_fps"].reasons[0]
    assert found["infer_fps"].reasons[0].endswith("in inference")
    assert (found["outputs_apart"].value or 0) > 1
    assert (found["gradients_apart"].value is None) == ("train" not in phases)


def test_both_modes_are_told_and_one_that_was_not_timed_is_not_proved() -> None:
    """A training step that is wrong, and none."""
    (reason,) = proved("train", ("infer", "train"))["infer_fps"].reasons
    assert reason.endswith("in training")
    assert proved("", ("infer", "train"))["infer_fps"].valid
    assert proved("infer", ("train",))["infer_fps"].valid
