"""NVML's error codes as sentences: what is the cause and what to do about it.

The codes are those of ``nvmlReturn_t`` in NVIDIA's nvml.h; they are numbers here so that a reason
can be given where `pynvml` itself cannot be imported.
"""

from __future__ import annotations

__all__ = ["code_name", "is_a_slice", "sentence"]

_REASONS: dict[int, tuple[str, str]] = {
    1: ("UNINITIALIZED", "NVML was closed before this reading: open the meter again"),
    2: (
        "INVALID_ARGUMENT",
        "the driver knows no such device or setting: `nvidia-smi -L` lists the GPUs",
    ),
    3: (
        "NOT_SUPPORTED",
        (
            "this GPU or its virtualisation does not offer it: energy needs Volta or later, bare "
            "metal or pass-through (no vGPU, no Jetson)"
        ),
    ),
    4: (
        "NO_PERMISSION",
        "this user may not read it: run as root, or ask the administrator to allow it",
    ),
    6: (
        "NOT_FOUND",
        (
            "this process sees no such GPU: `nvidia-smi -L` lists the UUIDs; a MIG slice has no "
            "energy of its own, and a container sees only the GPUs it was given"
        ),
    ),
    9: (
        "DRIVER_NOT_LOADED",
        (
            "NVIDIA's kernel driver is not loaded: load it with `modprobe nvidia`, or start the "
            "container with its GPUs (`--gpus all`)"
        ),
    ),
    10: ("TIMEOUT", "the driver did not answer in time: see `dmesg` for Xid errors"),
    12: (
        "LIBRARY_NOT_FOUND",
        (
            "libnvidia-ml.so.1 is missing or cannot be loaded: install NVIDIA's driver, or start "
            "the container with the NVIDIA Container Toolkit (`--gpus all`)"
        ),
    ),
    13: (
        "FUNCTION_NOT_FOUND",
        "the installed driver's NVML is too old and lacks the function: update the driver",
    ),
    15: (
        "GPU_IS_LOST",
        "the GPU fell off the bus: see `dmesg` for Xid 79, then reset the GPU or reboot",
    ),
    16: ("RESET_REQUIRED", "the GPU needs a reset: `nvidia-smi --gpu-reset`, or reboot"),
    17: (
        "OPERATING_SYSTEM",
        (
            "the operating system or its sandbox blocked the request: give this process access to "
            "/dev/nvidia*"
        ),
    ),
    18: (
        "LIB_RM_VERSION_MISMATCH",
        (
            "library and kernel module are of different versions, most often after an update: "
            "reboot, or reload the nvidia modules"
        ),
    ),
}


def code_name(code: int) -> str:
    """NVML's own name of an error code, e.g. ``NOT_SUPPORTED``."""
    return _REASONS[code][0] if code in _REASONS else f"error {code}"


def sentence(call: str, code: int) -> str:
    """Why an NVML call failed and what to do, one sentence.

    Args:
        call: The NVML function, e.g. ``nvmlInit``.
        code: What it returned.
    """
    name = code_name(code)
    remedy = _REASONS.get(code, ("", "see `nvidia-smi -q` and `dmesg`"))[1]
    return f"{call} says {name}: {remedy}"


def is_a_slice(uuid: str) -> str:
    """Why a MIG slice has no energy of its own, and what to choose instead."""
    return (
        f"{uuid} is a MIG slice, and NVML counts energy for a whole GPU only: measure on a GPU "
        "without MIG, or choose its parent by `meter: nvml:GPU-...`, which includes every other "
        "slice"
    )
