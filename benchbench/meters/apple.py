"""Apple silicon: the energy counters of the chip's own model, by ``zeus-apple-silicon``.

The library reads IOReport's group "Energy Model": counters in millijoules that the chip computes
from utilisation, clock and voltage. They are estimates, as Apple's manual of ``powermetrics`` says.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.meters.base import Meter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.registry import meter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.meters.registry import Request

__all__ = ["AppleMeter", "open_apple"]

PARTS = {
    "cpu": "cpu_total_mj",
    "gpu": "gpu_mj",
    "gpu sram": "gpu_sram_mj",
    "dram": "dram_mj",
    "ane": "ane_mj",
}
MILLI = 1e-3


class AppleMeter(Meter):
    """Processor, GPU, memory and neural engine of the chip, as far as it counts them.

    Attributes:
        name: The parts that are summed up.
        provenance: ``simulated`` where the library says so of itself.
    """

    uncertainty = Uncertainty(0.1, 1.0, "ours: Apple calls its counters estimates")
    may_rest = ("gpu", "gpu sram", "ane")  # `powermetrics` shows 0 mW of them while they are idle
    ceiling = Ceiling(500.0, "500 W (ours: above the largest of these chips)")
    frozen_remedy = "see whether `sudo powermetrics` counts"

    def __init__(self) -> None:
        """Open the library.

        Raises:
            MeterError: It is not there, or the chip counts nothing.
        """
        try:
            library: Any = importlib.import_module("zeus_apple_silicon")
            self._monitor: Any = library.AppleEnergyMonitor()
        except ImportError as error:
            raise MeterError(f"zeus-apple-silicon cannot be loaded: {error}") from error
        except Exception as error:
            raise MeterError(f"zeus-apple-silicon: {type(error).__name__}: {error}") from error
        self._parts = [name for name, joules in self._read().items() if joules is not None]
        if not self._parts:
            raise MeterError("this chip counts no energy")
        self.memory = tuple(name for name in self._parts if name == "dram")
        self.name = f"Apple silicon, {' + '.join(self._parts)}"
        self.provenance = "simulated" if getattr(library, "SIMULATED", False) else "real"
        self.notes = (
            "the chip's own estimate from utilisation, clock and voltage, not a power sensor's",
        )

    def _read(self) -> dict[str, float | None]:
        try:
            found = self._monitor.get_cumulative_energy()
        except Exception as error:
            raise MeterError(f"zeus-apple-silicon: {type(error).__name__}: {error}") from error
        values = {name: getattr(found, field, None) for name, field in PARTS.items()}
        return {name: None if it is None else MILLI * float(it) for name, it in values.items()}

    def counters_j(self) -> Mapping[str, float]:
        """Each part's counter, joules.

        Raises:
            MeterError: One of them is gone.
        """
        found = self._read()
        gone = [name for name in self._parts if found[name] is None]
        if gone:
            raise MeterError(f"the counter of {gone[0]} is gone")
        return {name: float(found[name] or 0.0) for name in self._parts}

    def energy_j(self) -> float:
        """The sum of all parts, joules.

        Raises:
            MeterError: One of them cannot be read.
        """
        return sum(self.counters_j().values())


@meter(
    "apple",
    place=5,
    automatic={"cpu": 2},
    there=lambda: importlib.util.find_spec("zeus_apple_silicon"),
)
def open_apple(_: Request) -> AppleMeter:
    """The chip's counters.

    Raises:
        MeterError: There are none.
    """
    return AppleMeter()
