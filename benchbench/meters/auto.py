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
    """The first sensor that has energy; where none has, the last one as it is.

    A sensor without energy is closed before the next one is opened. The last one may still tell how
    busy the device was.

    Raises:
        MeterError: The last one cannot be opened; with the hints of other sensors that are there.
    """
    here = [sensor for sensor in registrations() if sensor.there()]
    of_device = [sensor for sensor in here if request.processor in sensor.automatic]
    *others, last = sorted(of_device, key=lambda sensor: sensor.automatic[request.processor])
    for sensor in others:
        try:
            found = sensor.open(request)
        except MeterError:
            continue  # the last one's reason is told: it is there, and the others are not
        if found.has_energy:
            return found
        found.close()
    try:
        return last.open(request)
    except MeterError as error:
        hints = [sensor.hint for sensor in here if sensor.hint and sensor not in of_device]
        raise MeterError("; ".join((str(error), *hints))) from error
