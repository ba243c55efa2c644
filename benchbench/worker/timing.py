"""The task that times a cell: warm-up, window and the meter's reading over it, phase by phase."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from benchbench.backends.native import inference_step
from benchbench.errors import BenchbenchError
from benchbench.fingerprint import gpu_uuid
from benchbench.meters import open_meter
from benchbench.probes import energy_metered, latency, throughput, utilisation
from benchbench.probes.metering.sampler import Watch
from benchbench.results.traces import Trace, text_of
from benchbench.worker.setup import facts_of, prepare, settings_of, step_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from benchbench.backends.native import Batch
    from benchbench.meters import Meter
    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.metering.window import Window
    from benchbench.suite.schema import Settings
    from benchbench.worker.channel import Channel

__all__ = ["time", "timing"]


def time(spec: dict[str, Any], channel: Channel) -> None:
    """Time a cell once: a window of each phase, with the meter's reading over the same window."""
    cell, settings = spec["cell"], settings_of(spec["cell"])
    device = torch.device(cell["device"])
    channel.phase("build")
    model, batches, _ = prepare(cell, settings, device)
    channel.send(facts=facts_of(model, cell, settings))
    with open_meter(settings.meter, cell["device"], gpu_uuid(device)) as meter:
        channel.phase("idle baseline")
        idle = energy_metered.idle_power(meter, settings.idle_s)
        joules: list[Measurement] = []
        try:
            for phase in settings.phases:
                if phase == "latency":
                    _latency(model, batches, cell, channel)
                else:
                    joules += _phase(phase, model, batches, cell, meter, idle, channel)
        finally:  # what was metered before a failure is kept
            channel.phase("idle baseline")
            after = energy_metered.idle_power(meter, settings.idle_s)
            channel.measurements(energy_metered.conclude(joules, idle, after))


def _phase(
    phase: str,
    model: nn.Module,
    batches: list[Batch],
    cell: dict[str, Any],
    meter: Meter,
    idle: energy_metered.Idle,
    channel: Channel,
) -> list[Measurement]:
    """Warm up, run one window, hand over what clock and allocator saw, return the joules."""
    settings, sync, steady = timing(cell)
    device = torch.device(cell["device"])
    on_gpu = device.type == "cuda"
    step = step_of(phase, model, batches, cell)
    channel.phase(f"{phase}: warm-up")
    warm = throughput.warm_up(step, sync, settings, steady, energy_j=meter.energy_j)
    channel.phase(f"{phase}: window")
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    watch = Watch(meter).start()
    start = energy_metered.begin(meter)
    window = throughput.run_window(phase, step, sync, settings, warm)
    joules = energy_metered.finish(meter, start, window, idle, stop=watch.stop)
    peaks = utilisation.measure(
        meter,
        window,
        device_peak_bytes=torch.cuda.max_memory_reserved(device) if on_gpu else None,
        rss_bytes=None if on_gpu else utilisation.peak_rss_bytes(),
    )
    _check_finite(step(), phase)  # the phase's time and joules are refused as well
    channel.measurements([throughput.measure(window, warm), *peaks])
    return _traced(joules, meter, window, idle, channel)


def _traced(
    ended: energy_metered.Finished,
    meter: Meter,
    window: Window,
    idle: energy_metered.Idle,
    channel: Channel,
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
    settings, sync, steady = timing(cell)
    singles = [
        (image[None], label[None]) for batch in batches for image, label in zip(*batch, strict=True)
    ]
    step = inference_step(model, singles)
    channel.phase("latency: warm-up")
    warm = throughput.warm_up(step, sync, settings, steady)
    channel.phase("latency: window")
    figure = latency.measure(step, sync, settings, warm)
    _check_finite(step(), "latency")
    channel.measurements([figure])


def timing(cell: dict[str, Any]) -> tuple[Settings, Callable[[], None], float]:
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
