"""One file a sensor, and the choice between them.

To add a sensor: one file with a class that fulfils `Meter`, and a branch in `open_meter`.
"""

from __future__ import annotations

from benchbench.errors import MeterError
from benchbench.meters.base import Busy, Meter, Reading
from benchbench.meters.null import NullMeter

__all__ = ["Busy", "Meter", "NullMeter", "Reading", "open_meter"]


def open_meter(selector: str, device: str, uuid: str | None) -> Meter:
    """The meter for a run.

    A sensor that cannot be opened becomes the null meter with the reason: a run without energy is
    still a run.

    Args:
        selector: ``auto`` (the sensor of the compute device), ``none``, or
            ``nvml:<index or UUID>``, chosen by hand whatever the compute device is.
        device: The compute device as torch spells it: ``cpu``, ``cuda``, ``cuda:1``.
        uuid: The compute device's UUID as NVML spells it; None on a CPU, or where it is unknown.

    Raises:
        MeterError: `selector` is none of these.
    """
    kind, _, choice = selector.partition(":")
    if selector == "none":
        return NullMeter("the suite asks for no meter (meter: none)")
    if kind == "nvml" and choice:
        return _nvml(choice, by_hand_for=(device, uuid))
    if selector != "auto":
        raise MeterError(
            f"meter {selector!r} is unknown: expected auto, none or nvml:<index or UUID>"
        )
    if not device.startswith("cuda"):
        return NullMeter(
            f"no energy sensor is known for the device {device!r}: run on an NVIDIA GPU, or choose "
            "a sensor by hand (meter: nvml:<index or UUID>)"
        )
    if not uuid:
        return NullMeter(
            f"the UUID of {device!r} is unknown, and NVML's order of GPUs is not CUDA's: choose "
            "the sensor by hand (meter: nvml:<index or UUID>)"
        )
    return _nvml(uuid)


def _nvml(choice: str, by_hand_for: tuple[str, str | None] | None = None) -> Meter:
    from benchbench.meters.nvml import NvmlMeter  # noqa: PLC0415 - only where it is wanted

    try:
        meter = NvmlMeter(choice)
    except MeterError as error:
        return NullMeter(str(error))
    if by_hand_for is not None and by_hand_for[1] != meter.uuid:
        note = (
            f"meter chosen by hand (nvml:{choice}): its energy is not that of the compute device "
            f"{by_hand_for[0]!r}"
        )
        meter.notes = (note, *meter.notes)
    return meter
