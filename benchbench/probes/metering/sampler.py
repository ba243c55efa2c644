"""What a sensor says during a window, beside the counter at its edges.

A thread reads counter and power every twentieth of a second, about as often as a counter moves, and
the device's condition every second. `make bench` shows what that costs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.polled import Ticker

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from benchbench.meters import Condition, Meter

__all__ = ["CONDITION_S", "PERIOD_S", "Sample", "Watch", "Watched", "sample"]

PERIOD_S = 0.05  # ours
CONDITION_S = 1.0  # ours


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading; None where the sensor gives no such figure."""

    time_s: float
    energy_j: float | None
    power_w: float | None


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything that was read during a window and shortly before and after it."""

    samples: tuple[Sample, ...] = ()
    conditions: tuple[Condition, ...] = ()
    no_power: str = "the power was not watched"


def sample(meter: Meter, clock: Callable[[], float] = time.perf_counter) -> Sample:
    """Read counter and power once."""
    return Sample(clock(), _or_none(meter.energy_j), _or_none(meter.power_w))


def _or_none(read: Callable[[], float]) -> float | None:
    try:
        return read()
    except MeterError:
        return None


@dataclass(slots=True)
class Watch:
    """Reads a meter in the background; without a sensor it does nothing at all.

    Attributes:
        meter: The sensor.
        period_s: Between two readings.
        condition_s: Between two looks at the device's condition.
    """

    meter: Meter
    period_s: float = PERIOD_S
    condition_s: float = CONDITION_S
    _samples: list[Sample] = field(default_factory=list)
    _conditions: list[Condition] = field(default_factory=list)
    _ticker: Ticker | None = None

    def start(self) -> Self:
        """Take the first reading and go on in the background."""
        self._tick()
        first = self._samples[0]
        if first.energy_j is not None or first.power_w is not None:
            self._ticker = Ticker(self._tick, self.period_s)
        return self

    def _tick(self) -> None:
        self._samples.append(sample(self.meter, self.meter.now_s))
        if (len(self._samples) - 1) % max(1, round(self.condition_s / self.period_s)) == 0:
            self._conditions.append(self.meter.condition())

    def stop(self) -> Watched:
        """Take the last reading and hand everything over."""
        if self._ticker is None:
            return Watched(no_power=self._no_power())
        self._ticker.close()
        self._tick()
        self._conditions.append(self.meter.condition())
        return Watched(tuple(self._samples), tuple(self._conditions), self._no_power())

    def _no_power(self) -> str:
        try:
            self.meter.power_w()
        except MeterError as error:
            return str(error)
        return ""
