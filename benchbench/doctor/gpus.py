"""Every GPU that NVML sees, under the doctor's eye; none that fails hides another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.doctor.sensor import Finding, Sensor, missing, watched
from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["gpus"]

NAME = "NVIDIA GPU (NVML)"


def gpus(uuids: Sequence[str], look_s: float) -> list[Sensor]:
    """Look at each GPU; where NVML itself is missing, one line says why.

    Args:
        uuids: Those that torch sees, in torch's order.
        look_s: How long each is watched, seconds.
    """
    count = _count()
    out = [_gpu(str(index), uuids, look_s) for index in range(max(1, count))]
    known = {item.found.partition(",")[0] for gpu in out for item in gpu.findings}
    hidden = [uuid for uuid in uuids if count and uuid not in known]  # e.g. a MIG slice
    return out + [_gpu(uuid, uuids, look_s) for uuid in hidden]


def _gpu(choice: str, uuids: Sequence[str], look_s: float) -> Sensor:
    from benchbench.meters.nvml import NvmlMeter  # noqa: PLC0415 - pynvml takes 20 ms

    name, selector = f"{NAME} {choice}", f"nvml:{choice}"
    processes = _processes(choice)  # before the meter, which has NVML to itself
    try:
        meter = NvmlMeter(choice)
    except MeterError as error:
        return missing(name, selector, str(error))
    except AttributeError as error:  # a pynvml from before one of the calls
        return missing(name, selector, f"{error}: `pip install --upgrade nvidia-ml-py`")
    with meter:
        cuda = f"cuda:{uuids.index(meter.uuid)}" if meter.uuid in uuids else "not seen by torch"
        found = [Finding("UUID", f"{meter.uuid}, {cuda}")]
        found += [Finding(call, said) for call, said in meter.calls.items()]
        found += [Finding("note", note) for note in meter.notes]
        found.append(processes)
        return watched(meter, f"nvml:{meter.uuid}", found, look_s)


def _count() -> int:
    """Number of GPUs; 0 where NVML does not say, and the first one tells why."""
    found = _ask(lambda nvml: nvml.nvmlDeviceGetCount())
    return found if isinstance(found, int) else 0


def _processes(choice: str) -> Finding:
    """Who else computes there: the doctor itself has no context on it."""

    def question(nvml: Any) -> int:  # noqa: ANN401 - pynvml has no types
        if choice.isdecimal():
            device = nvml.nvmlDeviceGetHandleByIndex(int(choice))
        else:
            device = nvml.nvmlDeviceGetHandleByUUID(choice.encode())
        return len(nvml.nvmlDeviceGetComputeRunningProcesses(device))

    found = _ask(question)
    what = "other processes on it"
    if not isinstance(found, int):
        return Finding(what, "unknown")
    if not found:
        return Finding(what, "none seen; in a container those of the host may be hidden")
    return Finding(what, str(found), "end them: they draw power and slow the run down")


def _ask(question: Callable[[Any], object]) -> object:
    """What NVML says; None where it, or the call, is missing or refused."""
    try:
        import pynvml  # noqa: PLC0415 - 20 ms and 8,000 lines that only a GPU needs
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        found = question(pynvml)
        pynvml.nvmlShutdown()
    except (AttributeError, pynvml.NVMLError):
        return None
    return found
