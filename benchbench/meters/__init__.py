"""One file a sensor, and the choice between them.

To add a sensor: one file with a class that fulfils `Meter`, and a branch in `_open`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.base import Busy, Condition, Meter, Reading, Uncertainty
from benchbench.meters.null import NullMeter

if TYPE_CHECKING:
    from benchbench.meters.nvml import NvmlMeter

__all__ = [
    "EXPECTED",
    "Busy",
    "Condition",
    "Meter",
    "NullMeter",
    "Reading",
    "Uncertainty",
    "is_selector",
    "open_meter",
]


EXPECTED = "auto, none, rapl, jetson, jetson:<rail> or nvml:<index or UUID>"


def is_selector(selector: str) -> bool:
    """Whether `open_meter` knows it; the sensor itself may still be missing."""
    kind, _, choice = selector.partition(":")
    if kind in {"auto", "none", "rapl"}:
        return selector == kind
    return (kind == "jetson" and selector != "jetson:") or (kind == "nvml" and bool(choice))


def open_meter(selector: str, device: str, uuid: str | None) -> Meter:
    """The meter for a run.

    A sensor that cannot be opened becomes the null meter with the reason: a run without energy is
    still a run.

    Args:
        selector: ``auto`` (the sensor of the compute device: RAPL for a processor, NVML for a GPU
            and, where that has neither energy nor power, a Jetson's power monitor), ``none``, or
            one chosen by hand whatever the compute device is: ``rapl``, ``jetson``,
            ``jetson:<rail>``, ``nvml:<index or UUID>``.
        device: The compute device as torch spells it: ``cpu``, ``cuda``, ``cuda:1``.
        uuid: The compute device's UUID as NVML spells it; None on a CPU, or where it is unknown.

    Raises:
        MeterError: `selector` is none of these.
    """
    if not is_selector(selector):
        raise MeterError(f"meter {selector!r} is unknown: expected {EXPECTED}")
    kind, _, choice = selector.partition(":")
    try:
        return _open(kind, choice, device, uuid)
    except MeterError as error:
        return NullMeter(str(error))


def _open(kind: str, choice: str, device: str, uuid: str | None) -> Meter:
    # Each sensor's module is imported only where it is wanted.
    on_gpu = device.startswith("cuda")
    if kind == "none":
        raise MeterError("the suite asks for no meter (meter: none)")
    if kind == "rapl" or (kind == "auto" and not on_gpu):
        from benchbench.meters.rapl import RaplMeter  # noqa: PLC0415

        try:
            rapl = RaplMeter()
        except MeterError as error:
            raise MeterError(f"{error}{_on_a_jetson() if kind == 'auto' else ''}") from error
        if on_gpu:
            rapl.notes = (_by_hand("rapl", device), *rapl.notes)
        return rapl
    if kind == "jetson":
        from benchbench.meters.jetson import JetsonMeter  # noqa: PLC0415

        return JetsonMeter(choice)
    if kind == "auto":
        return _of_gpu(device, uuid)
    nvml = _nvml(choice)
    if uuid != nvml.uuid:
        nvml.notes = (_by_hand(f"nvml:{choice}", device), *nvml.notes)
    return nvml


def _of_gpu(device: str, uuid: str | None) -> Meter:
    """NVML's sensor of this GPU, or the board's power monitor where NVML has none.

    NVML first: a board with a power monitor may have a GPU in a slot, which the monitor misses.
    """
    from benchbench.meters.jetson import JetsonMeter, rails  # noqa: PLC0415
    from benchbench.meters.nvml import ENERGY  # noqa: PLC0415

    try:
        nvml = _nvml_by_uuid(device, uuid)
    except MeterError:
        if rails():
            return JetsonMeter()
        raise
    has_energy = nvml.integrates or nvml.calls[ENERGY] == "supported"
    if has_energy or not rails():
        return nvml
    nvml.close()  # a Jetson's NVML says NOT_SUPPORTED to everything
    return JetsonMeter()


def _nvml_by_uuid(device: str, uuid: str | None) -> NvmlMeter:
    if not uuid:
        raise MeterError(
            f"the UUID of {device!r} is unknown, and NVML's order of GPUs is not CUDA's: choose "
            "the sensor by hand (meter: nvml:<index or UUID>)"
        )
    return _nvml(uuid)


def _on_a_jetson() -> str:
    """What to add to a reason where the board has a monitor that includes the processor."""
    from benchbench.meters.jetson import rails  # noqa: PLC0415

    return "; on this Jetson choose its power monitor (meter: jetson)" if rails() else ""


def _nvml(choice: str) -> NvmlMeter:
    from benchbench.meters.nvml import NvmlMeter  # noqa: PLC0415 - pynvml takes 20 ms

    return NvmlMeter(choice)


def _by_hand(selector: str, device: str) -> str:
    return (
        f"meter chosen by hand ({selector}): its energy is not that of the compute device "
        f"{device!r}"
    )
