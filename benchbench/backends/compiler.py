"""Whether torch's compiler works here: it needs a C++ compiler, or Triton on a GPU."""

from __future__ import annotations

import os
from functools import cache

import torch

from benchbench.data.cache import folder as cache_folder

__all__ = ["bf16_units", "keep_compiled", "why_no_compiler"]

_UNITS = ("amx_bf16", "avx512_bf16")  # flags of Linux's processors with bf16 matrix products


def keep_compiled() -> None:
    """Keep what is compiled in our own cache, where no folder is named: repeats find it there."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "compiled"))


@cache
def why_no_compiler(device_type: str) -> str:
    """Why nothing can be compiled for a device; empty where a small function was.

    Args:
        device_type: ``cpu`` or ``cuda``.
    """
    keep_compiled()
    given = torch.arange(4.0, device=device_type)
    try:
        found = torch.compile(_small, dynamic=False, fullgraph=True)(given)
    except Exception as error:  # noqa: BLE001 - each compiler fails in its own way
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return "" if torch.equal(found, _small(given)) else "it gave a wrong result"


def _small(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 1, x + 1, x * 2)


def bf16_units(device: torch.device) -> str:
    """What a device multiplies bfloat16 matrices with; empty where it has nothing for that.

    Args:
        device: The device.
    """
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        return "tensor cores" if major >= 8 else ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - one line of it
            flags = next((line.split() for line in file if line.startswith("flags")), [])
    except OSError:
        return ""
    return next((unit for unit in _UNITS if unit in flags), "")
