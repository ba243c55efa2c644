"""Looking at this machine and at data, and measuring a block of one's own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench import data as data_room
from benchbench.data.source import RULES, SYNTHETIC, FerPlus
from benchbench.errors import BenchbenchError, DataError
from benchbench.running.plan import hello

if TYPE_CHECKING:
    from benchbench.data.check import Check
    from benchbench.doctor.examine import Examination
    from benchbench.meters import Meter
    from benchbench.probes.metering.block import EnergyBlock

__all__ = ["check_data", "doctor", "energy"]


def energy(meter: str | Meter = "auto", *, device: str = "auto") -> EnergyBlock:
    """Measure the energy of a block of one's own code.

    >>> import benchbench
    >>> from benchbench.meters.simulated import Curve, SimulatedMeter, VirtualClock
    >>> clock = VirtualClock()
    >>> with benchbench.energy(SimulatedMeter(Curve([(0, 50.0)]), 0.02, clock)) as block:
    ...     clock.sleep(2.0)  # your own code
    >>> f"{block.joules:.0f} J, {block.watts:.0f} W, {block.provenance}"
    '100 J, 50 W, simulated'

    The block starts at a step of the sensor's counter and ends when the device has finished what
    it was given. It is the energy of the whole device, idle included: other programs on it count.

    Args:
        meter: Selector as a suite's ``meter``: ``auto``, ``rapl``, ``nvml:0`` ...; or an open
            `benchbench.meters.Meter`.
        device: Compute device whose sensor ``auto`` takes; ``auto`` for the GPU where this process
            uses one, else the processor.

    Returns:
        A block for ``with``. After it: ``joules``, ``watts``, ``seconds``, ``bound_j``,
        ``memory_joules``, ``valid``, ``reasons``; without a sensor ``joules`` is None, with the
        reason.

    Raises:
        MeterError: There is no such selector; told when the block starts.
    """
    from benchbench.probes.metering.block import EnergyBlock  # noqa: PLC0415 - only to measure

    return EnergyBlock(meter, device)


def doctor() -> Examination:
    """Try every sensor of this machine, also where no worker can start, e.g. torch is broken."""
    from benchbench.doctor.examine import examine  # noqa: PLC0415 - sensors, only to look at them

    with tempfile.TemporaryDirectory() as scratch:
        try:
            machine = hello(Path(scratch) / "doctor.log", "doctor")
        except BenchbenchError as error:
            machine = {"problem": str(error)}
    return examine(machine)


def check_data(file: str, ferplus: str | None) -> list[Check]:
    """Check a data set, and FER+'s labels of it by both rules where its votes are given.

    Raises:
        DataError: It cannot be read at all, or is no set of faces.
    """
    from benchbench.data.check import check  # noqa: PLC0415 - numpy, only to look at images

    if data_room.kind_of(file) != "faces":
        why = f"is no set of faces: `data check` looks at FER2013 and {SYNTHETIC}"
        raise DataError(file, why)
    sources = [file]
    if ferplus:
        sources += [FerPlus(rule, file, ferplus).source for rule in RULES]
    return [check(data_room.load(source)) for source in sources]
