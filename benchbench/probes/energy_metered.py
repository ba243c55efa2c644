"""Power, energy per sample and samples per joule of a window, and the idle baselines around it.

How a window's joules are found between the steps of a counter: `benchbench.probes.metering.edges`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.metrics.figure import Figure, by_phase
from benchbench.metrics.registry import probe
from benchbench.probes.metering import edges
from benchbench.probes.metering.memory import ENERGY_DRAM, memory_in
from benchbench.probes.metering.sampler import Watched
from benchbench.probes.metering.validity import suspect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.meters import Meter, Uncertainty
    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.metering.protocol import Idle, Start
    from benchbench.probes.metering.window import Window

__all__ = [
    "ENERGY",
    "ENERGY_NET",
    "FPS_PER_W",
    "IDLE_POWER",
    "POWER",
    "Finished",
    "conclude",
    "finish",
    "values",
]

_METERED: dict[str, Any] = {"rests_on": "machine", "beside_paper": "ratio"}
POWER = by_phase(
    "power",
    "{phase}: power",
    "W",
    "metered",
    "energy of the window over its length, idle included",
    place=820,
    **_METERED,
    ranked=False,
)
ENERGY = by_phase(
    "energy",
    "{phase}: energy per sample",
    "J",
    "metered",
    "energy counter's difference over the window by samples, idle included",
    place=821,
    **_METERED,
)
ENERGY_NET = by_phase(
    "energy_net",
    "{phase}: net energy per sample",
    "J",
    "metered",
    "the same, less the idle power over the window",
    signed=True,
    place=822,
    **_METERED,
)
FPS_PER_W = by_phase(
    "fps_per_w",
    "{phase}: energy efficiency",
    "fps/W",
    "metered",
    "samples per second per watt, both from the same window",
    better="higher",
    place=823,
    **_METERED,
)
IDLE_POWER = Figure(
    "idle_power",
    "Idle power",
    "W",
    "metered",
    "power of the device with its context open and nothing running",
    place=950,
    **_METERED,
    ranked=False,
)
OF_A_WINDOW = {"power": POWER, "energy": ENERGY, "energy_net": ENERGY_NET, "fps_per_w": FPS_PER_W}

LARGEST_EDGE_ERROR = 0.05  # ours: beyond it the window is too short for its counter
LARGEST_DRIFT = 0.05  # ours: of the idle power, from before to after


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
        start: Reading that `begin` took.
        window: What ran in between.
        idle: The baseline before the window, for the net figure.
        clock: The clock of the window, seconds.
        stop: Ends the watch over the window and says what it saw.

    Returns:
        Power (W), energy and net energy per sample (J), samples per joule (fps/W) and the memory's
        part of the energy per sample (J), each with its value or the reason.
    """
    try:
        if start.reading is None:
            raise MeterError(start.reason)  # noqa: TRY301 - one way out for every reason
        readings = edges.read(meter, start.reading, clock, start.memory_j)
        watched = stop()
        taken = edges.settle(readings, window)
    except MeterError as error:
        stop()
        every = (*OF_A_WINDOW.values(), ENERGY_DRAM)
        return Finished([by[window.phase].missing(str(error), meter.provenance) for by in every])
    figures = _figures(meter, window, taken, idle, watched)
    if readings.memory_j is None:
        part = ENERGY_DRAM[window.phase].missing(start.no_memory, meter.provenance)
    else:
        name = ENERGY[window.phase].name
        whole = next(figure for figure in figures if figure.name == name)
        part = memory_in(window, taken, readings.memory_j, whole)
    return Finished([*figures, part], readings, watched)


@probe(
    gives=(
        *(it for by in (*OF_A_WINDOW.values(), ENERGY_DRAM) for it in by.values()),
        IDLE_POWER,
    )
)
def conclude(joules: Sequence[Measurement], idle: Idle, idle_after: Idle) -> list[Measurement]:
    """Judge the net figures by the second baseline and add the idle power.

    Args:
        joules: What `finish` gave for every phase between the two baselines; others pass through.
        idle: The baseline before the first window.
        idle_after: The baseline after the last one.

    Returns:
        `joules`, a reason added to the net ones where the idle power drifted, and `idle_power`.
    """
    before, after = idle, idle_after
    if before.power_w is None:
        return [*joules, IDLE_POWER.missing(before.reason, before.provenance)]
    detail = {
        "before_w": before.power_w,
        "after_w": after.power_w,
        "seconds": before.seconds,
        "unseen_w": before.unseen_w,
        "sensor": before.sensor,
    }
    doubt: tuple[str, ...] = ()
    if after.power_w is None:
        doubt = (f"idle power was not taken a second time: {after.reason}",)
    elif abs(after.power_w / before.power_w - 1) > LARGEST_DRIFT:
        doubt = (
            f"idle power drifted from {before.power_w:.1f} W before to {after.power_w:.1f} W after",
        )
    net = {figure.name for figure in ENERGY_NET.values()}
    judged = [
        replace(figure, reasons=(*figure.reasons, *doubt))
        if figure.name in net and figure.value is not None
        else figure
        for figure in joules
    ]
    power = IDLE_POWER(
        before.power_w,
        reasons=(*before.notes, *doubt),
        provenance=before.provenance,
        detail=detail,
    )
    return [*judged, power]


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
    energy_j = taken.energy_j
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
        "part": meter.part,
        "update_s": taken.update_s,
        "head_s": taken.head_s,
        "tail_s": taken.tail_s,
        "edge_power_w": taken.edge_w,
        "idle_power_w": idle.power_w,
        **found.detail,
    }
    by_name = values(energy_j, window, idle.power_w)

    def figure(name: str) -> Measurement:
        declared = OF_A_WINDOW[name][window.phase]
        if name not in by_name:
            return declared.missing(idle.reason, meter.provenance)
        below = ("negative: the window drew less than the idle baseline",)
        return declared(
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

    return [figure(name) for name in OF_A_WINDOW]


def _limits(limits: Uncertainty) -> str:
    """The sensor's own error in words; it is in no interval."""
    return (
        f"the sensor itself may be off by {100 * limits.gain:g} % and {limits.offset_w:g} W, which "
        f"no ± here holds ({limits.source})"
    )
