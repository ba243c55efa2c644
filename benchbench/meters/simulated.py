"""A sensor on a virtual clock, whose true energy is known: the yardstick for the energy probe."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchbench.meters.base import Busy, Condition, Reading, Uncertainty, wait_for_change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from benchbench.measurement import Provenance

__all__ = ["Curve", "SimulatedMeter", "VirtualClock"]


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

    def energy_j(self, time_s: float) -> float:
        """Exact energy from 0 s to `time_s`: each piece is a trapezoid."""
        (first_s, first_w), (last_s, last_w) = self.points[0], self.points[-1]
        total_j = first_w * min(time_s, first_s)
        for (from_s, from_w), (to_s, to_w) in zip(self.points, self.points[1:], strict=False):
            until_s = min(time_s, to_s)
            if until_s > from_s:
                until_w = from_w + (to_w - from_w) * (until_s - from_s) / (to_s - from_s)
                total_j += (from_w + until_w) / 2 * (until_s - from_s)
        return total_j + last_w * max(0.0, time_s - last_s)


class SimulatedMeter:
    """Counts a known curve's energy, as a real counter does: in steps of time and of 1 mJ.

    Attributes:
        curve: The power.
        update_s: Time between two updates of the counter, seconds.
        clock: The time that both the meter and the test live in.
        busy_share: What the utilisation says.
    """

    name = "simulated sensor"
    provenance: Provenance = "simulated"
    notes: tuple[str, ...] = ()
    integrates = False
    uncertainty = Uncertainty(0.0, 0.0, "simulated without error")

    def __init__(
        self, curve: Curve, update_s: float, clock: VirtualClock, busy_share: float = 1.0
    ) -> None:
        """Set the sensor up."""
        self.curve = curve
        self.update_s = update_s
        self.clock = clock
        self.busy_share = busy_share

    def power_w(self) -> float:
        """The mean power of the last whole update period."""
        updated_s = math.floor(self.clock() / self.update_s) * self.update_s
        before_s = max(0.0, updated_s - self.update_s)
        if updated_s == before_s:
            return self.curve.points[0][1]
        energy_j = self.curve.energy_j(updated_s) - self.curve.energy_j(before_s)
        return energy_j / (updated_s - before_s)

    def condition(self) -> Condition:
        """Nothing disturbs it."""
        return Condition(foreign=0)

    def energy_j(self) -> float:
        """The curve's energy up to the last update, in whole millijoules."""
        updated_s = math.floor(self.clock() / self.update_s) * self.update_s
        return math.floor(self.curve.energy_j(updated_s) * 1000) / 1000

    def wait_for_update(self, timeout_s: float = 2.0) -> Reading:
        """Wait until the counter changes.

        Raises:
            MeterError: It is frozen: the power is 0.
        """
        return wait_for_change(self.energy_j, timeout_s, self.clock, self.clock.sleep)

    def busy_between(self, start_s: float, end_s: float) -> Busy:
        """The known share."""
        return Busy(self.busy_share, 1, end_s - start_s)

    def close(self) -> None:
        """There is nothing to close."""

    def __enter__(self) -> Self:
        """The meter itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """There is nothing to close."""
