"""How long the first step of a process takes: what is compiled for it is told, and in no window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.figure import by_phase
from benchbench.metrics.registry import probe
from benchbench.probes.execution import NATIVE

if TYPE_CHECKING:
    from benchbench.metrics.figure import Phase
    from benchbench.metrics.measurement import Measurement

__all__ = ["FIRST_STEP", "measure"]

FIRST_STEP = by_phase(
    "first_step",
    "{phase}: first step",
    "s",
    "timed",
    "time of the first {step} in its process, with all that is compiled for it; in no window",
    rests_on="machine",
    beside_paper="ratio",
    place=883,
    otherwise=NATIVE,
)


@probe(gives=FIRST_STEP.values())
def measure(first_s: float, first_of: Phase) -> list[Measurement]:
    """The time of the first step, which a model that is executed natively is not asked for.

    Args:
        first_s: Seconds.
        first_of: Which step.
    """
    return [FIRST_STEP[first_of](first_s)]
