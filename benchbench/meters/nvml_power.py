"""NVML's power: of the GPU or of its whole module, now or as a mean, and the limit that it keeps.

Source: NVIDIA's nvml.h. `call` is `NvmlMeter`'s own way of calling, which raises MeterError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.meters.limits import Ceiling
from benchbench.meters.nvml_errors import sentence

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "FIELDS",
    "GPU",
    "LIMIT",
    "MEAN_POWER",
    "MODULE",
    "POWER_INSTANT",
    "ceiling",
    "counts_the_module",
    "field_w",
    "limit_w",
    "mean_power_w",
]

FIELDS = "nvmlDeviceGetFieldValues"
MEAN_POWER = "nvmlDeviceGetPowerUsage"  # mW; a mean of 1 s on Ampere and later, except GA100
LIMIT = "nvmlDeviceGetEnforcedPowerLimit"  # mW; the lowest of all limits that are set

POWER_INSTANT = 186  # NVML_FI_DEV_POWER_INSTANT, mW
CURRENT_LIMIT = 190  # NVML_FI_DEV_POWER_CURRENT_LIMIT, mW
GPU, MODULE = 0, 1  # NVML_POWER_SCOPE_GPU, NVML_POWER_SCOPE_MODULE: what a power field is of

MARGIN = 1.25  # ours: the driver holds a limit on average, and a counter's step may lie above it
MOST_W = 3000.0  # ours, where no limit can be read: twice the largest GPU's, of 1,400 W
SLACK_S = 0.2  # ours: the counter moves every 20 to 100 ms, and not evenly


def ceiling(limit_w: float | None) -> Ceiling:
    """What the GPU does not draw by its enforced power limit; None where that cannot be read."""
    if limit_w is None:
        return Ceiling(MOST_W, f"{MOST_W:,.0f} W (ours: no power limit can be read)", SLACK_S)
    source = f"{MARGIN:g} times the enforced power limit, {limit_w:g} W,"
    return Ceiling(MARGIN * limit_w, source, SLACK_S)


def counts_the_module(gpu: str) -> bool:
    """Whether the energy counter is that of GPU, processor and memory together.

    NVML does not say it; on Grace Hopper it is so (github.com/ml-energy/zeus/pull/172).

    Args:
        gpu: The GPU's name, e.g. ``NVIDIA GH200 480GB``.
    """
    return "GH200" in gpu


def field_w(call: Callable[..., Any], device: object, field: int, scope: int) -> float:
    """One field in watts; the driver's answer has a return code of its own for each.

    Args:
        call: Way of calling NVML that raises MeterError.
        device: NVML's handle.
        field: Number of the field, which is in milliwatts.
        scope: `GPU` or `MODULE`.

    Raises:
        MeterError: The call or the field is refused.
    """
    (value,) = call(FIELDS, device, [(field, scope)])
    if value.nvmlReturn:
        what = f"field {field}" + (", scope module" if scope == MODULE else "")
        raise MeterError(sentence(f"{FIELDS} ({what})", int(value.nvmlReturn)))
    return int(value.value.uiVal) / 1000


def mean_power_w(call: Callable[..., Any], device: object) -> float:
    """Power by the older call.

    Raises:
        MeterError: The call is refused.
    """
    return int(call(MEAN_POWER, device)) / 1000


def limit_w(call: Callable[..., Any], device: object, scope: int) -> float:
    """Power that the driver holds the device, or its module, below.

    Raises:
        MeterError: The call is refused.
    """
    if scope == MODULE:
        return field_w(call, device, CURRENT_LIMIT, MODULE)
    return int(call(LIMIT, device)) / 1000
