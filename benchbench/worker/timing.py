"""The task that times a cell: warm-up, window and the meter's reading over it, phase by phase."""

from __future__ import annotations

import time as clock
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch

from benchbench.backends.outputs import numbers_of
from benchbench.backends.proof import worse
from benchbench.backends.proving import prove
from benchbench.errors import BenchbenchError
from benchbench.fingerprint import gpu_uuid
from benchbench.frameworks import encoders
from benchbench.meters import open_meter
from benchbench.metrics.registry import ready
from benchbench.probes import energy_metered, throughput, utilisation
from benchbench.probes.metering import protocol
from benchbench.probes.metering.sampler import Watch
from benchbench.results.traces import Trace, text_of
from benchbench.worker.setup import (
    executed_of,
    facts_of,
    pace_of,
    prepare,
    step_of,
    training_loss,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.backends.executed import Executed
    from benchbench.backends.proof import Proof
    from benchbench.meters import Meter
    from benchbench.metrics.figure import Phase
    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.metering.window import Window
    from benchbench.running.cells import Cell, Order
    from benchbench.worker.channel import Channel
    from benchbench.worker.setup import Prepared

__all__ = ["time"]


def time(order: Order, channel: Channel) -> None:
    """Time a cell once: a window of each phase, with the meter's reading over the same window."""
    if order.cell is None:
        raise RuntimeError("there is no cell to time")
    cell, settings = order.cell, order.cell.settings
    device = torch.device(cell.device)
    channel.phase("build")
    found = prepare(cell)
    if cell.elsewhere and found.untrained and (why := _rests_on_weights(cell)):
        raise BenchbenchError(f"not timed: {why}, and {found.untrained}")
    facts, how = facts_of(found.model, cell), executed_of(found.model, cell)
    channel.send(facts={**facts, **how.facts})
    with open_meter(settings.meter, cell.device, gpu_uuid(device)) as meter:
        channel.phase("idle baseline")
        idle = protocol.idle_power(meter, settings.idle_s)
        timing = _Timing(order.job, cell, found, how, meter, idle, channel)
        joules: list[Measurement] = []
        try:
            for phase in settings.phases:
                if phase == "latency":
                    timing.latency()
                else:
                    joules += timing.window_of(phase)
            timing.inputs()
            timing.prove()
        finally:  # what was metered before a failure is kept
            channel.phase("idle baseline")
            after = protocol.idle_power(meter, settings.idle_s)
            timing.tell(timing.asked(joules=joules, idle=idle, idle_after=after))
            timing.tell_held()


@dataclass(frozen=True, slots=True)
class _Timing:
    """Everything that the windows of a cell have in common.

    Attributes:
        job: Name of the job.
        cell: The cell.
        found: Its model and batches.
        how: How the model is executed.
        meter: The sensor.
        idle: Power before the windows.
        channel: The line to the parent.
        held: What waits for the proof: it comes after the windows, whose peaks it would raise.
        faults: Why what is held is not valid.
    """

    job: str
    cell: Cell
    found: Prepared
    how: Executed
    meter: Meter
    idle: protocol.Idle
    channel: Channel
    held: list[Measurement] = field(default_factory=list)
    faults: list[str] = field(default_factory=lambda: ["the run ended before it was proved"])

    def window_of(self, phase: Phase) -> list[Measurement]:
        """Warm up, run one window, hand over what the probes say of it, return the joules."""
        settings, pace, meter = self.cell.settings, pace_of(self.cell), self.meter
        device = torch.device(self.cell.device)
        on_gpu = device.type == "cuda"
        step = step_of(phase, self.found.model, self.found.batches, self.cell, self.how)
        # Around all inferences, so that weights are cast to a shorter type once.
        with self.how.context() if phase == "infer" else nullcontext():
            self.first(phase, step)
            self.channel.phase(f"{phase}: warm-up")
            warm = throughput.warm_up(
                step, pace.sync, settings, pace.steady_percent, energy_j=meter.energy_j
            )
            self.channel.phase(f"{phase}: window")
            if on_gpu:
                torch.cuda.reset_peak_memory_stats(device)
            watch = Watch(meter).start()
            start = protocol.begin(meter)
            window = throughput.run_window(phase, step, pace.sync, settings, warm)
            joules = energy_metered.finish(meter, start, window, self.idle, stop=watch.stop)
        # Read now: the outputs below may raise the peaks.
        peak = torch.cuda.max_memory_reserved(device) if on_gpu else None
        rss = None if on_gpu else utilisation.peak_rss_bytes()
        found = self.asked(
            window=window, warm=warm, meter=meter, device_peak_bytes=peak, rss_bytes=rss
        )
        _check_finite(step(), phase)  # the phase's time and joules are refused as well
        self.tell(found)
        return self._traced(joules, window)

    def latency(self) -> None:
        """Warm up and time single inferences."""
        settings, pace = self.cell.settings, pace_of(self.cell)
        singles = [
            (single, None) for inputs, _ in self.found.batches for single in inputs.singles()
        ]
        step = step_of("infer", self.found.model, singles, self.cell, self.how)
        with self.how.context():
            self.channel.phase("latency: warm-up")
            warm = throughput.warm_up(step, pace.sync, settings, pace.steady_percent)
            self.channel.phase("latency: window")
            found = self.asked(step=step, sync=pace.sync, settings=settings, warm=warm)
        _check_finite(step(), "latency")
        self.tell(found)

    def inputs(self) -> None:
        """Time what comes before the network, in batches of their own beside the windows."""
        if "infer" not in self.cell.settings.phases:
            return
        self.channel.phase("infer: inputs")
        model, batches, inside = self.found.model, self.found.batches, encoders(self.found.model)
        apart = self.how.execution.backend == "native" or not inside
        step = step_of("infer", model, batches, self.cell, self.how)
        with self.how.context():
            found = self.asked(
                encoders=inside if apart else None,
                infer=step,
                inputs=batches[0][0],
                device=torch.device(self.cell.device),
                sync=pace_of(self.cell).sync,
            )
        self.tell(found)

    def first(self, phase: Phase, step: Callable[[], object]) -> None:
        """Run the first step, in which everything is compiled, and say how long it took."""
        if self.how.execution.is_native:
            return
        self.channel.phase(f"{phase}: first step")
        start = clock.perf_counter()
        step()
        pace_of(self.cell).sync()
        seconds = clock.perf_counter() - start
        self.channel.measurements(self.asked(first_s=seconds, first_of=phase))

    def prove(self) -> None:
        """Set one batch against the native model's; what is beyond the bounds was not timed.

        A step and an inference are proved each where it was timed: a compiler makes two programs.
        """
        if self.how.execution.is_native:
            return
        self.channel.phase("proof of equality")
        model, cell = self.found.model, self.cell
        batch, phases = self.found.batches[0], cell.settings.phases
        proofs: dict[str, Proof] = {}
        if "train" in phases:
            loss = training_loss(model, cell)
            proofs["training"] = prove(self.how, batch, loss, cell.model.output, cell.settings.seed)
        if phases != ("train",):
            proofs["inference"] = prove(
                self.how, batch, None, cell.model.output, cell.settings.seed
            )
        proof = worse(*proofs.values()) if len(proofs) > 1 else next(iter(proofs.values()))
        self.channel.measurements(self.asked(proof=proof))
        self.channel.send(facts=self.how.told())
        self.faults[:] = [f"{it.fault}, in {mode}" for mode, it in proofs.items() if it.fault]

    def tell(self, figures: Sequence[Measurement]) -> None:
        """Hand figures over; what has to be proved first is held."""
        if self.cell.elsewhere and self.found.untrained:
            text = f"timed with the weights that it starts with: {self.found.untrained}"
            figures = [replace(it, reasons=(*it.reasons, text)) for it in figures]
        if self.how.execution.is_native:
            self.channel.measurements(figures)
        else:
            self.held.extend(figures)

    def tell_held(self) -> None:
        """Hand over what was held, invalid where it was not proved."""
        if self.held:
            self.channel.measurements([_with_faults(it, self.faults) for it in self.held])

    def asked(self, **given: object) -> list[Measurement]:
        """What every probe says that takes no more than what is given; a refusal is told."""
        found: list[Measurement] = []
        for probe in ready(given):
            answer = probe.take(given)
            found += answer.figures
            if answer.refusal:
                self.channel.refused(answer.refusal)
        return found

    def _traced(self, ended: energy_metered.Finished, window: Window) -> list[Measurement]:
        """Hand the raw readings over, and say in each figure where they are."""
        if ended.readings is None:
            return ended.figures
        trace = Trace(
            f"{self.job}-{window.phase}.csv",
            self.meter.name,
            self.meter.provenance,
            window,
            self.idle.power_w,
            ended.readings,
            ended.watched.samples,
        )
        self.channel.send(trace={"name": trace.name, "text": text_of(trace)})
        return [
            replace(figure, detail={**figure.detail, "trace": trace.name})
            for figure in ended.figures
        ]


def _rests_on_weights(cell: Cell) -> str:
    """Why a model's speed is another with other weights; empty where it is not."""
    recipe = cell.settings.train
    if recipe and recipe.slim and recipe.slim.cuts:
        return "which channels are cut rests on the training"
    events = cell.settings.execution.backend == "events"
    return "event-driven layers are as fast as their inputs are sparse" if events else ""


def _with_faults(figure: Measurement, faults: list[str]) -> Measurement:
    if not faults:
        return figure
    return replace(figure, valid=False, reasons=(*figure.reasons, *faults))


def _check_finite(outputs: object, phase: str) -> None:
    if not bool(torch.isfinite(numbers_of(outputs)).all()):
        raise BenchbenchError(f"the model's {phase} step gives NaN or infinity")
