"""How long and how often a pair of processes is timed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The windows of one pair of processes.

    Attributes:
        turns: Number of windows a side.
        window_s: Length of a window, about, seconds.
        warmup_s: Length of each side's warm-up, seconds.
    """

    turns: int
    window_s: float
    warmup_s: float
