"""What is read before a window: the idle baseline, and the counter's last change."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.meters import Meter, Reading
    from benchbench.metrics.measurement import Provenance

__all__ = ["Idle", "Start", "begin", "idle_power"]


@dataclass(frozen=True, slots=True)
class Idle:
    """An idle baseline.

    Attributes:
        power_w: Power of the device with its context open and nothing running, or None.
        reason: Why there is none.
        seconds: Time between the two counter changes that it is taken from.
        provenance: The meter's.
        notes: The meter's.
    """

    power_w: float | None
    reason: str = ""
    seconds: float = 0.0
    provenance: Provenance = "real"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """The counter at its last change before the window, or the reason why there is none."""

    reading: Reading | None
    reason: str = ""


def idle_power(meter: Meter, seconds: float, sleep: Callable[[float], None] = time.sleep) -> Idle:
    """Take an idle baseline; without a sensor it returns at once.

    Args:
        meter: The sensor.
        seconds: Its length; 0 asks for none.
        sleep: Waits that long.
    """
    if seconds <= 0:
        return Idle(None, "no idle baseline was asked for (idle_s: 0)", provenance=meter.provenance)
    try:
        first = meter.wait_for_update()
        sleep(seconds)
        last = meter.wait_for_update()
    except MeterError as error:
        return Idle(None, str(error), provenance=meter.provenance)
    length_s = last.time_s - first.time_s
    power_w = (last.energy_j - first.energy_j) / length_s
    return Idle(power_w, "", length_s, meter.provenance, meter.notes)


def begin(meter: Meter) -> Start:
    """Wait for a change of the counter, 2 s at most; start the window right after.

    Nothing is raised: without a sensor the window runs all the same, and the energy probe says why.
    """
    try:
        return Start(meter.wait_for_update())
    except MeterError as error:
        return Start(None, str(error))
