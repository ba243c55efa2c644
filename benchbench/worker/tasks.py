"""What a worker can be asked to do. Everything here runs inside a fresh process with torch."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchbench import zoo
from benchbench.backends.native import batches_of, neuron_facts
from benchbench.errors import BenchbenchError
from benchbench.fingerprint import fingerprint, gpu_uuid
from benchbench.metrics.registry import METRICS, PHASES, measured, unavailable
from benchbench.probes import depth, energy_modelled, footprint, operations, size, spikes
from benchbench.worker.setup import facts_of, images_of, prepare, settings_of, step_of
from benchbench.worker.timing import time

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from benchbench.backends.native import Batch
    from benchbench.metrics.measurement import Measurement
    from benchbench.suite.schema import Settings
    from benchbench.worker.channel import Channel

__all__ = ["TASKS"]

EXTRA_TRAIN = ("lightning", "tensorboard", "torch_pruning")  # what training needs besides


def hello(_: dict[str, Any], channel: Channel) -> None:
    """Say what machine this is."""
    channel.send(facts=fingerprint())


def doctor(spec: dict[str, Any], channel: Channel) -> None:
    """The same with the GPUs' UUIDs, in torch's order; they are in no result."""
    hello(spec, channel)
    count = torch.cuda.device_count()
    uuids = [gpu_uuid(torch.device("cuda", index)) for index in range(count)]
    channel.send(facts={"gpu_uuids": uuids})


def train(spec: dict[str, Any], channel: Channel) -> None:
    """Train a cell's model, or load it, and measure its accuracy."""
    from benchbench.training import task  # noqa: PLC0415 - only where there is a training

    try:
        task.train(spec, channel)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA_TRAIN:
            raise
        text = f"{error.name} is missing: pip install 'benchbench[train]'"
        raise BenchbenchError(text) from error


def count(spec: dict[str, Any], channel: Channel) -> None:
    """Count a cell: size, operations, and spikes after its training or a few steps of one."""
    cell, settings = spec["cell"], settings_of(spec["cell"])
    channel.phase("build")
    model, batches, untrained = prepare(cell, settings, torch.device(cell["device"]))
    facts = facts_of(model, cell, settings)
    channel.measurements(size.measure(model))
    channel.phase("count operations")
    example = batches[0][0][:1].cpu()
    on_cpu = model.cpu()
    deep = depth.measure(on_cpu, example)
    channel.measurements([deep])
    channel.send(facts=facts | ({"layers": deep.detail["layers"]} if deep.value else {}))
    figures = _attempt(channel, "operations", lambda: operations.measure(on_cpu, example))
    if untrained:
        _refuse(channel, "spikes", untrained)
        return
    if settings.train is None and cell["model"]["checkpoint"] is None:
        channel.phase(f"train {settings.train_steps} steps")
        _train(model.to(cell["device"]), batches, cell, settings)
    channel.phase("count spikes")
    on_cpu, images = model.cpu(), _images(batches, settings)
    figures |= _attempt(channel, "spikes", lambda: spikes.measure(on_cpu, images))
    channel.phase("model energy")
    _attempt(channel, "modelled", lambda: energy_modelled.measure(on_cpu, images[0], figures))
    channel.phase("count operators")
    channel.measurements(_footprints(model, batches, cell, settings))


def count_once(spec: dict[str, Any], channel: Channel) -> None:
    """Count a model by itself, with the weights that it starts with."""
    settings = settings_of(spec)
    torch.manual_seed(settings.seed)
    classes = spec["data"]["num_classes"] if "data" in spec else None
    folder = Path(spec["folder"])
    model = zoo.build(spec["model"], spec["set"], folder, num_classes=classes)
    channel.send(facts=neuron_facts(model, torch.device("cpu")))
    channel.measurements(size.measure(model))
    if spec["shape"] is not None:
        example = torch.rand(1, *spec["shape"])
        _attempt(channel, "operations", lambda: operations.measure(model, example))
        return
    batches = batches_of(
        images_of(spec["data"]).split("Training"),
        settings.batch_size,
        math.ceil(settings.images / settings.batch_size),
        torch.device("cpu"),
    )
    figures = _attempt(channel, "operations", lambda: operations.measure(model, batches[0][0][:1]))
    images = _images(batches, settings)
    figures |= _attempt(channel, "spikes", lambda: spikes.measure(model, images))
    _attempt(channel, "modelled", lambda: energy_modelled.measure(model, images[0], figures))


TASKS: dict[str, Callable[[dict[str, Any], Channel], None]] = {
    "hello": hello,
    "doctor": doctor,
    "train": train,
    "count": count,
    "count_once": count_once,
    "time": time,
}


def _images(batches: list[Batch], settings: Settings) -> list[Tensor]:
    wanted = math.ceil(settings.images / settings.batch_size)
    return [images.cpu() for images, _ in islice(batches, wanted)]


def _train(
    model: nn.Module, batches: list[Batch], cell: dict[str, Any], settings: Settings
) -> None:
    step = step_of("train", model, batches, cell)
    for _ in range(settings.train_steps):
        step()


def _footprints(
    model: nn.Module, batches: list[Batch], cell: dict[str, Any], settings: Settings
) -> list[Measurement]:
    """What a step of each phase asks of torch; the training's steps change the weights."""
    model.to(cell["device"])
    out = []
    for phase in PHASES:
        if phase in settings.phases:
            kinds, allocated = footprint.footprint(step_of(phase, model, batches, cell))
            count = sum(kinds.values())
            out.append(measured(f"{phase}_operators", count, detail={"operators": kinds}))
            out.append(measured(f"{phase}_allocated", allocated))
    return out


def _attempt(
    channel: Channel, probe: str, measure: Callable[[], list[Measurement]]
) -> dict[str, Measurement]:
    """Run one probe; a figure that it refuses is n/a with the reason, and the others go on.

    Returns:
        The figures by name; none where the probe refused.
    """
    try:
        figures = measure()
    except BenchbenchError as error:
        _refuse(channel, probe, f"{type(error).__name__}: {error}")
        return {}
    channel.measurements(figures)
    return {figure.name: figure for figure in figures}


def _refuse(channel: Channel, probe: str, reason: str) -> None:
    """Every figure of a probe is n/a; the cell is marked invalid."""
    missing = [unavailable(name, reason) for name, it in METRICS.items() if it.probe == probe]
    channel.measurements(missing)
    channel.send(failure={"status": "invalid", "reason": f"{probe}: {reason}"})
