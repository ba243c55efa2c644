"""One file a sensor, and the choice between them.

To add a sensor: one file in this folder, with a class that inherits from `Meter` and a function
under ``@meter`` that opens it (`benchbench.meters.registry`). No other file names it.
"""

from __future__ import annotations

from benchbench import extensions
from benchbench.errors import MeterError
from benchbench.meters.base import Busy, Condition, Meter, Reading
from benchbench.meters.guarded import GuardedMeter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.null import NullMeter
from benchbench.meters.registry import Request, expected, find, is_selector

__all__ = [
    "Busy",
    "Ceiling",
    "Condition",
    "Meter",
    "NullMeter",
    "Reading",
    "Uncertainty",
    "expected",
    "is_selector",
    "open_meter",
]


def open_meter(selector: str, device: str, uuid: str | None) -> Meter:
    """The meter for a run.

    A sensor that cannot be opened becomes the null meter with the reason: a run without energy is
    still a run.

    Args:
        selector: ``auto`` (the sensor of the compute device: RAPL for a processor, NVML for a GPU
            and, where that has neither energy nor power, a Jetson's power monitor), ``none``, or
            one chosen by hand whatever the compute device is: `expected` lists them.
        device: The compute device as torch spells it: ``cpu``, ``cuda``, ``cuda:1``.
        uuid: The compute device's UUID as NVML spells it; None on a CPU, or where it is unknown.

    Raises:
        MeterError: `selector` is none of these.
    """
    chosen = find(selector)
    if chosen is None:
        raise MeterError(f"meter {selector!r} is unknown: expected {expected()}")
    try:
        opened = chosen.open(Request(selector, device, uuid))
        return GuardedMeter(opened) if chosen.foreign else opened
    except MeterError as error:
        return NullMeter(str(error))
    except Exception as error:
        if not chosen.foreign:
            raise
        return NullMeter(f"meter {selector}: {extensions.why(error)}")
