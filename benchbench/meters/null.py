"""The meter where there is none: it knows why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Condition, Uncertainty

if TYPE_CHECKING:
    from types import TracebackType
    from typing import NoReturn, Self

    from benchbench.metrics.measurement import Provenance

__all__ = ["NullMeter"]


class NullMeter:
    """Raises its reason from every reading, so that each figure becomes ``n/a`` with that reason.

    Attributes:
        reason: What is missing and what to do about it, one sentence.
    """

    name = "none"
    provenance: Provenance = "real"
    notes: tuple[str, ...] = ()
    integrates = False
    uncertainty = Uncertainty(0.0, 0.0, "there is no sensor")

    def __init__(self, reason: str) -> None:
        """Remember the reason."""
        self.reason = reason

    def power_w(self) -> NoReturn:
        """Raise the reason.

        Raises:
            MeterError: Always.
        """
        raise MeterError(self.reason)

    def condition(self) -> Condition:
        """Nothing is known."""
        return Condition(unknown=(self.reason,))

    def energy_j(self) -> NoReturn:
        """Raise the reason.

        Raises:
            MeterError: Always.
        """
        raise MeterError(self.reason)

    def wait_for_update(self, timeout_s: float = 2.0) -> NoReturn:  # noqa: ARG002 - of the protocol
        """Raise the reason at once.

        Raises:
            MeterError: Always.
        """
        raise MeterError(self.reason)

    def busy_between(self, start_s: float, end_s: float) -> NoReturn:  # noqa: ARG002 - of the protocol
        """Raise the reason.

        Raises:
            MeterError: Always.
        """
        raise MeterError(self.reason)

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
