"""Power, energy per sample and samples per joule of a window, and the idle baselines around it.

How a window's joules are found between the steps of a counter: `benchbench.probes.metering.edges`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.metrics.registry import measured, unavailable
from benchbench.probes.metering import edges
from benchbench.probes.metering.sampler import Watched
from benchbench.probes.metering.validity import suspect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.meters import Meter, Reading, Uncertainty
    from benchbench.metrics.measurement import Measurement, Provenance
    from benchbench.probes.metering.window import Window

__all__ = ["Finished", "Idle", "Start", "begin", "conclude", "finish", "idle_power", "values"]

LARGEST_EDGE_ERROR = 0.05  # ours: beyond it the window is too short for its counter
LARGEST_DRIFT = 0.05  # ours: of the idle power, from before to after


@dataclass(frozen=True, slots=True)
class Idle:
    """An idle baseline.

    Attributes:
        power_w: Power of the device with its context open and nothing running, or None.
        reason: Why there is none.
        seconds: Time between the two counter changes that it is taken from.
        provenance: The meter's.
        notes: The meter's.
    """

    power_w: float | None
    reason: str = ""
    seconds: float = 0.0
    provenance: Provenance = "real"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """The counter at its last change before the window, or the reason why there is none."""

    reading: Reading | None
    reason: str = ""


def idle_power(meter: Meter, seconds: float, sleep: Callable[[float], None] = time.sleep) -> Idle:
    """Take an idle baseline; without a sensor it returns at once.

    Args:
        meter: The sensor.
        seconds: Its length; 0 asks for none.
        sleep: Waits that long.
    """
    if seconds <= 0:
        return Idle(None, "no idle baseline was asked for (idle_s: 0)", provenance=meter.provenance)
    try:
        first = meter.wait_for_update()
        sleep(seconds)
        last = meter.wait_for_update()
    except MeterError as error:
        return Idle(None, str(error), provenance=meter.provenance)
    length_s = last.time_s - first.time_s
    power_w = (last.energy_j - first.energy_j) / length_s
    return Idle(power_w, "", length_s, meter.provenance, meter.notes)


def begin(meter: Meter) -> Start:
    """Wait for a change of the counter, 2 s at most; start the window right after.

    Nothing is raised: without a sensor the window runs all the same, and `finish` says why.
    """
    try:
        return Start(meter.wait_for_update())
    except MeterError as error:
        return Start(None, str(error))


@dataclass(frozen=True, slots=True)
class Finished:
    """A window's energy figures, and the readings that they are made of, where there are any."""

    figures: list[Measurement]
    readings: edges.Readings | None = None
    watched: Watched = field(default_factory=Watched)


def finish(
    meter: Meter,
    start: Start,
    window: Window,
    idle: Idle,
    clock: Callable[[], float] = time.perf_counter,
    stop: Callable[[], Watched] = Watched,
) -> Finished:
    """The energy figures of a window; call it right after the window's end.

    Args:
        meter: The sensor.
        start: From `begin`.
        window: What ran in between.
        idle: The baseline before the window, for the net figure.
        clock: The clock of the window, seconds.
        stop: Ends the watch over the window and says what it saw.

    Returns:
        Power (W), energy and net energy per sample (J) and samples per joule (fps/W), each with
        its value or the reason.
    """
    try:
        if start.reading is None:
            raise MeterError(start.reason)  # noqa: TRY301 - one way out for every reason
        readings = edges.read(meter, start.reading, clock)
        watched = stop()
        taken = edges.settle(readings, window)
    except MeterError as error:
        stop()
        names = ("power", "energy", "energy_net", "fps_per_w")
        figures = [
            replace(unavailable(f"{window.phase}_{name}", str(error)), provenance=meter.provenance)
            for name in names
        ]
        return Finished(figures)
    return Finished(_figures(meter, window, taken, idle, watched), readings, watched)


def conclude(figures: Sequence[Measurement], before: Idle, after: Idle) -> list[Measurement]:
    """Judge the net figures by the second baseline and add the idle power.

    Args:
        figures: What `finish` gave for every phase between the two baselines; others pass through.
        before: The baseline before the first window.
        after: The baseline after the last one.

    Returns:
        `figures`, a reason added to the net ones where the idle power drifted, and `idle_power`.
    """
    if before.power_w is None:
        missing = replace(unavailable("idle_power", before.reason), provenance=before.provenance)
        return [*figures, missing]
    detail = {"before_w": before.power_w, "after_w": after.power_w, "seconds": before.seconds}
    doubt: tuple[str, ...] = ()
    if after.power_w is None:
        doubt = (f"idle power was not taken a second time: {after.reason}",)
    elif abs(after.power_w / before.power_w - 1) > LARGEST_DRIFT:
        doubt = (
            f"idle power drifted from {before.power_w:.1f} W before to {after.power_w:.1f} W after",
        )
    judged = [
        replace(figure, reasons=(*figure.reasons, *doubt))
        if figure.name.endswith("_energy_net") and figure.value is not None
        else figure
        for figure in figures
    ]
    idle = measured(
        "idle_power",
        before.power_w,
        reasons=(*before.notes, *doubt),
        provenance=before.provenance,
        detail=detail,
    )
    return [*judged, idle]


def values(energy_j: float, window: Window, idle_w: float | None) -> dict[str, float]:
    """The figures of a window by their names without the phase, from its energy alone."""
    found = {
        "power": energy_j / window.seconds,
        "energy": energy_j / window.samples,
        "fps_per_w": window.samples / energy_j,
    }
    if idle_w is not None:
        found["energy_net"] = (energy_j - idle_w * window.seconds) / window.samples
    return found


def _figures(
    meter: Meter, window: Window, taken: edges.Taken, idle: Idle, watched: Watched
) -> list[Measurement]:
    phase, energy_j = window.phase, taken.energy_j
    edge_error = taken.error_j / energy_j
    found = suspect(meter, energy_j, window, watched)
    invalid = found.invalid
    if edge_error > LARGEST_EDGE_ERROR:
        invalid = (edges.too_short(window, taken.update_s), *invalid)
    limits = meter.uncertainty
    swing_w = max(found.swing_w, abs(energy_j / window.seconds - taken.edge_w))
    detail = {
        "window_j": energy_j,
        "seconds": window.seconds,
        "samples": window.samples,
        "edge_error": edge_error,
        "edge_error_j": taken.error_j,
        "systematic_j": limits.systematic_j(energy_j, window.seconds, swing_w),
        "gain": limits.gain,
        "offset_w": limits.offset_w,
        "sensor": meter.name,
        "update_s": taken.update_s,
        "head_s": taken.head_s,
        "tail_s": taken.tail_s,
        "edge_power_w": taken.edge_w,
        "idle_power_w": idle.power_w,
        **found.detail,
    }
    by_name = values(energy_j, window, idle.power_w)

    def figure(name: str) -> Measurement:
        full = f"{phase}_{name}"
        if name not in by_name:
            return replace(unavailable(full, idle.reason), provenance=meter.provenance)
        below = ("negative: the window drew less than the idle baseline",)
        return measured(
            full,
            by_name[name],
            valid=not invalid,
            reasons=(
                *meter.notes,
                _limits(limits),
                *invalid,
                *found.doubts,
                *(below if by_name[name] < 0 else ()),
            ),
            provenance=meter.provenance,
            detail=detail,
        )

    return [figure(name) for name in ("power", "energy", "energy_net", "fps_per_w")]


def _limits(limits: Uncertainty) -> str:
    """The sensor's own error in words; it is in no interval."""
    return (
        f"the sensor itself may be off by {100 * limits.gain:g} % and {limits.offset_w:g} W, which "
        f"no ± here holds ({limits.source})"
    )
