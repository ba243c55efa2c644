"""Two processes that take turns: base and candidate, one working at a time, window by window.

A machine whose speed drifts drifts in both windows of a turn, and falls out of their ratio. What a
process brings along by itself (where its memory lies) stays the same for all its windows: so a pair
of fresh processes is one observation, and the gate starts several.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.gate.process import AgentProcess
    from benchbench.gate.schedule import Schedule
    from benchbench.gate.workloads import Workload

__all__ = ["PairedTimes", "run_pair"]


@dataclass(frozen=True, slots=True)
class PairedTimes:
    """What one pair of processes took: the observation.

    Attributes:
        base: Seconds of each step of each window of the base.
        candidate: The same of the candidate, window by window.
    """

    base: tuple[tuple[float, ...], ...]
    candidate: tuple[tuple[float, ...], ...]

    @property
    def log_ratio(self) -> float:
        """Logarithm of candidate over base: the median over the turns of the windows' minima.

        Of six ways tried on two cores with other work on them this one spread least from pair to
        pair (1.1 to 1.9 %, where the ratio of the means spread 3.0 to 4.3 %).
        """
        return statistics.median(
            math.log(min(new) / min(old))
            for old, new in zip(self.base, self.candidate, strict=True)
        )

    @property
    def step_s(self) -> tuple[float, float]:
        """A step of base and candidate, seconds: the median of the windows' minima."""
        return statistics.median(map(min, self.base)), statistics.median(map(min, self.candidate))


def run_pair(
    processes: Sequence[AgentProcess],
    workload: Workload,
    schedule: Schedule,
    *,
    candidate_first: bool,
) -> PairedTimes:
    """Time one workload: both warm up, then windows in turn, the order turned round each time.

    Args:
        processes: Base and candidate.
        workload: Step to time.
        schedule: Number and length of the windows.
        candidate_first: Whether the candidate goes first; this is drawn for each pair.

    Raises:
        SideError: One of the two cannot run it.
    """
    order = (1, 0) if candidate_first else (0, 1)
    fastest_s = math.inf
    for side in order:
        answer = processes[side].ask(
            "open",
            workload=workload.parts[processes[side].side.name],
            phase=workload.phase,
            warmup_s=schedule.warmup_s,
        )
        fastest_s = min(fastest_s, answer["step_s"])
    steps = max(1, round(schedule.window_s / fastest_s)) + 1
    windows: tuple[list[tuple[float, ...]], ...] = ([], [])
    for turn in range(schedule.turns):
        for side in order if turn % 2 == 0 else reversed(order):
            seconds = processes[side].ask("play", steps=steps)["seconds"]
            windows[side].append(tuple(seconds[1:]))  # the first one warms the caches again
    return PairedTimes(tuple(windows[0]), tuple(windows[1]))
