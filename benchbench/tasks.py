"""What a worker can be asked to do. Everything here runs inside a fresh process with torch."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchbench import zoo
from benchbench.errors import BenchbenchError
from benchbench.fingerprint import fingerprint, gpu_uuid
from benchbench.meters import open_meter
from benchbench.metrics import METRICS, unavailable
from benchbench.probes import (
    energy,
    latency,
    modelled,
    occupancy,
    operations,
    size,
    speed,
    spikes,
    structure,
)
from benchbench.probes.watch import Watch
from benchbench.steps import batches_of, inference_step, loss_of, neuron_facts, training_step
from benchbench.traces import Trace, text_of
from benchbench.workbench import build, facts_of, images_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from benchbench.measurement import Measurement
    from benchbench.meters import Meter
    from benchbench.probes.window import Window
    from benchbench.steps import Batch
    from benchbench.suite import Settings
    from benchbench.worker import Channel

__all__ = ["TASKS"]

EXTRA_TRAIN = ("lightning", "tensorboard", "torch_pruning")  # what training needs besides
RESIDENT_BATCHES = 32  # enough to vary the input; 32 batches of 16 faces are 5 MB


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
    model, batches, untrained = _prepare(cell, settings, torch.device(cell["device"]))
    facts = facts_of(model, cell, settings)
    channel.measurements(size.measure(model))
    channel.phase("count operations")
    example = batches[0][0][:1].cpu()
    on_cpu = model.cpu()
    depth = structure.measure(on_cpu, example)
    channel.measurements([depth])
    channel.send(facts=facts | ({"layers": depth.detail["layers"]} if depth.value else {}))
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
    _attempt(channel, "modelled", lambda: modelled.measure(on_cpu, images[0], figures))


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
    _attempt(channel, "modelled", lambda: modelled.measure(model, images[0], figures))


def time(spec: dict[str, Any], channel: Channel) -> None:
    """Time a cell once: a window of each phase, with the meter's reading over the same window."""
    cell, settings = spec["cell"], settings_of(spec["cell"])
    device = torch.device(cell["device"])
    channel.phase("build")
    model, batches, _ = _prepare(cell, settings, device)
    channel.send(facts=facts_of(model, cell, settings))
    with open_meter(settings.meter, cell["device"], gpu_uuid(device)) as meter:
        channel.phase("idle baseline")
        idle = energy.idle_power(meter, settings.idle_s)
        joules: list[Measurement] = []
        try:
            for phase in settings.phases:
                if phase == "latency":
                    _latency(model, batches, cell, channel)
                else:
                    joules += _phase(phase, model, batches, cell, meter, idle, channel)
        finally:  # what was metered before a failure is kept
            channel.phase("idle baseline")
            after = energy.idle_power(meter, settings.idle_s)
            channel.measurements(energy.conclude(joules, idle, after))


TASKS: dict[str, Callable[[dict[str, Any], Channel], None]] = {
    "hello": hello,
    "doctor": doctor,
    "train": train,
    "count": count,
    "count_once": count_once,
    "time": time,
}


def _prepare(
    cell: dict[str, Any],
    settings: Settings,
    device: torch.device,
) -> tuple[nn.Module, list[Batch], str]:
    """The model with its weights, its batches, and why it is untrained though it should not be."""
    model, untrained = build(cell, settings), ""
    if settings.train or cell["model"]["checkpoint"]:
        from benchbench.training.task import load_trained  # noqa: PLC0415 - only where trained

        untrained = load_trained(model, cell)
    wanted = max(RESIDENT_BATCHES, math.ceil(settings.images / settings.batch_size))
    images = images_of(cell["data"]).split("Training")
    batches = batches_of(images, settings.batch_size, wanted, device)
    return model.to(device), batches, untrained


def _images(batches: list[Batch], settings: Settings) -> list[Tensor]:
    wanted = math.ceil(settings.images / settings.batch_size)
    return [images.cpu() for images, _ in islice(batches, wanted)]


def _train(
    model: nn.Module, batches: list[Batch], cell: dict[str, Any], settings: Settings
) -> None:
    loss = loss_of(cell["model"]["loss"], model, settings.label_smoothing)
    step = training_step(model, batches, loss, settings.learning_rate)
    for _ in range(settings.train_steps):
        step()


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


def _phase(
    phase: str,
    model: nn.Module,
    batches: list[Batch],
    cell: dict[str, Any],
    meter: Meter,
    idle: energy.Idle,
    channel: Channel,
) -> list[Measurement]:
    """Warm up, run one window, hand over what clock and allocator saw, return the joules."""
    settings, sync, steady = _timing(cell)
    device = torch.device(cell["device"])
    on_gpu = device.type == "cuda"
    if phase == "train":
        loss = loss_of(cell["model"]["loss"], model, settings.label_smoothing)
        step = training_step(model, batches, loss, settings.learning_rate)
    else:
        step = inference_step(model, batches)
    channel.phase(f"{phase}: warm-up")
    warm = speed.warm_up(step, sync, settings, steady, energy_j=meter.energy_j)
    channel.phase(f"{phase}: window")
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    watch = Watch(meter).start()
    start = energy.begin(meter)
    window = speed.run_window(phase, step, sync, settings, warm)
    joules = energy.finish(meter, start, window, idle, stop=watch.stop)
    peaks = occupancy.measure(
        meter,
        window,
        device_peak_bytes=torch.cuda.max_memory_reserved(device) if on_gpu else None,
        rss_bytes=None if on_gpu else occupancy.peak_rss_bytes(),
    )
    _check_finite(step(), phase)  # the phase's time and joules are refused as well
    channel.measurements([speed.measure(window, warm), *peaks])
    return _traced(joules, meter, window, idle, channel)


def _traced(
    ended: energy.Finished, meter: Meter, window: Window, idle: energy.Idle, channel: Channel
) -> list[Measurement]:
    """Hand the raw readings over, and say in each figure where they are."""
    if ended.readings is None:
        return ended.figures
    trace = Trace(
        f"{channel.job}-{window.phase}.csv",
        meter.name,
        meter.provenance,
        window,
        idle.power_w,
        ended.readings,
        ended.watched.samples,
    )
    channel.send(trace={"name": trace.name, "text": text_of(trace)})
    return [
        replace(figure, detail={**figure.detail, "trace": trace.name}) for figure in ended.figures
    ]


def _latency(
    model: nn.Module, batches: list[Batch], cell: dict[str, Any], channel: Channel
) -> None:
    """Warm up and time single inferences."""
    settings, sync, steady = _timing(cell)
    singles = [
        (image[None], label[None]) for batch in batches for image, label in zip(*batch, strict=True)
    ]
    step = inference_step(model, singles)
    channel.phase("latency: warm-up")
    warm = speed.warm_up(step, sync, settings, steady)
    channel.phase("latency: window")
    figure = latency.measure(step, sync, settings, warm)
    _check_finite(step(), "latency")
    channel.measurements([figure])


def _timing(cell: dict[str, Any]) -> tuple[Settings, Callable[[], None], float]:
    """A cell's settings, how to wait for its device, and the spread that counts as steady."""
    settings, device = settings_of(cell), torch.device(cell["device"])
    on_gpu = device.type == "cuda"
    sync = partial(torch.cuda.synchronize, device) if on_gpu else _nothing
    return settings, sync, settings.steady_percent or (1.0 if on_gpu else 5.0)


def _nothing() -> None:
    """On a CPU every step has finished when it returns."""


def _check_finite(outputs: Tensor, phase: str) -> None:
    if not bool(torch.isfinite(outputs).all()):
        raise BenchbenchError(f"the model's {phase} step gives NaN or infinity")
