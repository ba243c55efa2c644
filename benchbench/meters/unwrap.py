"""A counter that starts again at 0 when it is full, as one that never does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.meters.limits import Ceiling

__all__ = ["Unwrapped"]


class Unwrapped:
    """The sum of a wrapping counter's differences.

    A reading below the one before it is a wrap, a reset or a misreading. It is a wrap only where
    the device can have drawn as much as that would need, and only once: of one reading in seconds
    nobody knows how often the counter has started again. Everything else is an error instead of a
    guess, and so is a step forward that the device cannot have drawn.

    Attributes:
        last_j: The last reading; None before the first.
        fills_in_s: Shortest time in which the counter could fill up, seconds; infinite where its
            range is not known.
    """

    def __init__(
        self,
        what: str,
        read_j: Callable[[], float],
        range_j: float | None,
        ceiling: Ceiling,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Before the first reading.

        Args:
            what: The counter's name, for messages.
            read_j: Function that reads it, joules; raises MeterError.
            range_j: Joules at which it starts again at 0; None where it does not say.
            ceiling: Power that it surely stays below.
            clock: Function that tells the time, seconds.
        """
        self._what, self._read_j, self._clock = what, read_j, clock
        self._range_j, self._ceiling = range_j, ceiling
        self.fills_in_s = range_j / ceiling.power_w if range_j else float("inf")
        self.last_j: float | None = None
        self._asked_s = 0.0
        self._total_j = 0.0
        self._distrust = ""

    def energy_j(self) -> float:
        """Read it.

        Returns:
            Joules since the first reading.

        Raises:
            MeterError: It cannot be read; or it went backwards without being full, rose by more
                than the device can draw, is beyond its range, or may have started again more than
                once; and ever after.
        """
        if self._distrust:
            raise MeterError(self._distrust)
        asked_s = self._clock()
        now_j = self._read_j()
        if self.last_j is None:
            self._distrust, step_j = self._beyond(now_j), 0.0
        else:
            # The longest that may lie between the two readings: each took its time.
            seconds, step_j = self._clock() - self._asked_s, now_j - self.last_j
            if step_j < 0:
                step_j += self._range_j or 0.0
            self._distrust = self._beyond(now_j) or self._impossible(now_j, step_j, seconds)
        if self._distrust:
            raise MeterError(self._distrust)
        self._total_j += step_j
        self.last_j, self._asked_s = now_j, asked_s
        return self._total_j

    def _beyond(self, now_j: float) -> str:
        """Why a reading is none of this counter's; empty where it may be."""
        if self._range_j and not 0 <= now_j <= self._range_j:
            return (
                f"{self._what} reads {now_j:g} J, outside its own range of {self._range_j:g} J: "
                "reload its driver or reboot"
            )
        return ""

    def _impossible(self, now_j: float, step_j: float, seconds: float) -> str:
        """Why a step cannot be believed; empty where it can.

        Args:
            now_j: The reading.
            step_j: Joules since the one before it; where that was higher, over the counter's end.
            seconds: Time between the two at most.
        """
        reach_j, last_j = self._ceiling.reach_j(seconds), self.last_j
        if step_j < 0:
            return (
                f"{self._what} went backwards and does not say at what it starts again "
                "(max_energy_range_uj): the energy in between is not known; update the kernel"
            )
        if self._range_j and step_j + self._range_j <= reach_j:
            return (
                f"{self._what} was not read for {seconds:.1f} s, in which it may have started "
                "again more than once: run on a machine with less load"
            )
        if step_j <= reach_j:
            return ""
        between = f"between two readings {seconds:.3g} s apart"
        limit = f"more than {self._ceiling.source} allows"
        if last_j is not None and now_j < last_j:
            return (
                f"{self._what} fell from {last_j:g} to {now_j:g} J {between}: as a new start at "
                f"{self._range_j:g} J that would be {step_j:,.0f} J, {limit}, so it was reset or "
                "misread: run the cell again, see `dmesg`"
            )
        return (
            f"{self._what} rose by {step_j:,.0f} J {between}, {limit}, so it was misread: run the "
            "cell again, see `dmesg`"
        )
