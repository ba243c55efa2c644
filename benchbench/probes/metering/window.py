"""One measured window: speed, energy and occupancy are all taken from the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchbench.metrics.figure import Phase

__all__ = ["Window"]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which nothing but the step ran.

    Attributes:
        phase: ``train`` or ``infer``.
        iterations: Completed steps.
        samples: Samples in these steps.
        start_s: `time.perf_counter` seconds, the device idle.
        end_s: The same, after the device has finished the last step.
    """

    phase: Phase
    iterations: int
    samples: int
    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s
