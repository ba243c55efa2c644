"""What speaks against a window's energy: the sensor itself, heat, changed limits, company."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.meters import Condition
from benchbench.probes.metering.plausibility import plausible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.meters import Meter
    from benchbench.probes.metering.sampler import Sample, Watched
    from benchbench.probes.metering.window import Window

__all__ = ["Suspicion", "cross_check", "integrated_j", "suspect"]

LARGEST_DISAGREEMENT = 0.05  # ours: of the counter from the integrated power
FEWEST_SAMPLES = 20  # ours: fewer power readings in a window say nothing about its energy
LEAST_THROTTLED_S = 0.01  # ours: a thousandth of a window of ten seconds
SAME_LIMIT = 0.01  # ours: share by which a power limit may differ from itself
SAME_CLOCK = 0.3  # ours: share by which a clock may move with its load


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What was found.

    Attributes:
        invalid: Reasons for which the figures must not be compared.
        doubts: Reasons to know when reading them.
        detail: Power's energy, its disagreement, what could not be seen, temperatures, clocks,
            limits, other processes.
        swing_w: Largest power that was read less the smallest.
    """

    invalid: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    swing_w: float = 0.0


def integrated_j(samples: Sequence[Sample], start_s: float, end_s: float) -> float | None:
    """Energy from power readings, each held until the next one.

    Args:
        samples: Readings in the order of time; those without power are left out.
        start_s: Start of the window.
        end_s: End of the window.

    Returns:
        None where the first reading came after the start, or fewer than twenty lie within.
    """
    found = [(item.time_s, item.power_w) for item in samples if item.power_w is not None]
    within = [time_s for time_s, _ in found if start_s <= time_s <= end_s]
    if len(within) < FEWEST_SAMPLES or found[0][0] > start_s:
        return None
    total_j = 0.0
    for index, (time_s, power_w) in enumerate(found):
        until_s = found[index + 1][0] if index + 1 < len(found) else end_s
        held_s = min(until_s, end_s) - max(time_s, start_s)
        total_j += power_w * max(0.0, held_s)
    return total_j


def cross_check(
    meter: Meter, energy_j: float, start_s: float, end_s: float, watched: Watched
) -> Suspicion:
    """Hold a counter against what the device can draw, and against the sensor's own power.

    Args:
        meter: The sensor.
        energy_j: Energy by the counter.
        start_s: Start of the stretch that it is of.
        end_s: End of it.
        watched: What was read meanwhile.
    """
    powers = [item.power_w for item in watched.samples if item.power_w is not None]
    swing_w = max(powers) - min(powers) if powers else 0.0
    possible = plausible(meter.ceiling, energy_j, watched.samples, start_s, end_s, meter.may_rest)
    invalid, unseen_j, unchecked = possible.invalid, possible.unseen_j, ""
    detail: dict[str, Any] = {}
    by_power_j = integrated_j(watched.samples, start_s, end_s)
    if meter.integrates:
        unchecked = "the energy is itself summed up from power"
    elif by_power_j is None:
        unchecked = watched.no_power or "too few power readings"
    else:
        limits = meter.uncertainty
        # A step between two readings is seen late.
        spacing_s = min((end_s - start_s) / FEWEST_SAMPLES, 2 * _spacing_s(watched))
        late_s = limits.lag_s + limits.power_lag_s + spacing_s
        apart = abs(by_power_j / energy_j - 1)
        allowed = LARGEST_DISAGREEMENT + late_s * swing_w / energy_j
        unseen_j = min(unseen_j, allowed * energy_j)
        detail |= {"power_j": by_power_j, "power_disagreement": apart}
        if apart > allowed:
            text = (
                f"meters_disagree: the counter says {energy_j:.4g} J and its own power summed up "
                f"{by_power_j:.4g} J, {100 * apart:.0f} % apart: one of them is wrong; see "
                "`benchbench doctor`"
            )
            invalid = (*invalid, text)
    doubts: tuple[str, ...] = ()
    if unchecked:
        limit = meter.ceiling.source.removesuffix(",")
        doubts = (f"unchecked: nothing but {limit} was held against this energy: {unchecked}",)
    detail |= {
        "power_check": f"none: {unchecked}" if unchecked else "done",
        "unseen_j": unseen_j,
        "ceiling_w": meter.ceiling.power_w,
    }
    return Suspicion(invalid, doubts, detail, swing_w)


def suspect(meter: Meter, energy_j: float, window: Window, watched: Watched) -> Suspicion:
    """Hold a window's energy against everything else that the sensor said.

    Args:
        meter: The sensor.
        energy_j: The window's energy by the counter.
        window: The window.
        watched: What was read meanwhile.
    """
    found = cross_check(meter, energy_j, window.start_s, window.end_s, watched)
    invalid, doubts, detail = _conditions(watched.conditions, window)
    return Suspicion(
        (*invalid, *found.invalid),
        (*doubts, *found.doubts),
        {**detail, **found.detail},
        found.swing_w,
    )


def _spacing_s(watched: Watched) -> float:
    times = [item.time_s for item in watched.samples]
    return max((b - a for a, b in itertools.pairwise(times)), default=0.0)


def _conditions(
    looks: Sequence[tuple[float, Condition]], window: Window
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """Throttling is invalid; company, a changed limit or clock are doubts; the rest is detail."""
    conditions = [condition for _, condition in looks]
    throttled = dict.fromkeys(why for item in conditions for why in item.throttled)
    first, last = _around(looks, window)
    counted_s = _risen_s(first, last)
    throttled |= dict.fromkeys(
        f"{why} for {seconds:.2f} s by the device's own count"
        for why, seconds in counted_s.items()
        if seconds >= LEAST_THROTTLED_S
    )
    times = None
    if first.throttles is not None and last.throttles is not None:
        times = last.throttles - first.throttles
    if times and times > 0:
        throttled[f"heat, {times} times by the device's own count"] = None
    foreign = [item.foreign for item in conditions if item.foreign is not None]
    invalid = tuple(
        f"throttled: {why} during the window: cool the device and run the cell again"
        for why in throttled
    )
    most = max(foreign, default=None)
    doubts: tuple[str, ...] = ()
    if most:
        text = f"shared: up to {most} other process(es) on the device"
        doubts = (f"{text}, and the energy is that of all of them",)
    detail: dict[str, Any] = {"foreign": most, "throttled_s": counted_s, "throttles": times}
    for name in ("temperature_c", "clock_mhz", "power_limit_w", "capped_s"):
        values = [value for item in conditions if (value := getattr(item, name)) is not None]
        detail[name] = [min(values), max(values)] if values else None
    detail["unknown"] = list(dict.fromkeys(why for item in conditions for why in item.unknown))
    return invalid, (*doubts, *_changed(looks, window)), detail


def _around(
    looks: Sequence[tuple[float, Condition]], window: Window
) -> tuple[Condition, Condition]:
    """The last condition before the window and the first one after it, as far as there are any."""
    before = [condition for time_s, condition in looks if time_s <= window.start_s]
    after = [condition for time_s, condition in looks if time_s >= window.end_s]
    every = [condition for _, condition in looks] or [Condition()]
    return (before or every[:1])[-1], (after or every[-1:])[0]


def _risen_s(first: Condition, last: Condition) -> dict[str, float]:
    """By how much each count of throttling rose, seconds."""
    counts, then = last.throttled_s, first.throttled_s
    return {why: counts[why] - then[why] for why in then if why in counts}


def _changed(looks: Sequence[tuple[float, Condition]], window: Window) -> tuple[str, ...]:
    """Doubts where the power limit or the clock was not the same all the time."""
    doubts = []
    limits = [item.power_limit_w for _, item in looks if item.power_limit_w is not None]
    if limits and min(limits) < (1 - SAME_LIMIT) * max(limits):
        doubts.append(
            f"capped: the power limit changed between {max(limits):g} and {min(limits):g} W "
            "during the window: set it before the run"
        )
    # Before and after it the device idles, and its clock may be any.
    clocks = [
        item.clock_mhz
        for time_s, item in looks
        if item.clock_mhz is not None and window.start_s <= time_s <= window.end_s
    ]
    if clocks and min(clocks) < (1 - SAME_CLOCK) * max(clocks):
        doubts.append(
            f"clocks: the clock was between {max(clocks):g} and {min(clocks):g} MHz during the "
            "window: lock it, or see what else sets it"
        )
    return tuple(doubts)
