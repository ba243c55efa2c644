"""A table in so many columns of characters: no number and no word is split to make it fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len

from benchbench.report.format import Grid, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["fitted", "widths_of"]

BORDER = 3  # characters of a column's padding and rule; one more closes the table
MOST_COLUMNS = 4  # of models: more are lines where they do not fit side by side
ELSEWHERE = "in a wider terminal or in report.html"


def fitted(grid: Grid, width: int) -> tuple[list[Grid], str]:
    """The tables that stand for one in a width, one below the other.

    Args:
        grid: The table.
        width: Characters of a line.

    Returns:
        The table itself where it fits; else its models as lines where there are many, and then its
        columns in parts, each with the first column again. And what was left out, and where that
        is; empty where nothing was.
    """
    if _fits(_needs(grid), width):
        return [grid], ""
    if grid.reference:
        first = _columns(grid, [*range(grid.models + 1)])
        if _fits(_needs(first), width):
            return [first], f"({', '.join(grid.header[grid.models + 1 :])}: {ELSEWHERE})"
        return [], f"{grid.title}: {len(grid.lines)} lines of {grid.models} models, {ELSEWHERE}"
    if grid.models > MOST_COLUMNS:
        words = ", ".join(grid.header[grid.models + 1 :])
        return _parts(_models_as_lines(grid), width), f"({words}: {ELSEWHERE})"
    return _parts(grid, width), ""


def widths_of(grid: Grid, width: int) -> list[int]:
    """The characters of each column: none less than its longest word, the rest shared out.

    Args:
        grid: A table, of `fitted`.
        width: Characters of a line.
    """
    found, wanted = _needs(grid), _wants(grid)
    left = width - 1 - sum(found) - BORDER * len(found)
    while left > 0:
        short = [i for i, (has, wish) in enumerate(zip(found, wanted, strict=True)) if has < wish]
        if not short:
            break
        narrowest = min(short, key=lambda i: found[i] / wanted[i])
        found[narrowest] += 1
        left -= 1
    return found


def _fits(needs: Sequence[int], width: int) -> bool:
    return sum(needs) + BORDER * len(needs) + 1 <= width


def _needs(grid: Grid) -> list[int]:
    """The longest word of each column."""
    return [max(cell_len(word) for word in _words(column)) for column in _texts(grid)]


def _wants(grid: Grid) -> list[int]:
    """The longest line of each column."""
    lines = ([line for text in column for line in text.split("\n")] for column in _texts(grid))
    return [max(map(cell_len, column)) for column in lines]


def _words(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in (*text.split(), "")]


def _texts(grid: Grid) -> list[tuple[str, ...]]:
    """All texts by column."""
    return [*zip(grid.header, *(line.cells for line in grid.lines), strict=True)]


def _columns(grid: Grid, chosen: Sequence[int]) -> Grid:
    """The table with some of its columns."""
    last = len(grid.header) - grid.text_columns
    lines = (
        replace(
            line,
            cells=tuple(line.cells[i] for i in chosen),
            best=chosen.index(line.best) if line.best in chosen else None,
        )
        for line in grid.lines
    )
    words = sum(i >= last for i in chosen)
    header = tuple(grid.header[i] for i in chosen)
    return replace(grid, header=header, lines=tuple(lines), text_columns=words)


def _parts(grid: Grid, width: int) -> list[Grid]:
    """As many columns as fit, then the next; one that never fits stands alone."""
    needs, parts, now = _needs(grid), [], [0]
    for index in range(1, len(grid.header)):
        if len(now) > 1 and not _fits([needs[i] for i in (*now, index)], width):
            parts.append(now)
            now = [0]
        now.append(index)
    made = [_columns(grid, part) for part in (*parts, now)]
    whole = f"{grid.title} (columns in {len(made)} parts)" if len(made) > 1 else grid.title
    return [
        replace(
            _without_empty(part) if number else part,
            title=whole if not number else "",
            below=part.below if number == len(made) - 1 else (),
        )
        for number, part in enumerate(made)
    ]


def _without_empty(grid: Grid) -> Grid:
    """The table without the lines that have nothing but their first cell."""
    kept = tuple(line for line in grid.lines if any(cell.strip() for cell in line.cells[1:]))
    return replace(grid, lines=kept)


def _models_as_lines(grid: Grid) -> Grid:
    """A line a model; what the paper has stands below ours."""
    header, columns = [""], list[tuple[str, ...]]()
    for line in grid.lines:
        cells = line.cells[1 : grid.models + 1]
        if line.quoted and columns:
            pairs = zip(columns[-1], cells, strict=True)
            columns[-1] = tuple(f"{our}\npaper's: {its}" if its else our for our, its in pairs)
            continue
        header.append(line.cells[0])
        columns.append(cells)
    lines = []
    for number, title in enumerate(grid.header[1 : grid.models + 1], 1):
        lines.append(Line((title, *(column[number - 1] for column in columns))))
    return Grid(grid.title, tuple(header), tuple(lines), text_columns=0, below=grid.below)
