"""A sensor on a virtual clock, whose true energy is known: the yardstick for the energy probe."""

from __future__ import annotations

import bisect
import itertools
import math
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Busy, Condition, Meter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.simulated_counter import Faults, SimulatedCounter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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


class SimulatedMeter(Meter):
    """Counts a known curve's energy, as a real counter does: in steps of time and of 1 mJ.

    Attributes:
        clock: Time that both the meter and the test live in.
        busy_share: Share of the time in which it says that it worked.
        faults: Differences between its readings and the curve.
        uncertainty: Statement of these faults, as a vendor's sheet would make it.
        beside: Further counters that are added to the first, by name.
        state: Function from the time to the device's state; nothing disturbs it where it is None.
    """

    name = "simulated sensor"
    provenance = "simulated"
    no_power = "the simulated sensor has no power reading"
    ceiling = Ceiling(1000.0, "1000 W (the simulation's own)")

    def __init__(
        self,
        curve: Curve,
        update_s: float,
        clock: VirtualClock,
        busy_share: float = 1.0,
        faults: Faults | None = None,
    ) -> None:
        """Set the sensor up."""
        self.clock = clock
        self.busy_share = busy_share
        self.faults = faults or Faults()
        self.beside: dict[str, SimulatedCounter] = {}
        self.state: Callable[[float], Condition] | None = None
        self._first = SimulatedCounter(curve, update_s, clock, self.faults, self.ceiling)
        self.uncertainty = Uncertainty(
            abs(self.faults.gain),
            abs(self.faults.offset_w),
            "the simulation's own",
            self.faults.averaging_s,
            self.faults.averaging_s,
        )

    @property
    def curve(self) -> Curve:
        """The first counter's power."""
        return self._first.curve

    @curve.setter
    def curve(self, curve: Curve) -> None:
        self._first.curve = curve

    @property
    def update_s(self) -> float:
        """Time between two updates of the first counter, seconds."""
        return self._first.update_s

    def now_s(self) -> float:
        """The virtual clock's time."""
        return self.clock()

    def sleep(self, seconds: float) -> None:
        """Move the virtual clock."""
        self.clock.sleep(seconds)

    def condition(self) -> Condition:
        """The state that was set for this time."""
        return self.state(self.clock()) if self.state else Condition(foreign=0)

    def power_w(self) -> float:
        """The mean power of the last whole update period, of all counters.

        Raises:
            MeterError: It is simulated without.
        """
        if self.faults.no_power:
            raise MeterError(self.no_power)
        power_w = 0.0
        for counter in (self._first, *self.beside.values()):
            now_s = max(counter.update_s, counter.updated_s())
            step_j = counter.shown_j(now_s) - counter.shown_j(now_s - counter.update_s)
            power_w += step_j / counter.update_s
        return power_w * self.faults.power_share

    def energy_j(self) -> float:
        """The curves' energy up to the last update, in whole millijoules.

        Raises:
            MeterError: A counter is gone or went backwards.
        """
        return self._first.energy_j() + sum(it.energy_j() for it in self.beside.values())

    def counters_j(self) -> Mapping[str, float]:
        """Each counter.

        Raises:
            MeterError: A counter is gone or went backwards.
        """
        if not self.beside:
            return super().counters_j()
        others = {name: counter.energy_j() for name, counter in self.beside.items()}
        return {self.name: self._first.energy_j(), **others}

    def busy_between(self, start_s: float, end_s: float) -> Busy:
        """The known share."""
        return Busy(self.busy_share, 1, end_s - start_s)
