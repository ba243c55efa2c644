"""RAPL: the energy counters of the processor's packages, through Linux's powercap.

Source: Documentation/power/powercap/powercap.rst and Documentation/ABI/testing/sysfs-class-powercap
of the kernel: ``energy_uj`` (microjoules, starts again at ``max_energy_range_uj``), ``name``. The
same files serve AMD. A counter that falls has started again only where its zone can have drawn as
much as that needs; else it was reset or misread, and there is no figure.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Condition, Meter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.polled import Ticker
from benchbench.meters.powercap import Zone, zones
from benchbench.meters.registry import meter
from benchbench.meters.sysfs import is_real, maybe, number, root, text
from benchbench.meters.unwrap import Unwrapped

if TYPE_CHECKING:
    from benchbench.meters.registry import Request

__all__ = ["RaplMeter", "open_rapl"]

LONGEST_SILENCE_S = 10.0


class RaplMeter(Meter):
    """The sum of all packages and of the memory that has a counter of its own.

    A package is without the memory that is plugged in beside it; ``psys`` holds both, and is not
    read. What the memory's zones counted stands alone as well (`memory_j`).

    Attributes:
        name: The counters that are summed up.
        provenance: ``simulated`` where the files are not the kernel's own.
    """

    part = "cpu"
    uncertainty = Uncertainty(
        0.05, 5.0, "ours: Intel states no accuracy; RAPL against plug meters, Khan et al. 2018"
    )
    frozen_remedy = (
        "virtual machines may show zones that do not count: run on bare metal, see `dmesg`"
    )
    no_memory = (
        "RAPL has no zone of the memory (dram) here, and its packages are without the memory"
    )
    no_power = "RAPL counts energy and has no power reading beside it"
    no_busy = "RAPL does not say how busy the processor was"

    def __init__(self) -> None:
        """Open every zone.

        Raises:
            MeterError: There is none, or one of them cannot be read.
        """
        self._zones = zones()
        if not self._zones:
            raise MeterError(
                "there is no RAPL: /sys/class/powercap has no package (a virtual machine, a "
                "container without /sys, or another processor): run on bare metal, "
                "`modprobe intel_rapl_msr`"
            )
        for zone in self._zones:
            if zone.problem:
                raise MeterError(zone.problem)
        self._counters = [
            Unwrapped(
                f"RAPL's counter of {zone.name}", partial(_read_j, zone), zone.range_j, zone.ceiling
            )
            for zone in self._zones
        ]
        self.ceiling = Ceiling(
            sum(zone.ceiling.power_w for zone in self._zones),
            "; ".join(zone.ceiling.source for zone in self._zones),
            max(zone.ceiling.slack_s for zone in self._zones),
        )
        self.name = f"RAPL, {' + '.join(zone.name for zone in self._zones)}"
        self.provenance = "real" if is_real() else "simulated"
        self.memory = tuple(zone.name for zone in self._zones if zone.is_memory)
        self.notes = (
            "RAPL counts the whole processor with every process on it, "
            + (f"and the memory ({', '.join(self.memory)}), " if self.memory else "")
            + ("not " if self.memory else "without the memory, not ")
            + "the board, the disks or the power supply",
            *_untold(self._zones),
            *(
                f"{' and '.join(zone.mirrors)}: the same counter as {zone.name}, counted once"
                for zone in self._zones
                if zone.mirrors
            ),
        )
        self._lock = threading.Lock()
        self._ticker: Ticker | None = None
        self.energy_j()
        silence_s = min(counter.fills_in_s for counter in self._counters) / 2
        self._ticker = Ticker(self._keep, min(silence_s, LONGEST_SILENCE_S))

    def energy_j(self) -> float:
        """Joules since the meter was opened.

        Raises:
            MeterError: A zone is gone, holds garbage, was reset, or was not read in time.
        """
        return sum(self.counters_j().values())

    def counters_j(self) -> dict[str, float]:
        """Joules of each zone since the meter was opened.

        Raises:
            MeterError: A zone is gone, holds garbage, was reset, or was not read in time.
        """
        with self._lock:  # reading and adding are one: else a later reading could be added first
            return {
                zone.name: counter.energy_j()
                for zone, counter in zip(self._zones, self._counters, strict=True)
            }

    def _keep(self) -> None:
        """See every time that a counter starts again, also between windows."""
        try:
            self.energy_j()
        except MeterError:
            return  # the next reading says it

    def condition(self) -> Condition:
        """How often the packages have throttled, their temperature and clock."""
        return Condition(
            temperature_c=_temperature_c(),
            clock_mhz=_clock_mhz(),
            throttles=_throttles(),
            unknown=("other processes: the counter is the whole processor's",),
        )

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
        if self._ticker is not None:
            self._ticker.close()


@meter("rapl", place=2, automatic={"cpu": 1})
def open_rapl(request: Request) -> RaplMeter:
    """The processor's counters; for a run on a GPU they are another device's, and a note says so.

    Raises:
        MeterError: There is none, or one of them cannot be read.
    """
    rapl = RaplMeter()
    if request.processor != "cpu":
        rapl.chosen_by_hand(request.selector, request.device)
    return rapl


def _untold(found: list[Zone]) -> tuple[str, ...]:
    """A note where some packages have a counter of their memory and others have none."""
    told = {zone.name.removesuffix(" dram") for zone in found if zone.is_memory}
    without = [zone.name for zone in found if not zone.is_memory and zone.name not in told]
    if not told or not without:
        return ()
    return (f"the memory of {' and '.join(without)} has no counter and is in no figure",)


def _read_j(zone: Zone) -> float:
    """A zone's counter as it stands."""
    return number(zone.folder / "energy_uj") / 1e6


def _throttles() -> int | None:
    """How often the packages have throttled since the start (Documentation/ABI/testing, cpu)."""
    found = dict[str, int]()
    for file in sorted(
        root().glob("devices/system/cpu/cpu*/thermal_throttle/package_throttle_count")
    ):
        package = text(file.parent.parent / "topology" / "physical_package_id")
        if (count := maybe(file)) is not None:
            found[package] = count
    return sum(found.values()) if found else None


def _temperature_c() -> float | None:
    """The hottest package, from the thermal zone that the kernel names after it."""
    found = [
        maybe(zone / "temp")
        for zone in root().glob("class/thermal/thermal_zone*")
        if text(zone / "type") == "x86_pkg_temp"
    ]
    return max((milli_c / 1000 for milli_c in found if milli_c is not None), default=None)


def _clock_mhz() -> float | None:
    """Mean clock of all processors; cpufreq gives kHz."""
    files = root().glob("devices/system/cpu/cpu*/cpufreq/scaling_cur_freq")
    found = [clock_khz for file in files if (clock_khz := maybe(file)) is not None]
    return sum(found) / len(found) / 1000 if found else None
