"""Weights that get their shape with a first batch have it before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from benchbench import data as data_room
from benchbench.data.inputs import Inputs
from benchbench.data.reference import DataRef
from benchbench.errors import ModelError
from benchbench.running.cells import Cell
from benchbench.suite.schema import Model, Settings
from benchbench.worker.fitting import misfit_of
from benchbench.worker.lazy import give_shapes, shapeless
from benchbench.worker.setup import build

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
from torch import nn
def lazy():
    return nn.Sequential(
        nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Dropout(), nn.ReLU(), nn.Flatten(),
        nn.LazyLinear(10))
"""


def test_a_cell_s_model_has_its_shapes_from_its_data(tmp_path: Path) -> None:
    """The same weights each time it is built, in the mode that it was made in, and trainable."""
    (tmp_path / "own.py").write_text(OWN)
    images = data_room.load("synthetic_faces", seed=0)
    reference = DataRef("synthetic_faces", images.digest, images.num_classes, 0)
    cell = Cell("", Model("m", "own.py:lazy"), Settings(), "cpu", reference, str(tmp_path))
    assert misfit_of(cell) == ""
    one, two = build(cell), build(cell)
    assert one[5].weight.shape == (10, 4 * 46 * 46)  # type: ignore[index]
    assert all(map(torch.equal, one.parameters(), two.parameters()))
    assert one.training
    assert not one[1].num_batches_tracked.any()  # type: ignore[index]
    with torch.inference_mode():
        one(torch.rand(2, 1, 48, 48))
    one(torch.rand(2, 1, 48, 48)).sum().backward()
    assert build(cell, (1, 12, 12))[5].weight.shape == (10, 4 * 10 * 10)  # type: ignore[index]


class Unreached(nn.Module):
    """A layer that no batch reaches."""

    def __init__(self) -> None:
        """Lazy."""
        super().__init__()
        self.idle = nn.LazyLinear(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input."""
        return x


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Unreached(), "m: idle.weight has no shape before a first batch, and a batch"),
        (nn.Sequential(nn.LazyLinear(3), nn.Linear(9, 1)), "cannot be run .RuntimeError: mat1"),
    ],
)
def test_what_gets_no_shape_is_named(model: nn.Module, said: str) -> None:
    """With the reason."""
    with pytest.raises(ModelError, match=said):
        give_shapes(model, lambda: Inputs.of(torch.rand(2, 4)), "m")
    assert shapeless(nn.LazyLinear(3)) == ["weight", "bias"]
