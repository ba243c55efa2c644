"""A counter that may only rise: once it has gone back it is never believed again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Rising"]


class Rising:
    """Reads a counter that starts again only where its device was reset.

    Once it has passed its old value nothing shows the gap any more, so what was lost stays an
    error until the meter is opened anew.
    """

    def __init__(self, what: str, unit: str, read: Callable[[], float]) -> None:
        """Before the first reading.

        Args:
            what: The counter's name, for messages.
            unit: Unit of what `read` gives, for messages.
            read: Function that reads it; raises MeterError.
        """
        self._what, self._unit, self._read = what, unit, read
        self._last = 0.0
        self._distrust = ""
        self._lock = threading.Lock()

    def now(self) -> float:
        """The counter.

        Raises:
            MeterError: It cannot be read, or went backwards since the meter was opened.
        """
        with self._lock:  # reading and comparing are one: a window is sampled by a second thread
            if self._distrust:
                raise MeterError(self._distrust)
            now = self._read()
            if now < self._last:
                self._distrust = (
                    f"{self._what} went backwards, from {self._last:.0f} to {now:.0f} "
                    f"{self._unit}: the GPU was reset or its driver reloaded in between; run the "
                    "cell again"
                )
                raise MeterError(self._distrust)
            self._last = now
        return now
