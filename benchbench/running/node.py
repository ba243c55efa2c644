"""The name of a cluster's node: a figure of one node is not set against one of another."""

from __future__ import annotations

import os

__all__ = ["node"]


def node() -> dict[str, str]:
    """``node`` with its name inside a job of Slurm; nothing elsewhere: no host's name is kept."""
    name = os.environ.get("SLURMD_NODENAME", "")
    return {"node": name} if name else {}
