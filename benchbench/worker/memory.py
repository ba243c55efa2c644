"""How much memory a worker may take, and who is killed first where there is none left."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchbench.running.cells import Cell

__all__ = ["bound_memory", "give_way"]


def give_way() -> None:
    """If the kernel has to kill for want of memory, it kills this process first."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def bound_memory(cell: Cell) -> None:
    """Make an allocation without end an error of the worker, not of the whole machine.

    CUDA reserves far more address space than it uses, so only workers on the CPU are bounded.
    """
    if cell.device != "cpu":
        return
    limit_gib = cell.settings.memory_limit_gib
    limit = int(limit_gib * 2**30) if limit_gib else int(0.9 * _available_bytes())
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _available_bytes() -> int:
    """Memory that the kernel says is available, or the cgroup's limit where that is less."""
    available = 0
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024  # the kernel's kB are KiB
    file = Path("/sys/fs/cgroup/memory.max")
    text = file.read_text("ascii").strip() if file.is_file() else "max"
    return available if text == "max" else min(available, int(text))
