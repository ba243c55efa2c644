"""What `benchbench.energy` found of a block of code, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.display.displayable import pages_of
from benchbench.report.banner import SIMULATED
from benchbench.report.format import Grid, Line, Notes, number
from benchbench.report.page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.probes.metering.block import BlockEnergy, EnergyBlock

__all__ = ["page_of"]

HEADER = ("run", "energy", "± at most", "mean power", "length", "status")
MEMORY = "of it memory"  # where the sensor tells it apart


@pages_of("EnergyBlock")
def page_of(block: EnergyBlock) -> Page:
    """A line a run of the block, and what to know when reading it."""
    notes = Notes()
    runs = block.runs or (block.last,)
    tells_memory = any(run.memory_joules is not None for run in runs)
    header = (*HEADER[:3], MEMORY, *HEADER[3:]) if tells_memory else HEADER
    lines = tuple(_line(index, run, header, notes) for index, run in enumerate(runs, 1))
    simulated = any(run.provenance == "simulated" for run in runs)
    sensors = dict.fromkeys(f"sensor: {run.sensor}" for run in runs if run.sensor)
    title = "Energy of a block: the whole device, idle included, metered"
    grid = Grid(title, header, lines, text_columns=1)
    banner = (SIMULATED,) if simulated else ()
    return Page("Energy of a block", banner, (grid,), tuple(notes.texts), (*sensors,))


def _line(index: int, run: BlockEnergy, header: Sequence[str], notes: Notes) -> Line:
    status = "ok" if run.valid else "n/a" if run.joules is None else "invalid"
    status += " (simulated)" if run.provenance == "simulated" else ""
    figures = {
        "energy": (run.joules, "J"),
        "± at most": (run.bound_j, "J"),
        MEMORY: (run.memory_joules, "J"),
        "mean power": (run.watts, "W"),
        "length": (run.seconds, "s"),
    }
    shown = [figures[name] for name in header[1:-1]]
    cells = ["n/a" if value is None else f"{number(value)} {unit}" for value, unit in shown]
    return Line((str(index), *cells, status + notes.mark(run.reasons)))
