"""AMD GPUs: the energy accumulator of amdsmi, AMD's own library (ROCm's ``amdsmi`` package).

``amdsmi_get_energy_count`` gives an accumulator, what one step of it is in microjoules, and a time
stamp; ``amdsmi_get_power_info`` the power of the socket in watts, ``"N/A"`` where a card has none.
Of a card of two dies (MI250) the first die's is that of both, and the second's stays 0 (commit
076f55a45e9e of Linux, "Only primary die supports power data"): a counter that stands still.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchbench.errors import MeterError
from benchbench.meters.base import Condition, Meter
from benchbench.meters.limits import Ceiling, Uncertainty
from benchbench.meters.registry import meter
from benchbench.meters.rising import Rising

if TYPE_CHECKING:
    from types import ModuleType

    from benchbench.meters.registry import Request

__all__ = ["AmdMeter", "open_amd"]

MICRO = 1e-6
DRIVER = Path("/dev/kfd")  # ROCm's; other tools bring the library to machines of other makers
POWERS = ("current_socket_power", "average_socket_power", "socket_power")  # as cards have them


class AmdMeter(Meter):
    """One AMD GPU.

    Attributes:
        name: The card.
        provenance: ``simulated`` where the library says so of itself.
    """

    part: Literal["cpu", "gpu", ""] = "gpu"
    uncertainty = Uncertainty(0.05, 5.0, "ours: AMD states no accuracy of the accumulator")
    ceiling = Ceiling(2000.0, "2000 W (ours: above any card's limit)")
    frozen_remedy = "see whether `amd-smi metric --energy` moves"
    no_busy = "amdsmi's activity is of one moment, not of a window"

    def __init__(self, index: int | None) -> None:
        """Open the library and the card.

        Args:
            index: Number of the card in amdsmi's order; None where there is to be one alone.

        Raises:
            MeterError: The library or the card is not there, or has no energy accumulator.
        """
        self._library: Any = _load()
        self._open = False
        self._asked("amdsmi_init")
        self._open = True
        try:
            self._handle = self._card(index)
            self._counter = Rising("the energy accumulator", "J", self._accumulated_j)
            self.energy_j()
        except MeterError:
            self.close()
            raise
        market = self._asked("amdsmi_get_gpu_asic_info", self._handle).get("market_name", "")
        self.name = f"amdsmi, {market or 'AMD GPU'}"
        self.provenance = "simulated" if getattr(self._library, "SIMULATED", False) else "real"
        self.notes = ("the energy of the whole socket, memory included, by AMD's accumulator",)

    def _card(self, index: int | None) -> Any:  # noqa: ANN401 - the library's handle
        cards = self._asked("amdsmi_get_processor_handles")
        if not cards:
            raise MeterError("amdsmi sees no AMD GPU here")
        if index is None and len(cards) > 1:
            raise MeterError(
                f"amdsmi sees {len(cards)} GPUs, in an order that is not torch's: choose one by "
                "hand (meter: amd:<index>)"
            )
        if (index or 0) >= len(cards):
            raise MeterError(f"amdsmi sees {len(cards)} GPU(s), and none with the number {index}")
        return cards[index or 0]

    def _asked(self, function: str, *given: Any) -> Any:  # noqa: ANN401 - the library's own
        try:
            return getattr(self._library, function)(*given)
        except Exception as error:
            text = " ".join(str(error).split())
            raise MeterError(f"{function}: {type(error).__name__}: {text}") from error

    def energy_j(self) -> float:
        """The accumulator, joules.

        Raises:
            MeterError: It cannot be read, or has gone back since the meter was opened.
        """
        return self._counter.now()

    def _accumulated_j(self) -> float:
        found = self._asked("amdsmi_get_energy_count", self._handle)
        return MICRO * float(found["energy_accumulator"]) * float(found["counter_resolution"])

    def power_w(self) -> float:
        """Power of the socket now.

        Raises:
            MeterError: The card tells none.
        """
        found = self._asked("amdsmi_get_power_info", self._handle)
        for key in POWERS:
            if isinstance(value := found.get(key), int | float) and value > 0:
                return float(value)
        raise MeterError("amdsmi tells no power of this card")

    def condition(self) -> Condition:
        """What of its state amdsmi tells without knowing the card: nothing yet."""
        return Condition(unknown=("throttling, temperature and other processes of an AMD GPU",))

    def close(self) -> None:
        """Give the library back; a second call does nothing."""
        if self._open:
            self._open = False
            with contextlib.suppress(MeterError):
                self._asked("amdsmi_shut_down")


def _load() -> ModuleType:
    """The library; what it prints while it loads is kept off the output, which may be JSON."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            return importlib.import_module("amdsmi")
    except (ImportError, OSError, KeyError, AttributeError) as error:
        why = " ".join(printed.getvalue().split()) or f"{type(error).__name__}: {error}"
        raise MeterError(f"amdsmi cannot be loaded: {why}: install ROCm's driver") from error


@meter(
    "amd",
    "amd:<index>",
    place=5,
    automatic={"gpu": 3},
    there=DRIVER.exists,
)
def open_amd(request: Request) -> AmdMeter:
    """The one AMD GPU of this machine, or that of a number.

    Raises:
        MeterError: There is none, it has no energy accumulator, or the GPU that computes is of
            another maker and no number is given.
    """
    choice = request.choice
    if choice and not choice.isdigit():
        raise MeterError(f"amd:{choice}: expected the number of a card, as `amd-smi list` has it")
    computes = request.processor == "gpu" and _torch_has_rocm()
    if request.processor == "gpu" and not computes and not choice:
        raise MeterError(
            "the GPU that computes is no AMD GPU: this torch is not built for ROCm "
            "(meter: amd:<index> chooses a card by hand)"
        )
    found = AmdMeter(int(choice) if choice else None)
    if not computes:
        found.chosen_by_hand(request.selector, request.device)
    elif choice:
        note = f"whether card {choice} is the compute device {request.device!r} is not known"
        found.notes = (f"meter chosen by hand ({request.selector}): {note}", *found.notes)
        found.part = ""
    return found


def _torch_has_rocm() -> bool:
    """Whether the torch that computes in this process does so on AMD's GPUs."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.version.hip is not None
