"""NVIDIA Jetson: the INA3221 and INA238 power monitors of the module, through the kernel's files.

They tell power, not energy: it is summed up in the background (`benchbench.meters.polled`). NVML
initialises on these boards and then says NOT_SUPPORTED to everything.

Sources: Jetson Linux Developer Guide, "Power monitor" (layouts and rail names by module);
Documentation/hwmon/ina3221.rst and ina238.rst of the kernel (files and units):

    JetPack 4   bus/i2c/drivers/ina3221x/*/iio:device*/rail_name_N, in_powerN_input (mW)
    JetPack 5+  class/hwmon/hwmon*/name = ina3221, inN_label, inN_input (mV), currN_input (mA)
    Thor        class/hwmon/hwmon*/name = ina238, power1_input (uW), in1_label or label

Thor's INA238 watches the input of the whole board (NVIDIA's forum, thread 366461), whatever it is
called. Of AGX Orin's rails NVIDIA's guide says that VIN_SYS_5V0 includes VDDQ_VDD2_1V8AO.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Condition, Meter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.polled import PowerIntegral
from benchbench.meters.registry import meter
from benchbench.meters.sysfs import is_real, maybe, number, root, text

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.meters.registry import Request

__all__ = ["JetsonMeter", "Rail", "open_jetson", "rails"]

TOTALS = ("VDD_IN", "POM_5V_IN", "VIN")  # the whole module, where it has such a rail
WITHIN = {"VDDQ_VDD2_1V8AO": "VIN_SYS_5V0"}  # a rail that is fed, and counted, by another one
PERIOD_S = 0.02  # ours: a fiftieth of a second costs a few file reads


@dataclass(frozen=True, slots=True)
class Rail:
    """One rail with a power monitor.

    Attributes:
        name: Name that the board gives it.
        power: File of its power; None where voltage and current are read.
        scale_w: Watts of one unit of `power`.
        volts: File of its voltage, mV.
        amps: File of its current, mA.
        whole_board: Whether it feeds module and carrier board.
    """

    name: str
    power: Path | None = None
    scale_w: float = 1e-3
    volts: Path | None = None
    amps: Path | None = None
    whole_board: bool = False

    def power_w(self) -> float:
        """Its power now.

        Raises:
            MeterError: A file is gone or holds no number.
        """
        if self.power is not None:
            return number(self.power) * self.scale_w
        if self.volts is None or self.amps is None:
            raise MeterError(f"the rail {self.name} has no file of its power")
        return number(self.volts) * number(self.amps) * 1e-6


def rails() -> list[Rail]:
    """Every rail that a power monitor of the board watches, each once."""
    found: dict[str, Rail] = {}
    for label in sorted(root().glob("bus/i2c/drivers/ina3221x/*/iio:device*/rail_name_*")):
        power = label.with_name(f"in_power{label.name.removeprefix('rail_name_')}_input")
        if power.exists() and text(label):
            found.setdefault(text(label), Rail(text(label), power))
    for chip in sorted(root().glob("class/hwmon/hwmon*")):
        kind = text(chip / "name")
        if kind == "ina238":
            name = text(chip / "label") or text(chip / "in1_label") or "VIN"
            found.setdefault(name, Rail(name, chip / "power1_input", 1e-6, whole_board=True))
        for channel in range(1, 4) if kind == "ina3221" else ():
            name = text(chip / f"in{channel}_label")
            amps = chip / f"curr{channel}_input"
            if name and name != "NC" and amps.exists():
                found.setdefault(name, Rail(name, volts=chip / f"in{channel}_input", amps=amps))
    return list(found.values())


class JetsonMeter(Meter):
    """The module's power, or one rail's.

    Attributes:
        name: The rails that are summed up.
        provenance: ``simulated`` where the files are not the kernel's own.
    """

    integrates = True
    # The averaging of the chip at its defaults is a few milliseconds; ours is the polling's period.
    uncertainty = Uncertainty(
        0.05, 0.05, "ours: shunts of 1 %, INA3221's offset of 80 uV at low power", 2 * PERIOD_S
    )
    ceiling = Ceiling(500.0, "500 W (ours: the largest module, Thor, is set to 130 W at most)")
    frozen_remedy = "see whether the rail's files in /sys move, else choose another rail or reboot"
    no_busy = "a Jetson's power monitor does not say how busy the GPU was"

    def __init__(self, rail: str = "") -> None:
        """Begin to read.

        Args:
            rail: Name of the rail; the module's total where empty.

        Raises:
            MeterError: The board has no such rail, or it cannot be read.
        """
        found = {item.name: item for item in rails()}
        if not found:
            raise MeterError(
                "no power monitor of a Jetson is there (INA3221 or INA238 in /sys): run on a "
                "Jetson, in a container with /sys mounted"
            )
        if rail and rail not in found:
            raise MeterError(f"no rail {rail!r} here: {', '.join(found)}")
        total = [name for name in TOTALS if name in found]
        total += [item.name for item in found.values() if item.whole_board]
        apart = [name for name in found if WITHIN.get(name) not in found]
        names = [rail] if rail else total[:1] or apart
        self._rails = [found[name] for name in names]
        self.name = f"power monitor of {' + '.join(names)}"
        self.provenance = "real" if is_real() else "simulated"
        covers = "of these rails together: the board has none for the whole module"
        if rail:
            covers = "of this rail alone"
        elif self._rails[0].whole_board:
            covers = "of the whole board, module and carrier"
        elif total:
            covers = "of the whole module, CPU and memory included"
        self.notes = (f"the energy is summed up from power readings, {covers}",)
        self._sum = PowerIntegral(self.power_w).start(PERIOD_S)

    def power_w(self) -> float:
        """Power of the chosen rails.

        Raises:
            MeterError: One of them cannot be read.
        """
        return sum(rail.power_w() for rail in self._rails)

    def energy_j(self) -> float:
        """Joules since the meter was opened.

        Raises:
            MeterError: A reading failed or came too late.
        """
        return self._sum.energy_j()

    def condition(self) -> Condition:
        """The hottest thermal zone, and whether the board's alarm for too much current is up."""
        zones = root().glob("class/thermal/thermal_zone*/temp")
        found = [milli_c for file in zones if (milli_c := maybe(file)) is not None]
        alarms = root().glob("class/hwmon/hwmon*/curr*_crit_alarm")
        up = any(maybe(file) for file in alarms)
        return Condition(
            ("the over-current alarm is up",) if up else (),
            max((milli_c / 1000 for milli_c in found), default=None),
            unknown=("other processes: the rail feeds all of them",),
        )

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
        self._sum.close()


@meter(
    "jetson",
    "jetson:<rail>",
    place=3,
    automatic={"gpu": 2},  # after NVML: a GPU in a slot of the board is not on its monitor
    there=rails,
    hint="on this Jetson choose its power monitor (meter: jetson)",
)
def open_jetson(request: Request) -> JetsonMeter:
    """The module's total, or the rail that was chosen.

    Raises:
        MeterError: The board has no such rail, or it cannot be read.
    """
    return JetsonMeter(request.choice)
