"""One step of one model in this very process, for somebody else's harness to time."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

from benchbench import data as data_room
from benchbench import zoo
from benchbench.errors import BenchbenchError, ModelError
from benchbench.probes import operations, size, spikes, throughput
from benchbench.running.cells import DataRef
from benchbench.suite import loader
from benchbench.suite.schema import Model, Settings
from benchbench.worker.setup import facts_of, step_of
from benchbench.worker.setup import prepare as prepare_cell
from benchbench.worker.timing import timing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import nn

    from benchbench.backends.native import Batch
    from benchbench.metrics.measurement import Measurement

__all__ = ["BenchStep", "prepare"]

TOLD = ("params", "macs_dense", "macs_effective", "synops_exact", "firing_rate")


@dataclass(frozen=True, slots=True)
class BenchStep:
    """A step that is ready to be timed.

    Attributes:
        run: Runs it to its end, the device's work included.
        settings: With the lengths of warm-up and window.
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
    model: str,
    phase: str,
    given: Mapping[str, Any],
    folder: Path,
    device: str,
    settings: Mapping[str, Any],
) -> BenchStep:
    """Build a model with seeded weights, count it, and make its step.

    Args:
        model: As for `benchbench.zoo.find`.
        phase: ``infer`` or ``train``.
        given: Settings of the model.
        folder: Where a relative path starts.
        device: ``cpu`` or ``cuda:<index>``.
        settings: Of the run, by name.

    Raises:
        ModelError: There is no such model, or it has no such setting.
        SuiteError: There is no such setting of the run, or it has another type.
    """
    faults = zoo.find(model, folder).check(given)
    if faults:
        raise ModelError("; ".join(text for _, text in faults))
    resolved = Settings(**loader.settings_of(settings))
    images = data_room.load("synthetic_faces", seed=resolved.seed)
    reference = DataRef("synthetic_faces", images.digest, images.num_classes, resolved.seed)
    cell = {
        "model": asdict(Model(model, model, set=dict(given))),
        "settings": asdict(resolved),
        "device": device,
        "data": asdict(reference),
        "folder": str(folder),
    }
    built, batches, _ = prepare_cell(cell, resolved, torch.device("cpu"))
    counts = {
        figure.name: figure.value if figure.value is not None else "; ".join(figure.reasons)
        for figure in _counted(built, batches)
        if figure.name in TOLD
    }
    on_device = torch.device(device)
    built.to(on_device)
    there = [(inputs.to(on_device), labels.to(on_device)) for inputs, labels in batches]
    _, sync, steady_percent = timing(cell)
    step = step_of(phase, built, there, cell)

    def run() -> None:
        step()
        sync()

    info = {"model": model, "phase": phase, "set": dict(given), **counts}
    info |= {"batch_size": resolved.batch_size, **facts_of(built, cell, resolved)}
    return BenchStep(run, resolved, steady_percent, info)


def _counted(model: nn.Module, batches: list[Batch]) -> list[Measurement]:
    """What can be counted; a probe that refuses leaves its figures out."""
    inputs = [images for images, _ in batches[:4]]
    out = list(size.measure(model))
    with contextlib.suppress(BenchbenchError):
        out += operations.measure(model, inputs[0][:1])
    with contextlib.suppress(BenchbenchError):
        out += spikes.measure(model, inputs)
    return out
