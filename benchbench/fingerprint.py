"""What machine and software a figure belongs to. No host name, no serial numbers."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

__all__ = ["fingerprint", "gpu_uuid"]


def fingerprint() -> dict[str, Any]:
    """Processor, memory, GPUs and the versions that a result depends on."""
    found: dict[str, Any] = {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "gpus": _gpus(),
        "malloc": _allocator(),
        "threads": torch.get_num_threads(),
    }
    for name in ("torch", "spikingjelly", "torchinfo", "fvcore", "numpy"):
        found[name] = metadata.version(name)
    if torch.version.cuda:
        found["cuda"] = torch.version.cuda
    return found


def gpu_uuid(device: torch.device) -> str | None:
    """The UUID of a CUDA device as NVML spells it; None on a CPU.

    NVML's order of devices differs from CUDA's: only the UUID is the same on both sides.
    """
    if device.type != "cuda":
        return None
    uuid = str(torch.cuda.get_device_properties(device).uuid)
    return uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"


def _allocator() -> str:
    """What glibc's allocator was told, and whether the kernel has large pages for it."""
    told = os.environ.get("MALLOC_TRIM_THRESHOLD_", "default")
    pages = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    asks = "hugetlb=1" in os.environ.get("GLIBC_TUNABLES", "")
    has_them = pages.is_file() and "[never]" not in pages.read_text("utf-8")
    return f"{told}, pages of 2 MiB" if asks and has_them else told


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith(("model name", "Hardware")):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _gpus() -> list[str]:
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
