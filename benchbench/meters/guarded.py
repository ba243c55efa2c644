"""A meter from outside, held so that whatever it raises costs its own readings alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from benchbench import extensions
from benchbench.errors import MeterError
from benchbench.meters.base import Busy, Condition, Meter, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["GuardedMeter"]

T = TypeVar("T")


class GuardedMeter(Meter):
    """Hands every question on; an exception of any kind becomes the reason of an ``n/a``."""

    def __init__(self, inner: Meter) -> None:
        """Take over what the meter says of itself.

        Args:
            inner: Meter as its own code has opened it.
        """
        self._inner = inner
        self.name, self.provenance, self.notes = inner.name, inner.provenance, inner.notes
        self.uncertainty, self.ceiling = inner.uncertainty, inner.ceiling
        self.integrates, self.memory = inner.integrates, inner.memory
        self.may_rest, self.part = inner.may_rest, inner.part
        self.has_energy, self.frozen_remedy = inner.has_energy, inner.frozen_remedy

    def _asked(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except MeterError:
            raise
        except Exception as error:
            raise MeterError(f"{self.name}: {extensions.why(error)}") from error

    def energy_j(self) -> float:
        """The meter's own, joules."""
        return self._asked(self._inner.energy_j)

    def counters_j(self) -> Mapping[str, float]:
        """The meter's own, joules by name."""
        return self._asked(self._inner.counters_j)

    def memory_j(self) -> float:
        """The meter's own, joules."""
        return self._asked(self._inner.memory_j)

    def power_w(self) -> float:
        """The meter's own, watts."""
        return self._asked(self._inner.power_w)

    def busy_between(self, start_s: float, end_s: float) -> Busy:
        """The meter's own."""
        return self._asked(lambda: self._inner.busy_between(start_s, end_s))

    def condition(self) -> Condition:
        """The meter's own; what it raises is what is not known."""
        try:
            return self._asked(self._inner.condition)
        except MeterError as error:
            return Condition(unknown=(str(error),))

    def now_s(self) -> float:
        """The meter's own clock, seconds."""
        return self._asked(self._inner.now_s)

    def sleep(self, seconds: float) -> None:
        """Let time of the meter's own clock pass."""
        self._asked(lambda: self._inner.sleep(seconds))

    def wait_for_update(self) -> Reading:
        """The meter's own."""
        return self._asked(self._inner.wait_for_update)

    def close(self) -> None:
        """Close it; what that raises is nobody's loss."""
        try:
            self._asked(self._inner.close)
        except MeterError:
            return
