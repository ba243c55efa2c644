"""Which of powercap's counters make up the processor, each once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from benchbench.errors import MeterError
from benchbench.meters.limits import Ceiling
from benchbench.meters.sysfs import maybe, number, root, text

__all__ = ["MOST_W", "Zone", "zones"]

MOST_W = 1500.0  # ours: three times the 500 W that the largest processors are sold for
MARGIN = 2.0  # ours: limits are held on the average of milliseconds to seconds, and may be exceeded
SLACK_S = 0.1  # ours: RAPL's counters move about every millisecond

MIRROR_J = 1.0  # ours: one counter read twice, a millisecond apart at most, differs by less
_POWERCAP = Path("class/powercap")
_DIE = re.compile(r"(package-\d+)-die-\d+")


@dataclass(frozen=True, slots=True)
class Zone:
    """One counter that is summed up.

    Attributes:
        name: Name that the kernel gives it: ``package-0``, ``dram``.
        folder: Folder of its files.
        range_j: Joules at which it starts again; None where it does not say.
        ceiling: Power that it does not exceed.
        problem: Reason why it cannot be read; empty where it can.
        mirrors: Names of further zones that show this same counter.
    """

    name: str
    folder: Path
    range_j: float | None
    ceiling: Ceiling
    problem: str
    mirrors: tuple[str, ...] = ()

    @property
    def is_memory(self) -> bool:
        """Whether it counts memory alone, and no package."""
        return self.name.rpartition(" ")[2] == "dram"


def zones() -> list[Zone]:
    """The packages, and the memory beside them, each once.

    ``core`` and ``uncore`` lie within a package, ``psys`` around all of them, and
    ``intel-rapl-mmio`` shows a package a second time: none of these is added. AMD's multi-die
    packages (Zen 1, Zen 2) have one zone a die, all of them the package's counter, where Intel's
    dies have one each (github.com/mlco2/codecarbon/issues/1274): the readings tell which it is.
    """
    found: dict[str, Zone] = {}
    place = root() / _POWERCAP
    folders = [*place.glob("intel-rapl:*"), *place.glob("intel-rapl-mmio:*")]
    for folder in sorted(folders, key=lambda folder: ("mmio" in folder.name, folder.name)):
        name, parent = text(folder / "name"), folder.name.rpartition(":")[0]
        is_package = name.startswith("package")
        if not is_package and name != "dram":
            continue
        owner = text(place / parent / "name") if ":" in parent else ""
        key = name if is_package else f"{owner} {name}"
        if key in found:
            continue
        zone = _zone(key, folder)
        first = next((other for other in found.values() if _is_mirrored(other, zone)), None)
        if first is None:
            found[key] = zone
        else:
            found[first.name] = replace(first, mirrors=(*first.mirrors, key))
    return list(found.values())


def _is_mirrored(first: Zone, second: Zone) -> bool:
    """Whether two dies of one package show one counter: the second's lies between two of the first.

    Ours: two counters of their own, of 65 kJ or more, agree to 1 J by chance alone.
    """
    die, other = _DIE.fullmatch(first.name), _DIE.fullmatch(second.name)
    if die is None or other is None or die[1] != other[1] or first.problem or second.problem:
        return False
    try:
        before_j, between_j, after_j = (
            number(zone.folder / "energy_uj") / 1e6 for zone in (first, second, first)
        )
    except MeterError:
        return False  # the next reading says it
    return before_j - MIRROR_J <= between_j <= after_j + MIRROR_J


def _zone(name: str, folder: Path) -> Zone:
    problem, range_j = "", None
    try:
        range_j = number(folder / "max_energy_range_uj") / 1e6 or None
    except MeterError:
        range_j = None  # an old kernel; only a backward counter is then an error
    try:
        number(folder / "energy_uj")
    except MeterError as error:
        problem = str(error)
    return Zone(name, folder, range_j, _ceiling(name, folder), problem)


def _ceiling(name: str, folder: Path) -> Ceiling:
    """Twice the highest power limit that the kernel states for the zone, 1,500 W at most.

    Source: Documentation/power/powercap/powercap.rst: ``constraint_N_power_limit_uw`` is what the
    zone is held to, ``constraint_N_max_power_uw`` the highest that this may be set to, and
    ``enabled`` 0 means that nothing holds it, as on AMD, which has no constraints at all.
    """
    limits_uw = [
        maybe(file) or 0
        for kind in ("power_limit_uw", "max_power_uw")
        for file in folder.glob(f"constraint_*_{kind}")
    ]
    highest_w = max(limits_uw, default=0) / 1e6
    if maybe(folder / "enabled") != 1 or not 0 < MARGIN * highest_w < MOST_W:
        return Ceiling(MOST_W, f"{MOST_W:,.0f} W (ours: no {name} draws as much)", SLACK_S)
    source = f"{MARGIN:g} times the power limit of {name}, {highest_w:g} W,"
    return Ceiling(MARGIN * highest_w, source, SLACK_S)
