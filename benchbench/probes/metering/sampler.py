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
    from collections.abc import Callable, Mapping
    from typing import Self

    from benchbench.meters import Condition, Meter

__all__ = ["CONDITION_S", "PERIOD_S", "Recorder", "Sample", "Watch", "Watched", "sample"]

PERIOD_S = 0.05  # ours
CONDITION_S = 1.0  # ours


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading; None where the sensor gives no such figure.

    Attributes:
        time_s: Time before it was taken.
        energy_j: The counter, joules.
        power_w: The power now, watts.
        counters_j: Each counter that `energy_j` is the sum of, by name.
        took_s: Time that reading the counter took.
    """

    time_s: float
    energy_j: float | None
    power_w: float | None
    counters_j: Mapping[str, float] = field(default_factory=dict)
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything that was read during a window and shortly before and after it.

    Attributes:
        samples: Readings of counter and power, in the order of time.
        conditions: Time and state of the device, in the order of time.
        no_power: Why there is no power reading; empty where there is.
    """

    samples: tuple[Sample, ...] = ()
    conditions: tuple[tuple[float, Condition], ...] = ()
    no_power: str = "the power was not watched"


def sample(meter: Meter, clock: Callable[[], float] = time.perf_counter) -> Sample:
    """Read counter and power once."""
    time_s = clock()
    try:
        counters = meter.counters_j()
    except MeterError:
        counters = {}
    took_s = clock() - time_s
    energy_j = sum(counters.values()) if counters else None
    try:
        power_w = meter.power_w()
    except MeterError:
        power_w = None
    return Sample(time_s, energy_j, power_w, counters, took_s)


@dataclass(slots=True)
class Recorder:
    """What a meter says, reading by reading; whoever holds it says when.

    Attributes:
        meter: The sensor.
        looks: Number of readings from one look at the device's condition to the next.
        clock: The clock of the window, seconds.
    """

    meter: Meter
    looks: int = round(CONDITION_S / PERIOD_S)
    clock: Callable[[], float] = time.perf_counter
    _samples: list[Sample] = field(default_factory=list)
    _conditions: list[tuple[float, Condition]] = field(default_factory=list)

    def read(self) -> Sample:
        """Take a reading, and look at the device's condition when its turn has come."""
        found = sample(self.meter, self.clock)
        if len(self._samples) % self.looks == 0:
            self.look()
        self._samples.append(found)
        return found

    def look(self) -> None:
        """Look at the device's condition."""
        self._conditions.append((self.clock(), self.meter.condition()))

    def end(self) -> Watched:
        """Take the last reading and hand everything over."""
        self.read()
        self.look()
        return Watched(tuple(self._samples), tuple(self._conditions), self.no_power())

    def no_power(self) -> str:
        """Why the sensor gives no power; empty where it does."""
        try:
            self.meter.power_w()
        except MeterError as error:
            return str(error)
        return ""


class Watch:
    """Reads a meter in the background; without a sensor it does nothing at all."""

    def __init__(
        self, meter: Meter, period_s: float = PERIOD_S, condition_s: float = CONDITION_S
    ) -> None:
        """Nothing is read yet.

        Args:
            meter: The sensor.
            period_s: Between two readings.
            condition_s: Between two looks at the device's condition.
        """
        looks = max(1, round(condition_s / period_s))
        self._recorder = Recorder(meter, looks, meter.now_s)
        self._period_s = period_s
        self._ticker: Ticker | None = None

    def start(self) -> Self:
        """Take the first reading and go on in the background."""
        first = self._recorder.read()
        if first.energy_j is not None or first.power_w is not None:
            self._ticker = Ticker(self._tick, self._period_s)
        return self

    def _tick(self) -> None:
        self._recorder.read()

    def stop(self) -> Watched:
        """Take the last reading and hand everything over."""
        if self._ticker is None:
            return Watched(no_power=self._recorder.no_power())
        self._ticker.close()
        return self._recorder.end()
