"""One step of one model in this very process, for somebody else's harness to time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from benchbench import data as data_room
from benchbench import zoo
from benchbench.backends.proving import prove
from benchbench.data.reference import DataRef
from benchbench.errors import BenchbenchError
from benchbench.metrics.figure import PHASES
from benchbench.metrics.registry import ready
from benchbench.probes import throughput
from benchbench.probes.operations import MACS_DENSE
from benchbench.probes.size import PARAMS
from benchbench.probes.spikes import FIRING_RATE, MACS_EFFECTIVE, SYNOPS_EXACT
from benchbench.running.cells import Cell
from benchbench.suite import loader
from benchbench.suite.schema import Model, Settings
from benchbench.worker.count_here import copied
from benchbench.worker.setup import (
    begin,
    executed_of,
    facts_of,
    pace_of,
    step_facts,
    step_of,
    training_loss,
)
from benchbench.worker.setup import prepare as prepare_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import nn

    from benchbench.backends.executed import Executed
    from benchbench.data.batches import Batch
    from benchbench.frameworks import Neurons
    from benchbench.metrics.figure import Phase
    from benchbench.metrics.measurement import Measurement

__all__ = ["BenchStep", "prepare"]

TOLD = {PARAMS.name, MACS_DENSE.name, MACS_EFFECTIVE.name, SYNOPS_EXACT.name, FIRING_RATE.name}


@dataclass(frozen=True, slots=True)
class BenchStep:
    """A step that is ready to be timed.

    Attributes:
        run: Runs it to its end, the device's work included.
        settings: Settings with the lengths of warm-up and window.
        steady_percent: Spread of the last warm-up blocks that counts as steady.
        info: The model, its counts, and what really runs; plain JSON.
    """

    run: Callable[[], object]
    settings: Settings
    steady_percent: float
    info: dict[str, Any]

    def warm_up(self) -> throughput.WarmUp:
        """Run it until its pace is steady."""
        return throughput.warm_up(self.run, lambda: None, self.settings, self.steady_percent)


def prepare(
    model: str | Callable[..., Any],
    phase: Phase,
    given: Mapping[str, Any],
    folder: Path,
    device: str,
    changes: Mapping[str, Any],
    neurons: Neurons,
) -> BenchStep:
    """Build a model with seeded weights, count it, and make its step.

    Args:
        model: Reference as for `benchbench.zoo.find`, a function that gives a model, or a
            ``torch.nn.Module``, which stays as it is: a copy of it is timed.
        phase: ``infer`` or ``train``.
        given: Settings of the model.
        folder: Where a relative path starts.
        device: ``cpu`` or ``cuda:<index>``.
        changes: Settings of the run, by name.
        neurons: What is told of the model's neurons.

    Raises:
        ModelError: There is no such model, or it has no such setting.
        SuiteError: There is no such setting of the run, or it has another type.
        BenchbenchError: There is no such phase.
    """
    if phase not in PHASES:
        raise BenchbenchError(f"phase {phase!r}: expected {' or '.join(PHASES)}")
    name = model if isinstance(model, str) else getattr(model, "__name__", type(model).__name__)
    if isinstance(model, str):
        zoo.find(model, folder).require(given)
    resolved = Settings(**loader.settings_of(changes))
    images = data_room.load("synthetic_faces", seed=resolved.seed)
    reference = DataRef("synthetic_faces", images.digest, images.num_classes, resolved.seed)
    entry = Model(name, name, set=dict(given), **asdict(neurons))
    cell = Cell("", entry, resolved, device, reference, str(folder))
    made = None
    if not isinstance(model, str):
        begin(cell)
        made = copied(zoo.made(model, given, name, num_classes=images.num_classes), name)
    found = prepare_cell(cell, torch.device("cpu"), made)
    built, batches = found.model, found.batches
    counts = {
        figure.name: figure.value if figure.value is not None else "; ".join(figure.reasons)
        for figure in _counted(built, batches)
        if figure.name in TOLD
    }
    on_device = torch.device(device)
    built.to(on_device)
    there = [(inputs.to(on_device), labels.to(on_device)) for inputs, labels in batches]
    pace = pace_of(cell)
    how = executed_of(built, cell)
    _check_proved(how, there, cell, phase)
    step = step_of(phase, built, there, cell, how)

    def run() -> None:
        step()
        pace.sync()

    facts = facts_of if isinstance(model, str) else step_facts  # an object is told by no source
    info = {"model": name, "phase": phase, "set": dict(given), **counts}
    info |= {"batch_size": resolved.batch_size, **facts(built, cell), **how.facts}
    return BenchStep(run, resolved, pace.steady_percent, info)


def _check_proved(how: Executed, batches: list[Batch], cell: Cell, phase: Phase) -> None:
    """Refuse to time what is not the model as its framework runs it.

    Raises:
        BenchbenchError: It is not; the message says how far it is from it.
    """
    if how.execution.is_native:
        return
    loss = training_loss(how.model, cell) if phase == "train" else None
    if fault := prove(how, batches[0], loss, cell.model.output, cell.settings.seed).fault:
        raise BenchbenchError(f"{how.execution.said}: {fault}")


def _counted(model: nn.Module, batches: list[Batch]) -> list[Measurement]:
    """What can be counted; a probe that refuses says why in its figures."""
    images = [images for images, _ in batches[:4]]
    given = {"model": model, "example": images[0][:1], "batches": images}
    return [
        figure
        for probe in ready(given)
        if {item.name for item in probe.gives} & TOLD
        for figure in probe.take(given).figures
    ]
