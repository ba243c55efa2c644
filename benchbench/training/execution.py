"""How a training is executed: as the suite says, or the fastest way that is proven."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from benchbench.backends import NATIVE, Execution
from benchbench.backends.compiler import bf16_units

if TYPE_CHECKING:
    from benchbench.running.cells import Cell

__all__ = ["executions_of"]

LONG_STEPS = 1000  # ours: a minute of compiling is then less than what it saves


def executions_of(cell: Cell, *, anywhere: bool = False) -> list[Execution]:
    """The ways to train a cell's model, the first that is proven to be taken.

    Where neither backend nor precision nor memory format is said, a training of a thousand steps
    and more is tried in bfloat16 with compiled neurons first, where the device has units for it.
    Shorter ones, those of data of unknown length, and all others are native.

    Args:
        cell: The cell.
        anywhere: Whether the device is one with units for bfloat16, whatever it is.
    """
    settings = cell.settings
    said = (settings.backend, settings.precision, settings.memory_format)
    if {*said} != {"auto"}:
        asked = settings.execution
        if asked.backend == "events":  # inference alone; what it rests on trains
            asked = Execution("fused", asked.precision, asked.memory_format)
        return [asked]
    best = Execution("fused", "bf16", "channels_last")
    units = anywhere or bf16_units(torch.device(cell.device))
    return [best, NATIVE] if units and _steps(cell) >= LONG_STEPS else [NATIVE]


def _steps(cell: Cell) -> int:
    """Steps of a cell's training, about: a split is less than all of the data."""
    recipe, count = cell.settings.train, cell.data.samples if cell.data else None
    if recipe is None or count is None or recipe.devices > 1:
        return 0
    used = min(recipe.images or count, count)
    return recipe.epochs * math.ceil(used / cell.settings.batch_size)
