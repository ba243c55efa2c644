"""Joules of a sensor that only knows its power now: summed up in the background.

Each reading is held until the next one (step-hold): a trapezoid would take the power of a step half
a period too early. A sensor that fails, or is not read for too long, is distrusted from then on.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PowerIntegral", "Ticker"]

LONGEST_GAP_S = 1.0  # ours: of a window of ten seconds, a tenth


class Ticker:
    """Calls a function every period in a thread of its own, until it is closed."""

    def __init__(self, function: Callable[[], None], period_s: float) -> None:
        """Start it."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(function, period_s), daemon=True)
        self._thread.start()

    def _run(self, function: Callable[[], None], period_s: float) -> None:
        while not self._stop.wait(period_s):
            function()

    def close(self) -> None:
        """Stop it and wait for its last call; a second call does nothing."""
        self._stop.set()
        self._thread.join()


class PowerIntegral:
    """An energy counter made of power readings.

    Attributes:
        failure: Reason why it is distrusted; empty where it is not.
        gap_s: Longest time between two readings so far, seconds.
    """

    def __init__(
        self, power_w: Callable[[], float], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Take the first reading.

        Args:
            power_w: Function that reads the sensor, watts; raises MeterError.
            clock: Function that tells the time, seconds.

        Raises:
            MeterError: The sensor cannot be read.
        """
        self._read, self._clock = power_w, clock
        self._lock = threading.Lock()
        self._energy_j, self.failure = 0.0, ""
        self._power_w, self._time_s = power_w(), clock()
        self.gap_s = 0.0
        self._ticker: Ticker | None = None

    def start(self, period_s: float) -> Self:
        """Read it every period from now on."""
        self._ticker = Ticker(self.tick, period_s)
        return self

    def tick(self) -> None:
        """Take a reading; what the sensor refuses is told by the next `energy_j`."""
        try:
            power_w, now_s = self._read(), self._clock()
        except MeterError as error:
            self.failure = self.failure or str(error)
            return
        with self._lock:
            gap_s = now_s - self._time_s
            self.gap_s = max(self.gap_s, gap_s)
            if gap_s > LONGEST_GAP_S and not self.failure:
                self.failure = (
                    f"the power was not read for {gap_s:.1f} s, so the energy in between is not "
                    "known: run on a machine with less load"
                )
            self._energy_j += self._power_w * gap_s
            self._power_w, self._time_s = power_w, now_s

    def energy_j(self) -> float:
        """Joules up to the last reading.

        Raises:
            MeterError: A reading failed, or was too long ago.
        """
        if self.failure:
            raise MeterError(self.failure)
        with self._lock:
            return self._energy_j

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
        if self._ticker is not None:
            self._ticker.close()
