"""What NVML says of a GPU beside its energy: throttling, limits, clock, heat, other processes.

Source: NVIDIA's nvml.h. `call` is `NvmlMeter`'s own way of calling, which raises MeterError.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.meters import nvml_power as power
from benchbench.meters.base import Condition

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ENERGY",
    "MIG_MODE",
    "RATES",
    "TRIALS",
    "busy_samples",
    "condition",
]

ENERGY = "nvmlDeviceGetTotalEnergyConsumption"  # mJ since the driver was loaded; Volta and later
RATES = "nvmlDeviceGetUtilizationRates"
MIG_MODE = "nvmlDeviceGetMigMode"
REASONS = "nvmlDeviceGetCurrentClocksThrottleReasons"  # every driver has this older name
CLOCK = "nvmlDeviceGetClockInfo"
TEMPERATURE = "nvmlDeviceGetTemperature"
SAMPLES = "nvmlDeviceGetSamples"
PROCESSES = "nvmlDeviceGetComputeRunningProcesses"
VIOLATIONS = "nvmlDeviceGetViolationStatus"  # ns for which a policy has held the clocks down so far

CAPPED = 0  # NVML_PERF_POLICY_POWER: the power limit, which is how the device was set up
# NVML_PERF_POLICY_THERMAL and _BOARD_LIMIT: heat, and the hardware's own protection.
PROTECTIONS = {1: "thermal slowdown", 3: "board limit"}
SM_CLOCK = 1  # NVML_CLOCK_SM, MHz
UTILISATION = 1  # NVML_GPU_UTILIZATION_SAMPLES, percent
GPU_SENSOR = 0  # NVML_TEMPERATURE_GPU, degrees Celsius

# Every call that is used, with its arguments after the device.
TRIALS: tuple[tuple[str, tuple[object, ...]], ...] = (
    (ENERGY, ()),
    (SAMPLES, (UTILISATION, 0)),
    (RATES, ()),
    (power.FIELDS, ([(power.POWER_INSTANT, power.GPU)],)),
    (power.MEAN_POWER, ()),
    (REASONS, ()),
    (CLOCK, (SM_CLOCK,)),
    (TEMPERATURE, (GPU_SENSOR,)),
    (PROCESSES, ()),
    (MIG_MODE, ()),
    (power.LIMIT, ()),
    (VIOLATIONS, (1,)),
)

# nvmlClocksEventReason*: those of heat and of the hardware's own protection.
THROTTLES = {
    0x8: "hardware slowdown",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "hardware power brake",
}


def condition(call: Callable[..., Any], device: object, scope: int = power.GPU) -> Condition:
    """The device's state now; what is refused is in ``unknown``.

    Args:
        call: Way of calling NVML that raises MeterError.
        device: NVML's handle.
        scope: Scope of its energy counter, `GPU` or `MODULE` of `benchbench.meters.nvml_power`.
    """
    unknown: list[str] = []

    def ask(name: str, *arguments: object) -> Any:  # noqa: ANN401 - pynvml has no types
        try:
            return call(name, device, *arguments)
        except MeterError as error:
            unknown.append(str(error))
            return None

    def held_back_s(policy: int) -> float | None:
        status = ask(VIOLATIONS, policy)
        return None if status is None else status.violationTime / 1e9

    bits = ask(REASONS) or 0
    listed = ask(PROCESSES)
    if listed == []:  # in a container NVML cannot name the host's processes
        unknown.append(f"{PROCESSES} lists nothing, not even this process")
    temperature, clock = ask(TEMPERATURE, GPU_SENSOR), ask(CLOCK, SM_CLOCK)
    throttled_s = {text: held_back_s(policy) for policy, text in PROTECTIONS.items()}
    capped_s = held_back_s(CAPPED)
    try:
        limit_w = power.limit_w(call, device, scope)
    except MeterError as error:
        limit_w = None
        unknown.append(str(error))
    return Condition(
        tuple(text for bit, text in THROTTLES.items() if bits & bit),
        None if temperature is None else float(temperature),
        None if clock is None else float(clock),
        _foreign([int(process.pid) for process in listed]) if listed else None,
        limit_w,
        {text: seconds for text, seconds in throttled_s.items() if seconds is not None},
        capped_s=capped_s,
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _foreign(pids: list[int]) -> int:
    """Other processes: all but this one, which a container knows by another number."""
    own = os.getpid()
    return len([pid for pid in pids if pid != own]) if own in pids else len(pids) - 1


# The field of nvmlValue_t by nvmlValueType_t, in the order of nvml.h.
_VALUE_FIELDS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
_CLOCK_TOLERANCE_S = 5.0  # a sample this far from now was not stamped with the system's clock


def busy_samples(call: Callable[..., Any], device: object) -> list[tuple[float, float]]:
    """Time (`time.perf_counter` seconds) and share of each sample in NVML's buffer.

    Raises:
        MeterError: NVML refuses, or its stamps are of another clock.
    """
    kind, raw = call(SAMPLES, device, UTILISATION, 0)
    to_perf_counter = time.perf_counter() - time.time()  # NVML stamps with the epoch, in us
    samples = [
        (
            sample.timeStamp / 1e6 + to_perf_counter,
            float(getattr(sample.sampleValue, _VALUE_FIELDS[kind])) / 100,
        )
        for sample in raw
        if sample.timeStamp  # the buffer's unused places are 0
    ]
    if samples:
        newest_s = max(time_s for time_s, _ in samples)
        if abs(newest_s - time.perf_counter()) > _CLOCK_TOLERANCE_S:
            raise MeterError(
                "the newest utilisation sample is not of the last "
                f"{_CLOCK_TOLERANCE_S:g} s by the system's clock"
            )
    return samples
