"""What a step asks of torch: operators called and bytes allocated. Equal from run to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.figure import by_phase
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchbench.metrics.figure import Phase
    from benchbench.metrics.measurement import Measurement

__all__ = ["ALLOCATED", "OPERATORS", "measure"]

OPERATORS = by_phase(
    "operators",
    "Operators, {step}",
    "1",
    "counted",
    "calls of torch's operators in one {step}, those that operators call included",
    exact=True,
    place=400,
)
ALLOCATED = by_phase(
    "allocated",
    "Allocated bytes, {step}",
    "B",
    "counted",
    "bytes that one {step} asks of torch's allocators, given back in between or not",
    exact=True,
    place=401,
)


@probe(gives=(*OPERATORS.values(), *ALLOCATED.values()), changes_model=True)
def measure(
    step_of: Callable[[Phase], Callable[[], object]], phases: Sequence[Phase]
) -> Iterator[Measurement]:
    """Count a step of each phase; the training's steps change the weights.

    Args:
        step_of: Makes the step of a phase, on the device of the run.
        phases: The phases that the run asks for, training first.
    """
    from benchbench.probes.counting.footprint import footprint

    for phase in phases:
        kinds, allocated = footprint(step_of(phase))
        yield OPERATORS[phase](sum(kinds.values()), detail={"operators": kinds})
        yield ALLOCATED[phase](allocated)
