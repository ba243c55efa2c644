"""The page as Rich tables, in whatever width there is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from benchbench.display.displayable import draws
from benchbench.display.text import in_ascii, mapped
from benchbench.report.fitting import fitted, widths_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType

    from benchbench.report.format import Grid
    from benchbench.report.page import Page

__all__ = ["PageOnConsole", "draw", "renderable"]

_STYLES = {
    "reproduced": "green",
    "differs": "yellow",
    "paper inconsistent": "magenta",
    "not measurable here": "dim",
}
BEST = " ★"
LONGEST, SHOWN = 60, 20  # lines of a table: of a longer one so many are shown


def draw(the_page: Page, console: Console) -> None:
    """Print a page."""
    console.print(renderable(the_page))


@draws("rich")
def renderable(the_page: Page) -> PageOnConsole:
    """A page as what Rich can print."""
    return PageOnConsole(the_page)


class PageOnConsole:
    """A page that takes its form when the width and the characters of the console are known."""

    def __init__(self, the_page: Page) -> None:
        """Hold the page."""
        self._page = the_page

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """The parts of the page, one below the other."""
        page = replace(self._page, grids=tuple(map(_marked, self._page.grids)))
        if options.ascii_only:  # before anything is fitted: some become longer by it
            page = mapped(page, in_ascii)
        yield Text(page.title, style="bold")
        yield from (Text(it.sentence, style="bold cyan") for it in page.headlines)
        if page.headlines:
            yield Text(page.measured)
        yield from (Text(line, style="bold yellow") for line in page.banner)
        for grid in page.grids:
            if not grid.detail:
                yield from _grid(grid, options.max_width)
        if page.plots or any(grid.detail for grid in page.grids):
            yield Text()
            yield Text("figures, confusion matrices and training curves are in report.html")
        if page.notes:
            yield Text()
        yield from (Text(f"[{number}] {note}") for number, note in enumerate(page.notes, 1))
        yield Text()
        yield from (Text(line, style="dim") for line in page.how)


def _marked(grid: Grid) -> Grid:
    """The best of each line with its mark, which is part of what has to fit."""
    lines = []
    for line in grid.lines:
        cells = [*line.cells]
        if line.best is not None:
            cells[line.best] += BEST
        lines.append(replace(line, cells=tuple(cells)))
    return replace(grid, lines=tuple(lines))


def _grid(grid: Grid, width: int) -> Iterator[RenderableType]:
    more = len(grid.lines) - SHOWN if len(grid.lines) > LONGEST else 0
    if more:
        grid = replace(grid, lines=grid.lines[:SHOWN])
    tables, left_out = fitted(grid, width)
    for part in tables:
        yield Text()
        yield _table(part, width)
    if more:
        yield Text(f"({more:,} more lines are in report.html and report.md)", style="dim")
    for text in grid.below if tables else ():
        yield Text(f"no model has {text}")
    if left_out:
        yield from ([] if tables else [Text()])
        yield Text(left_out, style="dim")


def _table(grid: Grid, width: int) -> Table:
    table = Table(title=escape(grid.title) or None, title_justify="left", title_style="bold")
    last = len(grid.header) - grid.text_columns
    for index, (name, wide) in enumerate(zip(grid.header, widths_of(grid, width), strict=True)):
        words = index == 0 or index >= last
        table.add_column(
            escape(name), justify="left" if words else "right", overflow="fold", width=wide
        )
    for line in grid.lines:
        cells = []
        for index, cell in enumerate(line.cells):
            style = "bold" if index == line.best else _STYLES.get(cell.partition(" [")[0], "")
            cells.append(Text(cell, style=style))
        table.add_row(*cells, style="dim italic" if line.quoted else None)
    return table
