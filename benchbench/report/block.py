"""What `benchbench.energy` found of a block of code, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.display.displayable import pages_of
from benchbench.report.banner import SIMULATED
from benchbench.report.format import Grid, Line, Notes, number
from benchbench.report.page import Page

if TYPE_CHECKING:
    from benchbench.probes.metering.block import BlockEnergy, EnergyBlock

__all__ = ["page_of"]

HEADER = ("run", "energy", "± at most", "mean power", "length", "status")


@pages_of("EnergyBlock")
def page_of(block: EnergyBlock) -> Page:
    """A line a run of the block, and what to know when reading it."""
    notes = Notes()
    runs = block.runs or (block.last,)
    lines = tuple(_line(index, run, notes) for index, run in enumerate(runs, 1))
    simulated = any(run.provenance == "simulated" for run in runs)
    sensors = dict.fromkeys(f"sensor: {run.sensor}" for run in runs if run.sensor)
    title = "Energy of a block: the whole device, idle included, metered"
    grid = Grid(title, HEADER, lines, text_columns=1)
    banner = (SIMULATED,) if simulated else ()
    return Page("Energy of a block", banner, (grid,), tuple(notes.texts), (*sensors,))


def _line(index: int, run: BlockEnergy, notes: Notes) -> Line:
    status = "ok" if run.valid else "n/a" if run.joules is None else "invalid"
    status += " (simulated)" if run.provenance == "simulated" else ""
    figures = [(run.joules, "J"), (run.bound_j, "J"), (run.watts, "W"), (run.seconds, "s")]
    cells = ["n/a" if value is None else f"{number(value)} {unit}" for value, unit in figures]
    return Line((str(index), *cells, status + notes.mark(run.reasons)))
