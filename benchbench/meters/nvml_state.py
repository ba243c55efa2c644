"""What NVML says of a GPU beside its energy: power now, throttling, clock, heat, other processes.

Source: NVIDIA's nvml.h. `call` is `NvmlMeter`'s own way of calling, which raises MeterError.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.meters.base import Condition
from benchbench.meters.nvml_errors import sentence

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ENERGY",
    "FIELDS",
    "MEAN_POWER",
    "MIG_MODE",
    "POWER_INSTANT",
    "RATES",
    "TRIALS",
    "busy_samples",
    "condition",
    "instant_power_w",
    "mean_power_w",
]

ENERGY = "nvmlDeviceGetTotalEnergyConsumption"  # mJ since the driver was loaded; Volta and later
RATES = "nvmlDeviceGetUtilizationRates"
MIG_MODE = "nvmlDeviceGetMigMode"
FIELDS = "nvmlDeviceGetFieldValues"
MEAN_POWER = "nvmlDeviceGetPowerUsage"  # mW; a mean of 1 s on Ampere and later, except GA100
REASONS = "nvmlDeviceGetCurrentClocksThrottleReasons"  # every driver has this older name
CLOCK = "nvmlDeviceGetClockInfo"
TEMPERATURE = "nvmlDeviceGetTemperature"
SAMPLES = "nvmlDeviceGetSamples"
PROCESSES = "nvmlDeviceGetComputeRunningProcesses"

POWER_INSTANT = 186  # NVML_FI_DEV_POWER_INSTANT, mW
SM_CLOCK = 1  # NVML_CLOCK_SM, MHz
UTILISATION = 1  # NVML_GPU_UTILIZATION_SAMPLES, percent
GPU_SENSOR = 0  # NVML_TEMPERATURE_GPU, degrees Celsius

# Every call that is used, with its arguments after the device.
TRIALS: tuple[tuple[str, tuple[object, ...]], ...] = (
    (ENERGY, ()),
    (SAMPLES, (UTILISATION, 0)),
    (RATES, ()),
    (FIELDS, ([POWER_INSTANT],)),
    (MEAN_POWER, ()),
    (REASONS, ()),
    (CLOCK, (SM_CLOCK,)),
    (TEMPERATURE, (GPU_SENSOR,)),
    (PROCESSES, ()),
    (MIG_MODE, ()),
)

# nvmlClocksEventReason*: those of heat and of the hardware's own protection.
THROTTLES = {
    0x8: "hardware slowdown",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "hardware power brake",
}


def instant_power_w(call: Callable[..., Any], device: object) -> float:
    """Power now; the driver's answer has a return code of its own for the field.

    Raises:
        MeterError: The call or the field is refused.
    """
    (value,) = call(FIELDS, device, [POWER_INSTANT])
    if value.nvmlReturn:
        raise MeterError(sentence(f"{FIELDS} (field {POWER_INSTANT})", int(value.nvmlReturn)))
    return int(value.value.uiVal) / 1000


def mean_power_w(call: Callable[..., Any], device: object) -> float:
    """Power by the older call.

    Raises:
        MeterError: The call is refused.
    """
    return int(call(MEAN_POWER, device)) / 1000


def condition(call: Callable[..., Any], device: object) -> Condition:
    """Throttling, temperature, clock and other processes now; what is refused is in ``unknown``."""
    unknown: list[str] = []

    def ask(name: str, *arguments: object) -> Any:  # noqa: ANN401 - pynvml has no types
        try:
            return call(name, device, *arguments)
        except MeterError as error:
            unknown.append(str(error))
            return None

    bits = ask(REASONS) or 0
    listed = ask(PROCESSES)
    if listed == []:  # in a container NVML cannot name the host's processes
        unknown.append(f"{PROCESSES} lists nothing, not even this process")
    temperature, clock = ask(TEMPERATURE, GPU_SENSOR), ask(CLOCK, SM_CLOCK)
    return Condition(
        tuple(text for bit, text in THROTTLES.items() if bits & bit),
        None if temperature is None else float(temperature),
        None if clock is None else float(clock),
        _foreign([int(process.pid) for process in listed]) if listed else None,
        tuple(unknown),
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
