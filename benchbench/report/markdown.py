"""The page as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchbench.report.formats import report_format
from benchbench.report.page import page
from benchbench.report.svg import figure_file

if TYPE_CHECKING:
    from benchbench.report.format import Grid
    from benchbench.report.page import Page
    from benchbench.report.plots import Plot
    from benchbench.results.schema import Results

__all__ = ["escaped", "files", "render", "table", "text_of"]

_SPECIAL = str.maketrans(
    {
        "\\": "\\\\",
        "$": "\\$",
        "~": "\\~",
        "|": "\\|",
        "*": "\\*",
        "_": "\\_",
        "<": "&lt;",
        ">": "&gt;",
        "\n": "<br>",
        "`": "\\`",
        "[": "\\[",
        "]": "\\]",
    }
)


_ENTITY = re.compile(r"&(?=#?\w+;)")


@report_format
def files(results: Results) -> dict[str, str]:
    """``report.md``."""
    return {"report.md": render(results)}


def render(results: Results) -> str:
    """The report of a run as Markdown text."""
    return text_of(page(results))


def text_of(the_page: Page) -> str:
    """A page as Markdown text."""
    parts = [f"# {escaped(the_page.title)}"]
    if the_page.headlines:
        lines = [f"- **{escaped(it.sentence)}**" for it in the_page.headlines]
        parts += ["\n".join(lines), escaped(the_page.measured)]
    if the_page.banner:
        parts.append("\n".join(f"> **{escaped(line)}**  " for line in the_page.banner))
    parts += [f"## {escaped(grid.title)}\n\n{table(grid)}" for grid in the_page.grids]
    parts += [_figure(number, plot) for number, plot in enumerate(the_page.plots, 1)]
    if the_page.notes:
        parts.append(
            "\n".join(f"- [{i}] {escaped(note)}" for i, note in enumerate(the_page.notes, 1))
        )
    parts.append("## How\n\n" + "\n".join(f"- {escaped(line)}" for line in the_page.how))
    return "\n\n".join(parts) + "\n"


def _figure(number: int, plot: Plot) -> str:
    """A link to the drawing, and what is to be read with it."""
    lines = [f"- {escaped(text)}" for text in plot.caption]
    image = f"![{escaped(plot.title)}]({figure_file(number)})" if plot.curves else "n/a"
    return "\n\n".join([f"## {escaped(plot.title)}", image, *(["\n".join(lines)] if lines else [])])


def escaped(text: str) -> str:
    """Text of anybody's as Markdown that marks nothing up."""
    return _ENTITY.sub("&amp;", text).translate(_SPECIAL)


def table(grid: Grid) -> str:
    """A grid as a table of Markdown, without its title."""
    last = len(grid.header) - grid.text_columns
    rule = [":--" if index == 0 or index >= last else "--:" for index in range(len(grid.header))]
    lines = [[escaped(name) for name in grid.header], rule]
    for line in grid.lines:
        cells = [escaped(cell.strip()) for cell in line.cells]
        if line.best is not None:
            cells[line.best] = f"**{cells[line.best]}**"
        lines.append([f"*{cell}*" if cell else "" for cell in cells] if line.quoted else cells)
    made = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    below = "\n".join(f"- no model has {escaped(text)}" for text in grid.below)
    return f"{made}\n\n{below}" if below else made
