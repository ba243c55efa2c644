"""What a figure means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Method

__all__ = ["Metric"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a figure means.

    Attributes:
        name: The name in files and tables.
        title: The header in a table.
        unit: SI unit, or ``1``.
        method: How it is got.
        probe: The file in `benchbench.probes` that takes it.
        definition: One sentence, shown by ``benchbench list probes``.
        better: Which direction is better, for ratios.
        hardware: Whether the figure depends on the machine, so that its absolute value must not
            be compared with a paper's.
    """

    name: str
    title: str
    unit: str
    method: Method
    probe: str
    definition: str
    better: Literal["lower", "higher"] = "lower"
    hardware: bool = False
