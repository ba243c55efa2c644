"""What every meter offers, and how its counter's edges are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from benchbench.metrics.measurement import Provenance

__all__ = ["Busy", "Condition", "Meter", "Reading", "Uncertainty", "wait_for_change"]

POLL_S = 1e-3  # counters change every 10 .. 100 ms; one poll a millisecond leaves the CPU idle


@dataclass(frozen=True, slots=True)
class Reading:
    """A counter at the moment at which it changed.

    Attributes:
        energy_j: The counter after the change, joules.
        time_s: When it changed, `time.perf_counter` seconds: the middle between the last poll that
            saw the old value and the first that saw the new one.
        uncertainty_s: Half the time between these two polls.
    """

    energy_j: float
    time_s: float
    uncertainty_s: float


@dataclass(frozen=True, slots=True)
class Busy:
    """How busy a device was over a window.

    Attributes:
        share: Share of the time in which any kernel ran, 0 .. 1.
        samples: Number of the sensor's samples behind it.
        covered_s: How much of the window these samples cover, seconds.
        notes: What to know when reading it.
    """

    share: float
    samples: int
    covered_s: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What a sensor's readings may be off by, whatever the window: no average takes it away.

    Attributes:
        gain: Of every reading, as a share of it; it falls out of a ratio of two windows of the
            same sensor.
        offset_w: Watts that may be added to or missing from every reading; they do not fall out.
        source: Where both are from.
        lag_s: Time by which the energy counter may be behind, seconds: at most so much of the work
            before a window is counted in it, and so much of its own is not.
        power_lag_s: Time over which a power reading is averaged at most, seconds.
    """

    gain: float
    offset_w: float
    source: str
    lag_s: float = 0.0
    power_lag_s: float = 0.0

    def systematic_j(self, energy_j: float, seconds: float, swing_w: float) -> float:
        """Most that a window's energy may be off by for all this, joules.

        Args:
            energy_j: The window's energy.
            seconds: Its length.
            swing_w: Most by which the power differed at one of its edges from that within.
        """
        return self.gain * energy_j + self.offset_w * seconds + self.lag_s * swing_w


@dataclass(frozen=True, slots=True)
class Condition:
    """The state that a device was in at one moment.

    Attributes:
        throttled: Why it runs slower than it could because of heat or hardware protection.
        temperature_c: Of the device; None where it cannot be read.
        clock_mhz: Of its compute units; None where it cannot be read.
        foreign: Number of other processes on the device; None where that is unknown.
        unknown: What cannot be read, and why.
    """

    throttled: tuple[str, ...] = ()
    temperature_c: float | None = None
    clock_mhz: float | None = None
    foreign: int | None = None
    unknown: tuple[str, ...] = ()


class Meter(Protocol):
    """One sensor of one device.

    A meter without a sensor (`benchbench.meters.null`) raises its reason from every reading, so
    that nobody has to ask whether there is one.
    """

    @property
    def name(self) -> str:
        """What is read, for the report; no serial numbers."""

    @property
    def provenance(self) -> Provenance:
        """``simulated`` where the sensor is not a real one."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know when reading this meter's figures."""

    @property
    def uncertainty(self) -> Uncertainty:
        """What its readings may be off by."""

    @property
    def integrates(self) -> bool:
        """Whether its energy is summed up from its own power: there is nothing to cross-check."""

    def power_w(self) -> float:
        """The power now, watts, as nearly instant as the sensor gives it.

        Raises:
            MeterError: It cannot be read.
        """

    def condition(self) -> Condition:
        """Throttling, temperature, clock and other processes, now; never raises."""

    def energy_j(self) -> float:
        """A counter in joules that never goes down; only its differences mean anything.

        Raises:
            MeterError: It cannot be read; the message is the reason for ``n/a``.
        """

    def wait_for_update(self, timeout_s: float = 2.0) -> Reading:
        """Wait until the counter changes: a difference between two changes has no rounding.

        Args:
            timeout_s: After which the counter counts as frozen, seconds.

        Raises:
            MeterError: It cannot be read, or it is frozen.
        """

    def busy_between(self, start_s: float, end_s: float) -> Busy:
        """Share of the time in which the device worked; call it right after the window.

        Args:
            start_s: Start of the window, `time.perf_counter` seconds.
            end_s: End of the window.

        Raises:
            MeterError: It cannot be read.
        """

    def close(self) -> None:
        """Give the sensor back; a second call does nothing."""

    def __enter__(self) -> Self:
        """The meter itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""


def wait_for_change(
    energy_j: Callable[[], float],
    timeout_s: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    remedy: str = "see whether `nvidia-smi -q -d POWER` moves, else reload the driver or reboot",
) -> Reading:
    """Poll a counter until it changes.

    Args:
        energy_j: Reads the counter.
        timeout_s: After which it counts as frozen, seconds.
        clock: Seconds.
        sleep: Sleeps that many seconds of `clock`.
        remedy: What helps against a frozen counter of this kind.

    Raises:
        MeterError: The counter did not change in time, or `energy_j` raised it.
    """
    begin = asked = clock()
    first = energy_j()
    while True:
        sleep(POLL_S)
        still_old = asked
        asked = clock()
        energy = energy_j()
        now = clock()
        if energy != first:
            return Reading(energy, (still_old + now) / 2, (now - still_old) / 2)
        if now - begin >= timeout_s:
            raise MeterError(
                f"the energy counter is frozen: it stayed at {first:.3f} J for {timeout_s:g} s; "
                f"{remedy}"
            )
