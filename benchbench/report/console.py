"""The page as Rich tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from benchbench.display.displayable import draws

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from benchbench.report.format import Grid
    from benchbench.report.page import Page

__all__ = ["draw", "renderable"]

_STYLES = {
    "reproduced": "green",
    "differs": "yellow",
    "paper inconsistent": "magenta",
    "not measurable here": "dim",
}


def draw(the_page: Page, console: Console) -> None:
    """Print a page."""
    console.print(renderable(the_page))


@draws("rich")
def renderable(the_page: Page) -> Group:
    """A page as what Rich can print."""
    parts: list[RenderableType] = [_text(the_page.title, "bold")]
    parts += [_text(line, "bold yellow") for line in the_page.banner]
    for grid in the_page.grids:
        if not grid.detail:
            parts += [Text(), _table(grid)]
    if the_page.plots or any(grid.detail for grid in the_page.grids):
        parts += [
            Text(),
            Text("figures, confusion matrices and training curves are in report.html"),
        ]
    if the_page.notes:
        parts.append(Text())
    parts += [_text(f"[{number}] {note}") for number, note in enumerate(the_page.notes, 1)]
    parts.append(Text())
    parts += [_text(line, "dim") for line in the_page.how]
    return Group(*parts)


def _text(text: str, style: str = "") -> Text:
    return Text(text, style=style)


def _table(grid: Grid) -> Table:
    table = Table(title=_heading(grid.title), title_justify="left", title_style="bold")
    last = len(grid.header) - grid.text_columns
    for index, name in enumerate(grid.header):
        words = index == 0 or index >= last
        # Digits of a figure never go on in the next line: columns of words give way first.
        whole = not words and not any(" " in text for text in (name, *_column(grid, index)))
        table.add_column(
            _heading(name),
            justify="left" if words else "right",
            overflow="ellipsis" if whole else "fold",
            no_wrap=whole,
        )
    for line in grid.lines:
        cells = [_text(cell, _STYLES.get(cell.partition(" [")[0], "")) for cell in line.cells]
        table.add_row(*cells, style="dim italic" if line.quoted else None)
    return table


def _column(grid: Grid, index: int) -> list[str]:
    return [line.cells[index] for line in grid.lines]


def _heading(text: str) -> str:
    """A title as Rich's markup that marks nothing up."""
    return escape(text)
