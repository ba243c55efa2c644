"""The page as Rich tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from benchbench.report.page import page

if TYPE_CHECKING:
    from rich.console import Console

    from benchbench.report.format import Grid
    from benchbench.report.page import Page
    from benchbench.results.schema import Results

__all__ = ["draw", "show"]

_STYLES = {
    "reproduced": "green",
    "differs": "yellow",
    "paper inconsistent": "magenta",
    "not measurable here": "dim",
}


def show(results: Results, console: Console) -> None:
    """Print the report of a run."""
    draw(page(results), console)


def draw(the_page: Page, console: Console) -> None:
    """Print a page."""
    console.print(Text(the_page.title, style="bold"))
    for line in the_page.banner:
        console.print(Text(line, style="bold yellow"))
    for grid in the_page.grids:
        if not grid.detail:
            console.print()
            console.print(_table(grid))
    if the_page.plots or any(grid.detail for grid in the_page.grids):
        console.print()
        console.print(Text("figures, confusion matrices and training curves are in report.html"))
    if the_page.notes:
        console.print()
    for number, note in enumerate(the_page.notes, 1):
        console.print(Text(f"[{number}] {note}"))
    console.print()
    for line in the_page.how:
        console.print(Text(line, style="dim"))


def _table(grid: Grid) -> Table:
    table = Table(title=escape(grid.title), title_justify="left", title_style="bold")
    last = len(grid.header) - grid.text_columns
    for index, name in enumerate(grid.header):
        words = index == 0 or index >= last
        table.add_column(escape(name), justify="left" if words else "right", overflow="fold")
    for line in grid.lines:
        cells = [Text(cell, style=_STYLES.get(cell.partition(" [")[0], "")) for cell in line.cells]
        table.add_row(*cells, style="dim italic" if line.quoted else None)
    return table
