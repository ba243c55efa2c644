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
    5: ("ALREADY_INITIALIZED", "NVML was opened twice in this process: open the meter again"),
    6: (
        "NOT_FOUND",
        (
            "this process sees no such GPU: `nvidia-smi -L` lists the UUIDs; a MIG slice has no "
            "energy of its own, and a container sees only the GPUs it was given"
        ),
    ),
    7: (
        "INSUFFICIENT_SIZE",
        "the answer grew while it was read: run the cell again when fewer processes start and end",
    ),
    8: (
        "INSUFFICIENT_POWER",
        "the GPU's external power is not connected: plug every power cable in and reboot",
    ),
    9: (
        "DRIVER_NOT_LOADED",
        (
            "NVIDIA's kernel driver is not loaded: load it with `modprobe nvidia`, or start the "
            "container with its GPUs (`--gpus all`)"
        ),
    ),
    10: ("TIMEOUT", "the driver did not answer in time: see `dmesg` for Xid errors"),
    11: (
        "IRQ_ISSUE",
        "the kernel does not get the GPU's interrupts: see `dmesg`, then reboot",
    ),
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
    14: (
        "CORRUPTED_INFOROM",
        "the GPU's own configuration is damaged: `nvidia-smi -q` names it; have the board serviced",
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
    19: ("IN_USE", "the GPU is taken by another process: end it (`nvidia-smi` lists them)"),
    20: ("MEMORY", "the driver had too little memory to answer: end what else runs here"),
    21: (
        "NO_DATA",
        "the driver has nothing to say of it yet: keep the GPU at work and run the cell again",
    ),
    22: (
        "VGPU_ECC_NOT_SUPPORTED",
        "a virtual GPU does not do it while ECC is on: turn ECC off, or measure on bare metal",
    ),
    23: (
        "INSUFFICIENT_RESOURCES",
        "the driver has run out of what the call needs: end other monitors of this GPU",
    ),
    24: (
        "FREQ_NOT_SUPPORTED",
        "the GPU has no such clock: `nvidia-smi -q -d SUPPORTED_CLOCKS` lists them",
    ),
    25: (
        "ARGUMENT_VERSION_MISMATCH",
        "driver and nvidia-ml-py are too far apart in age: `pip install --upgrade nvidia-ml-py`",
    ),
    26: (
        "DEPRECATED",
        "this driver has given the call up: `pip install --upgrade nvidia-ml-py benchbench`",
    ),
    27: (
        "NOT_READY",
        "the GPU or its fabric is still starting: wait a minute and run the cell again",
    ),
    28: ("GPU_NOT_FOUND", "NVML sees no GPU at all: `nvidia-smi -L` lists them"),
    29: (
        "INVALID_STATE",
        "the GPU is in a state that forbids it: see `nvidia-smi -q`, then reset it or reboot",
    ),
    30: (
        "RESET_TYPE_NOT_SUPPORTED",
        "the GPU cannot be reset in this way: reboot the machine",
    ),
    999: (
        "UNKNOWN",
        "the driver failed inside: see `dmesg` for Xid errors, then reload the driver or reboot",
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
