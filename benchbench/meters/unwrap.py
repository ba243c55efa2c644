"""A counter that starts again at 0 when it is full, as one that never does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Unwrapped"]


class Unwrapped:
    """The sum of a wrapping counter's differences.

    One wrap between two readings is seen, because the counter is then lower than before. Two are
    not: so readings must come more often than the counter can fill up, and a longer silence is an
    error instead of a guess.

    Attributes:
        last_j: The last reading; None before the first.
        fills_in_s: Shortest time in which the counter could fill up, seconds; infinite where its
            range is not known.
    """

    def __init__(
        self,
        what: str,
        range_j: float | None,
        most_w: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Before the first reading.

        Args:
            what: The counter's name, for messages.
            range_j: Joules at which it starts again at 0; None where it does not say.
            most_w: Power that it surely stays below, watts.
            clock: Function that tells the time, seconds.
        """
        self._what, self._range_j, self._clock = what, range_j, clock
        self.fills_in_s = range_j / most_w if range_j else float("inf")
        self.last_j: float | None = None
        self._last_s = 0.0
        self._total_j = 0.0
        self._distrust = ""

    def add(self, now_j: float) -> float:
        """Take a reading.

        Args:
            now_j: The counter, joules.

        Returns:
            Joules since the first reading.

        Raises:
            MeterError: It went backwards and has no known range, it is beyond its range, or it may
                have started again more than once; and ever after.
        """
        now_s = self._clock()
        last_j = now_j if self.last_j is None else self.last_j
        step_j = now_j - last_j
        if self._distrust:
            pass
        elif self.last_j is not None and now_s - self._last_s >= self.fills_in_s:
            self._distrust = (
                f"{self._what} was not read for {now_s - self._last_s:.0f} s, in which it may have "
                "started again more than once: run on a machine with less load"
            )
        elif self._range_j and not 0 <= now_j <= self._range_j:
            self._distrust = (
                f"{self._what} reads {now_j:g} J, outside its own range of {self._range_j:g} J: "
                "reload its driver or reboot"
            )
        elif step_j < 0 and not self._range_j:
            self._distrust = (
                f"{self._what} went backwards and does not say at what it starts again "
                "(max_energy_range_uj): the energy in between is not known; update the kernel"
            )
        if self._distrust:
            raise MeterError(self._distrust)
        self._total_j += step_j + (self._range_j or 0.0 if step_j < 0 else 0.0)
        self.last_j, self._last_s = now_j, now_s
        return self._total_j
