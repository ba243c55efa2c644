"""How often the kernel has ended a process for want of memory."""

from __future__ import annotations

from pathlib import Path

__all__ = ["oom_kills"]

MACHINE = Path("/proc/vmstat")  # counts those for a cgroup's limit as well


def oom_kills() -> int | None:
    """Processes that the kernel's out-of-memory killer has ended since this machine started.

    Returns:
        None where the kernel does not say (before Linux 4.13, or no Linux).
    """
    try:
        lines = MACHINE.read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)
