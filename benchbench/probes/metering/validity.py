"""What speaks against a window's energy: the sensor's own power, heat, other processes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.meters import Condition, Meter
    from benchbench.probes.metering.sampler import Sample, Watched
    from benchbench.probes.metering.window import Window

__all__ = ["Suspicion", "integrated_j", "suspect"]

LARGEST_DISAGREEMENT = 0.05  # ours: of the counter from the integrated power
FEWEST_SAMPLES = 20  # ours: fewer power readings in a window say nothing about its energy


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What was found.

    Attributes:
        invalid: Reasons for which the figures must not be compared.
        doubts: Reasons to know when reading them.
        detail: Power's energy, its disagreement, temperatures, clocks, other processes.
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


def suspect(meter: Meter, energy_j: float, window: Window, watched: Watched) -> Suspicion:
    """Hold a window's energy against everything else that the sensor said.

    Args:
        meter: The sensor.
        energy_j: The window's energy by the counter.
        window: The window.
        watched: What was read meanwhile.
    """
    powers = [item.power_w for item in watched.samples if item.power_w is not None]
    swing_w = max(powers) - min(powers) if powers else 0.0
    invalid, doubts, detail = _conditions(watched.conditions)
    by_power_j = integrated_j(watched.samples, window.start_s, window.end_s)
    if meter.integrates:
        detail["power_check"] = "none: the energy is itself summed up from power"
    elif by_power_j is None:
        detail["power_check"] = f"none: {watched.no_power or 'too few power readings'}"
    else:
        limits = meter.uncertainty
        spacing_s = window.seconds / FEWEST_SAMPLES  # a step between two readings is seen late
        late_s = limits.lag_s + limits.power_lag_s + min(spacing_s, 2 * _spacing_s(watched))
        apart = abs(by_power_j / energy_j - 1)
        allowed = LARGEST_DISAGREEMENT + late_s * swing_w / energy_j
        detail |= {"power_j": by_power_j, "power_disagreement": apart, "power_check": "done"}
        if apart > allowed:
            text = (
                f"meters_disagree: the counter says {energy_j:.4g} J and its own power summed up "
                f"{by_power_j:.4g} J, {100 * apart:.0f} % apart: one of them is wrong; see "
                "`benchbench doctor`"
            )
            invalid = (*invalid, text)
    return Suspicion(invalid, doubts, detail, swing_w)


def _spacing_s(watched: Watched) -> float:
    times = [item.time_s for item in watched.samples]
    return max((b - a for a, b in itertools.pairwise(times)), default=0.0)


def _conditions(
    conditions: Sequence[Condition],
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]:
    """Throttling is invalid, company is a doubt; the rest is detail."""
    throttled = dict.fromkeys(why for item in conditions for why in item.throttled)
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
    detail: dict[str, Any] = {"foreign": most}
    for name in ("temperature_c", "clock_mhz"):
        values = [value for item in conditions if (value := getattr(item, name)) is not None]
        detail[name] = [min(values), max(values)] if values else None
    detail["unknown"] = list(dict.fromkeys(why for item in conditions for why in item.unknown))
    return invalid, doubts, detail
