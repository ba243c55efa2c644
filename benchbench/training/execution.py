"""How a training is executed: as the suite says, or the fastest way that is proven."""

from __future__ import annotations

import copy
import math
import statistics
import time
from typing import TYPE_CHECKING

import torch

from benchbench.backends import NATIVE, Execution
from benchbench.backends.compiler import bf16_units
from benchbench.backends.executed import executed
from benchbench.backends.native import training_step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

    from benchbench.data.samples import Batch
    from benchbench.running.cells import Cell

__all__ = ["by_speed", "executions_of"]

LAST = Execution("native", 32, "channels_last")
WARM_STEPS, TIMED_STEPS = 3, 7

LONG_STEPS = 1000  # ours: a minute of compiling is then less than what it saves


def executions_of(cell: Cell, *, anywhere: bool = False) -> list[Execution]:
    """The ways to train a cell's model, the first that is proven to be taken.

    Where neither backend nor precision nor memory format is said, a training of a thousand steps
    and more is tried in bfloat16 with compiled neurons, where the device has units for it, and with
    channels last: the quicker of them, see `by_speed`, is taken first. Shorter ones, those of data
    of unknown length, and all others are native.

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
    ways = [Execution("fused", "bf16", "channels_last"), LAST, NATIVE]
    units = anywhere or bf16_units(torch.device(cell.device))
    return ways if units and _steps(cell) >= LONG_STEPS else [NATIVE]


def by_speed(
    model: nn.Module,
    executions: Sequence[Execution],
    batch: Batch,
    loss: Callable[[Tensor, Tensor], Tensor],
    output: str,
) -> list[Execution]:
    """Ways to train a model, the quickest first, by some steps of a copy of it.

    A way that raises comes last: should it be taken, it says there what is wrong.

    Args:
        model: The model, on its device; it is left as it was.
        executions: The ways.
        batch: Inputs and targets, on the device.
        loss: The training's loss.
        output: Which part of the model's output is its answer.
    """
    device = batch[0].tensors[0].device
    found: dict[Execution, float] = {}
    with torch.random.fork_rng():
        for execution in executions:
            try:
                again = copy.deepcopy(model)
                with executed(again, execution, device) as how:
                    step = training_step(again, [batch], loss, 1e-3, output, how)
                    found[execution] = _seconds(step, device)
            except Exception:  # noqa: BLE001 - whatever a model does when it is copied or run
                found[execution] = math.inf
    return sorted(executions, key=found.__getitem__)


def _seconds(step: Callable[[], object], device: torch.device) -> float:
    """The median time of a step, after those in which things are compiled and allocated."""
    seconds = []
    for turn in range(WARM_STEPS + TIMED_STEPS):
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if turn >= WARM_STEPS:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _steps(cell: Cell) -> int:
    """Steps of a cell's training, about: a split is less than all of the data."""
    recipe, count = cell.settings.train, cell.data.samples if cell.data else None
    if recipe is None or count is None or recipe.devices > 1:
        return 0
    used = min(recipe.images or count, count)
    return recipe.epochs * math.ceil(used / cell.settings.batch_size)
