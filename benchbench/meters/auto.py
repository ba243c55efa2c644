"""``auto``: the sensor of the compute device, in the order that the sensors' own files declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.registry import meter, registrations

if TYPE_CHECKING:
    from benchbench.meters.base import Meter
    from benchbench.meters.registry import Request

__all__ = ["open_auto"]


@meter("auto", place=0)
def open_auto(request: Request) -> Meter:
    """The first sensor that has energy; where none has, the last that can be opened at all.

    A sensor without energy is closed before the next one is opened; it may still tell how busy the
    device was.

    Raises:
        MeterError: None can be opened: each one's reason, and the hints of other sensors that are
            there.
    """
    here = [sensor for sensor in registrations() if sensor.there()]
    of_device = [sensor for sensor in here if request.processor in sensor.automatic]
    reasons, silent = [], None
    for sensor in sorted(of_device, key=lambda sensor: sensor.automatic[request.processor]):
        try:
            found = sensor.open(request)
        except MeterError as error:
            reasons.append(str(error))
            continue
        if found.has_energy:
            return found
        found.close()
        silent = sensor
    if silent is not None:
        return silent.open(request)
    hints = [sensor.hint for sensor in here if sensor.hint and sensor not in of_device]
    raise MeterError("; ".join((*reasons, *hints)))
