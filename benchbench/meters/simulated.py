"""A sensor on a virtual clock, whose true energy is known: the yardstick for the energy probe."""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Busy, Condition, Meter, Uncertainty

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Curve", "Faults", "SimulatedMeter", "VirtualClock"]


class VirtualClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        """Start at 0 s."""
        self.now_s = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.now_s += seconds


class Curve:
    """Power over time, linear between points and constant before the first and after the last.

    Two points at the same time make a step.
    """

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        """Keep the points.

        Args:
            points: Time (seconds, not descending) and power (watts) of each; at least one.
        """
        self.points = tuple(points)
        self._times_s = [time_s for time_s, _ in points]
        first_s, first_w = self.points[0]
        self._sums_j = [first_w * first_s]  # energy from 0 s to each point
        for (from_s, from_w), (to_s, to_w) in itertools.pairwise(self.points):
            self._sums_j.append(self._sums_j[-1] + (from_w + to_w) / 2 * (to_s - from_s))

    def energy_j(self, time_s: float) -> float:
        """Exact energy from 0 s to `time_s`: each piece is a trapezoid."""
        index = bisect.bisect_right(self._times_s, time_s) - 1
        if index < 0:
            return self.points[0][1] * time_s
        from_s, from_w = self.points[index]
        over_s, rise = time_s - from_s, 0.0
        if index + 1 < len(self.points):
            to_s, to_w = self.points[index + 1]
            rise = (to_w - from_w) / (to_s - from_s)
        return self._sums_j[index] + (from_w + rise * over_s / 2) * over_s

    def mean_energy_j(self, from_s: float, to_s: float) -> float:
        """Mean of `energy_j` over a time: what a counter of a moving mean of the power shows.

        By the midpoint rule over forty pieces. Before 0 s the power is the first point's.
        """
        width_s = (to_s - from_s) / 40
        middles = (from_s + (index + 0.5) * width_s for index in range(40))
        return math.fsum(map(self.energy_j, middles)) / 40


@dataclass(frozen=True, slots=True)
class Faults:
    """How a simulated sensor differs from the truth.

    Attributes:
        gain: Share by which every reading is too high.
        offset_w: Watts that every reading is too high by.
        averaging_s: Window of the moving mean that it shows instead of the power now, seconds.
        frozen_from_s: Time from which on the counter stands still.
        reset_at_s: Time at which the counter starts again at 0.
        back_j: Joules by which it jumps back at `reset_at_s`, instead of to 0.
    """

    gain: float = 0.0
    offset_w: float = 0.0
    averaging_s: float = 0.0
    frozen_from_s: float = math.inf
    reset_at_s: float = math.inf
    back_j: float = math.inf


class SimulatedMeter(Meter):
    """Counts a known curve's energy, as a real counter does: in steps of time and of 1 mJ.

    Attributes:
        curve: The power.
        update_s: Time between two updates of the counter, seconds.
        clock: Time that both the meter and the test live in.
        busy_share: Share of the time in which it says that it worked.
        faults: Differences between its readings and the curve.
        uncertainty: Statement of these faults, as a vendor's sheet would make it.
    """

    name = "simulated sensor"
    provenance = "simulated"

    def __init__(
        self,
        curve: Curve,
        update_s: float,
        clock: VirtualClock,
        busy_share: float = 1.0,
        faults: Faults | None = None,
    ) -> None:
        """Set the sensor up."""
        self.curve = curve
        self.update_s = update_s
        self.clock = clock
        self.busy_share = busy_share
        self.faults = faults or Faults()
        self._highest_j = 0.0
        self.uncertainty = Uncertainty(
            abs(self.faults.gain),
            abs(self.faults.offset_w),
            "the simulation's own",
            self.faults.averaging_s,
            self.faults.averaging_s,
        )

    def _shown_j(self, time_s: float) -> float:
        """What an endless counter would show at `time_s`."""
        faults, width_s = self.faults, self.faults.averaging_s
        energy_j = self.curve.energy_j(time_s)
        if width_s:  # the mean of the energies so far: a counter behind a moving mean
            energy_j = self.curve.mean_energy_j(time_s - width_s, time_s)
        return energy_j * (1 + faults.gain) + faults.offset_w * time_s

    def _updated_s(self) -> float:
        return math.floor(self.clock() / self.update_s) * self.update_s

    def now_s(self) -> float:
        """The virtual clock's time."""
        return self.clock()

    def sleep(self, seconds: float) -> None:
        """Move the virtual clock."""
        self.clock.sleep(seconds)

    def condition(self) -> Condition:
        """Nothing disturbs it."""
        return Condition(foreign=0)

    def power_w(self) -> float:
        """The mean power of the last whole update period."""
        now_s = max(self.update_s, self._updated_s())
        return (self._shown_j(now_s) - self._shown_j(now_s - self.update_s)) / self.update_s

    def energy_j(self) -> float:
        """The curve's energy up to the last update, in whole millijoules.

        Raises:
            MeterError: The counter went backwards.
        """
        faults = self.faults
        now_s = min(self._updated_s(), faults.frozen_from_s)
        energy_j = self._shown_j(now_s)
        if now_s >= faults.reset_at_s:
            energy_j -= min(faults.back_j, self._shown_j(faults.reset_at_s))
        energy_j = math.floor(energy_j * 1000) / 1000
        if energy_j < self._highest_j:
            self._highest_j = math.inf  # distrusted from now on, as every real meter does it
            raise MeterError("the simulated counter went backwards")
        self._highest_j = energy_j
        return energy_j

    def busy_between(self, start_s: float, end_s: float) -> Busy:
        """The known share."""
        return Busy(self.busy_share, 1, end_s - start_s)
