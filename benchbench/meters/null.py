"""The meter where there is none: it knows why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Meter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.registry import meter

if TYPE_CHECKING:
    from typing import NoReturn

    from benchbench.meters.registry import Request

__all__ = ["NullMeter", "open_none"]


class NullMeter(Meter):
    """Raises its reason from every reading, so that each figure becomes ``n/a`` with that reason.

    Attributes:
        reason: What is missing and what to do about it, one sentence.
    """

    name = "none"
    provenance = "real"
    uncertainty = Uncertainty(0.0, 0.0, "there is no sensor")
    ceiling = Ceiling(0.0, "there is no sensor")
    has_energy = False

    def __init__(self, reason: str) -> None:
        """Remember the reason."""
        self.reason = self.no_memory = self.no_power = self.no_busy = self.no_condition = reason

    def energy_j(self) -> NoReturn:
        """Raise the reason.

        Raises:
            MeterError: Always.
        """
        raise MeterError(self.reason)


@meter("none", place=1)
def open_none(_request: Request) -> NullMeter:
    """No sensor, because nobody wants one."""
    return NullMeter("the suite asks for no meter (meter: none)")
