"""What is read before a window: the idle baseline, and the counter's last change."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.probes.metering.sampler import PERIOD_S, Recorder
from benchbench.probes.metering.validity import cross_check

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
        notes: The meter's, and doubts.
        unseen_w: Most that one fault of the counter could have changed `power_w` by unseen.
        sensor: The meter's name; empty where nothing was read.
    """

    power_w: float | None
    reason: str = ""
    seconds: float = 0.0
    provenance: Provenance = "real"
    notes: tuple[str, ...] = ()
    unseen_w: float = 0.0
    sensor: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """The counter at its last change before the window, or the reason why there is none.

    Attributes:
        reading: The counter at that change.
        reason: Why there is none.
        memory_j: The memory's own counters right after it, joules; None where there are none.
        no_memory: Why there are none.
    """

    reading: Reading | None
    reason: str = ""
    memory_j: float | None = None
    no_memory: str = ""


def idle_power(meter: Meter, seconds: float, sleep: Callable[[float], None] = time.sleep) -> Idle:
    """Take an idle baseline; without a sensor it returns at once.

    The counter is read as often as in a window, and is believed on the same terms.

    Args:
        meter: The sensor.
        seconds: Its length; 0 asks for none.
        sleep: Waits that long.
    """
    if seconds <= 0:
        return Idle(None, "no idle baseline was asked for (idle_s: 0)", provenance=meter.provenance)
    recorder = Recorder(meter, clock=meter.now_s)
    recorder.read()  # the power at the start has to be known as well
    try:
        first = meter.wait_for_update()
        end_s = first.time_s + seconds
        while (left_s := end_s - meter.now_s()) > 0:
            recorder.read()
            sleep(min(left_s, PERIOD_S))
        last = meter.wait_for_update()
    except MeterError as error:
        return Idle(None, str(error), provenance=meter.provenance)
    length_s, energy_j = last.time_s - first.time_s, last.energy_j - first.energy_j
    if energy_j <= 0:
        reason = f"the idle device was counted {energy_j:g} J: see `benchbench doctor`"
        return Idle(None, reason, provenance=meter.provenance)
    found = cross_check(meter, energy_j, first.time_s, last.time_s, recorder.end())
    if found.invalid:
        reason = f"the idle baseline is not to be believed: {found.invalid[0]}"
        return Idle(None, reason, provenance=meter.provenance)
    notes = (*meter.notes, *found.doubts)
    unseen_w = found.detail["unseen_j"] / length_s
    return Idle(energy_j / length_s, "", length_s, meter.provenance, notes, unseen_w, meter.name)


def begin(meter: Meter) -> Start:
    """Wait for a change of the counter, 2 s at most; start the window right after.

    Nothing is raised: without a sensor the window runs all the same, and the energy probe says why.
    """
    try:
        reading = meter.wait_for_update()
    except MeterError as error:
        return Start(None, str(error))
    try:
        return Start(reading, memory_j=meter.memory_j())
    except MeterError as error:
        return Start(reading, no_memory=str(error))
