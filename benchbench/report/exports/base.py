"""What the exports have in common: their declaration, and which figures may leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS
from benchbench.report.banner import marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchbench.metrics.figure import Figure
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import CellResult, Results

    Files = Callable[[Results], Mapping[str, str]]

__all__ = ["EXPORTS", "Export", "export", "named", "usable"]


@dataclass(frozen=True, slots=True)
class Export:
    """A format of another tool.

    Attributes:
        says: What it is for, in one sentence.
        files: Gives the text of each file by its name.
    """

    says: str
    files: Files


EXPORTS: dict[str, Export] = {}


def export(name: str, says: str) -> Callable[[Files], Files]:
    """Declare a format.

    Args:
        name: What ``--to`` takes.
        says: What it is for, in one sentence.
    """

    def register(function: Files) -> Files:
        EXPORTS[name] = Export(says, function)
        return function

    return register


def named(results: Results) -> str:
    """The suite's name with the run's `marks`: other tools compare what has one name."""
    found = marks(results)
    return f"{results.suite.name} ({', '.join(found)})" if found else results.suite.name


def usable(results: Results) -> Iterator[tuple[CellResult, Figure, Measurement]]:
    """Every figure that has a value and may be compared, with its model's cell.

    What is ``n/a``, invalid or from a simulated sensor does not leave: no other tool has a place
    for the reason.
    """
    for cell in results.cells:
        for name, figure in cell.measurements.items():
            sound = figure.valid and figure.provenance == "real"
            if name in METRICS and figure.value is not None and sound:
                yield cell, METRICS[name], figure
