"""Energy of a window from a counter that only moves every update period.

    counter changes   E0        ...        Eb    E1    E2
    time             -|----------- ... ----|-----|-----|->
    window              [start ........ end]
                      head                   tail

Both ends wait for a change of the counter, so no reading is rounded to a period. What remains is
the head (from the change to the window's start, under a millisecond) and the tail (from the
window's end to the next change). Both are charged at the power of the first whole period after the
window, E2 - E1, in which the device no longer works but its clocks are still up:

    energy = E1 - E0 - (head + tail) x (E2 - E1) / (t2 - t1)

The bound holds whatever the power does in the tail, because the counter never goes down: the true
energy is at most E1 - E0 and at least Eb - E0 less the head, Eb being read at the window's end.
It is about one update period over the window. What no bound from inside can see, a lag of the
sensor or its gain error, is stated apart: `benchbench.meters.Uncertainty`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.meters import Meter, Reading
    from benchbench.probes.metering.window import Window

__all__ = ["Readings", "Taken", "read", "settle", "too_short"]

RESOLUTION_J = 1e-3  # NVML counts millijoules; other counters are finer


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read of the counter at the edges of a window; a trace keeps it.

    Attributes:
        first: Its last change before the window.
        at_end_j: It at the window's end, joules.
        at_end_s: When that was read, `time.perf_counter` seconds.
        last: Its first change after the window.
        beyond: The change after that.
        memory_j: The memory's own counters before the window and at its end, joules; None where
            the sensor does not tell the memory apart.
    """

    first: Reading
    at_end_j: float
    at_end_s: float
    last: Reading
    beyond: Reading
    memory_j: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Energy of a window and what its edges leave open.

    Attributes:
        energy_j: Energy, joules, idle included.
        error_j: Bound of its error by the edges, joules.
        update_s: Time between the two changes of the counter after the window, seconds.
        head_s: Time from the change before the window to its start, seconds.
        tail_s: Time from its end to the change after it, seconds.
        edge_w: Power that both are charged at, watts.
    """

    energy_j: float
    error_j: float
    update_s: float
    head_s: float
    tail_s: float
    edge_w: float


def read(
    meter: Meter, first: Reading, clock: Callable[[], float], memory_j: float | None = None
) -> Readings:
    """Read the counter right after a window's end.

    Args:
        meter: The sensor.
        first: The counter's last change before the window.
        clock: The window's clock, seconds.
        memory_j: The memory's own counters before the window, joules; None where there are none.

    Raises:
        MeterError: The counter cannot be read.
    """
    at_end_j, at_end_s = meter.energy_j(), clock()
    memory = None if memory_j is None else (memory_j, meter.memory_j())
    return Readings(
        first, at_end_j, at_end_s, meter.wait_for_update(), meter.wait_for_update(), memory
    )


def settle(readings: Readings, window: Window) -> Taken:
    """Find a window's energy.

    Args:
        readings: Readings that `read` took.
        window: The window.

    Raises:
        MeterError: The counter stood still for the whole window, or the window is shorter than its
            steps.
    """
    first, last, beyond = readings.first, readings.last, readings.beyond
    at_end_j, late_s = readings.at_end_j, max(0.0, readings.at_end_s - window.end_s)
    update_s = beyond.time_s - last.time_s
    if at_end_j == first.energy_j and window.seconds > 2 * update_s:
        raise MeterError(
            f"the energy counter was frozen for the whole window of {window.seconds:.1f} s, though "
            f"it changes every {1000 * update_s:.0f} ms else: run the cell again"
        )
    head_s, tail_s = window.start_s - first.time_s, last.time_s - window.end_s
    edge_w = (beyond.energy_j - last.energy_j) / update_s
    energy_j = last.energy_j - first.energy_j - edge_w * (head_s + tail_s)
    if energy_j <= 0:
        raise MeterError(too_short(window, update_s))
    # The head and the time until `at_end_j` was read are too short to be seen in the counter: they
    # are bounded by the highest of the powers that were.
    peak_w = max(edge_w, energy_j / window.seconds, (last.energy_j - at_end_j) / update_s)
    unseen_j = peak_w * (head_s + first.uncertainty_s + late_s) + RESOLUTION_J
    highest_j = last.energy_j - first.energy_j + RESOLUTION_J
    lowest_j = at_end_j - first.energy_j - unseen_j
    error_j = max(highest_j - energy_j, energy_j - lowest_j)
    return Taken(energy_j, error_j, update_s, head_s, tail_s, edge_w)


def too_short(window: Window, update_s: float) -> str:
    """Why a window's energy is not to be believed, and what to do."""
    return (
        f"the window of {window.seconds:.3g} s is too short for a counter that changes every "
        f"{1000 * update_s:.0f} ms: lengthen window_s, or the block"
    )
