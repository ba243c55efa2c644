"""What every meter is, and how its counter's edges are found."""

from __future__ import annotations

import abc
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from benchbench.meters.limits import Ceiling, Uncertainty
    from benchbench.metrics.measurement import Provenance

__all__ = ["Busy", "Condition", "Meter", "Reading", "wait_for_change"]

POLL_S = 1e-3  # counters change every 10 .. 100 ms; one poll a millisecond leaves the CPU idle


@dataclass(frozen=True, slots=True)
class Reading:
    """A counter at the moment at which it changed.

    Attributes:
        energy_j: The counter after the change, joules.
        time_s: Time of the change, `time.perf_counter` seconds: the middle between the last poll
            that saw the old value and the first that saw the new one.
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
        covered_s: Part of the window that these samples cover, seconds.
        notes: What to know when reading it.
    """

    share: float
    samples: int
    covered_s: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """The state that a device was in at one moment.

    Attributes:
        throttled: Reasons of heat or hardware protection for which it runs slower than it could.
        temperature_c: Temperature of the device; None where it cannot be read.
        clock_mhz: Clock of its compute units; None where it cannot be read.
        foreign: Number of other processes on the device; None where that is unknown.
        power_limit_w: Power that it is set to stay below; None where it cannot be read.
        throttled_s: Seconds for which heat or the hardware's protection has slowed it down so far,
            by reason: a slowdown between two looks is seen as well.
        throttles: How often heat or the hardware's protection has slowed it down so far; None where
            it does not say.
        capped_s: Seconds for which its power limit has slowed it down so far, which is how it was
            set up; None where it does not say.
        unknown: What cannot be read, and why.
    """

    throttled: tuple[str, ...] = ()
    temperature_c: float | None = None
    clock_mhz: float | None = None
    foreign: int | None = None
    power_limit_w: float | None = None
    throttled_s: Mapping[str, float] = field(default_factory=dict)
    throttles: int | None = None
    capped_s: float | None = None
    unknown: tuple[str, ...] = ()


class Meter(abc.ABC):
    """One sensor of one device.

    A sensor inherits from it and gives `name`, `provenance`, `uncertainty`, `ceiling` and
    `energy_j`; what it lacks beside these stays as it is here and raises its reason. A meter
    without a sensor (`benchbench.meters.null`) raises its reason from every reading, so that nobody
    has to ask whether there is one.

    Attributes:
        name: What is read, for the report; no serial numbers.
        provenance: ``simulated`` where the sensor is not a real one.
        uncertainty: What its readings may be off by.
        ceiling: Power that the device does not exceed.
        notes: What to know when reading this meter's figures.
        part: The compute device that the energy is of, ``cpu`` or ``gpu``, with its memory at most;
            empty where it is of more than that, or of another one.
        memory: Names of those of `counters_j` that are of the memory alone; their sum is a part of
            `energy_j`, never to be added to it.
        may_rest: Names of those of `counters_j` that stand still while their part of the chip does
            nothing; any other that stands still is frozen.
        integrates: Whether its energy is summed up from its own power: there is nothing to
            cross-check.
        has_energy: Whether it gives energy at all; ``auto`` goes on to the next sensor where not.
        frozen_s: Time without a change after which the counter counts as frozen, seconds.
        frozen_remedy: What helps against a counter that stands still.
        no_memory: Reason of `memory_j`, where the sensor does not tell the memory apart.
        no_power: Reason of `power_w`, where the sensor has none.
        no_busy: Reason of `busy_between`, where the sensor does not say.
        no_condition: Reason of `condition`, where the sensor does not say.
    """

    name: str
    provenance: Provenance
    uncertainty: Uncertainty
    ceiling: Ceiling
    notes: tuple[str, ...] = ()
    part: Literal["cpu", "gpu", ""] = ""
    memory: tuple[str, ...] = ()
    may_rest: tuple[str, ...] = ()
    integrates: bool = False
    has_energy: bool = True
    frozen_s: float = 2.0
    frozen_remedy: str = "choose another sensor or reboot, see `dmesg`"
    no_memory: str = "this sensor has no counter of the memory alone"
    no_power: str = "this sensor counts energy and has no power reading beside it"
    no_busy: str = "this sensor does not say how busy the device was"
    no_condition: str = "this sensor does not say in which state the device is"

    @abc.abstractmethod
    def energy_j(self) -> float:
        """A counter in joules that never goes down; only its differences mean anything.

        Raises:
            MeterError: It cannot be read; the message is the reason for ``n/a``.
        """

    def counters_j(self) -> Mapping[str, float]:
        """Every counter that `energy_j` is the sum of, joules by name: each has to move.

        But for those of `may_rest`.

        Raises:
            MeterError: One of them cannot be read.
        """
        return {self.name: self.energy_j()}

    def memory_j(self) -> float:
        """The part of `energy_j` that the memory drew, by counters of its own.

        Raises:
            MeterError: There is none, or one of them cannot be read.
        """
        if not self.memory:
            raise MeterError(self.no_memory)
        counters = self.counters_j()
        return sum(counters[name] for name in self.memory)

    def power_w(self) -> float:
        """The power now, watts, as nearly instant as the sensor gives it.

        Raises:
            MeterError: It cannot be read.
        """
        raise MeterError(self.no_power)

    def busy_between(self, start_s: float, end_s: float) -> Busy:  # noqa: ARG002 - for subclasses
        """Share of the time in which the device worked; call it right after the window.

        Args:
            start_s: Start of the window, `time.perf_counter` seconds.
            end_s: End of the window.

        Raises:
            MeterError: It cannot be read.
        """
        raise MeterError(self.no_busy)

    def condition(self) -> Condition:
        """Throttling, temperature, clock and other processes, now; never raises."""
        return Condition(unknown=(self.no_condition,))

    def now_s(self) -> float:
        """The time that the counter lives in, seconds."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of `now_s` pass."""
        time.sleep(seconds)

    def wait_for_update(self) -> Reading:
        """Wait until the counter changes: a difference between two changes has no rounding.

        Raises:
            MeterError: It cannot be read, or it is frozen.
        """
        return wait_for_change(
            self.energy_j, self.frozen_s, self.now_s, self.sleep, self.frozen_remedy
        )

    def chosen_by_hand(self, selector: str, device: str) -> None:
        """Note, before all others, that it is not the compute device's own sensor.

        Args:
            selector: The selector that chose it.
            device: The compute device as torch spells it.
        """
        note = (
            f"meter chosen by hand ({selector}): its energy is not that of the compute device "
            f"{device!r}"
        )
        self.notes, self.part = (note, *self.notes), ""

    def close(self) -> None:  # noqa: B027 - many a sensor has nothing to give back
        """Give the sensor back; a second call does nothing."""

    def __enter__(self) -> Self:
        """The meter itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


def wait_for_change(
    energy_j: Callable[[], float],
    timeout_s: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    remedy: str,
) -> Reading:
    """Poll a counter until it changes.

    Args:
        energy_j: Function that reads the counter.
        timeout_s: Time after which it counts as frozen, seconds.
        clock: Function that tells the time, seconds.
        sleep: Function that lets so many seconds of `clock` pass.
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
