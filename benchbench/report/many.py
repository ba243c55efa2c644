"""A run of very many models: a line of main figures each, and a few of them in detail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS
from benchbench.report.format import Grid, Line, figure_text, model_title

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.report.format import Notes
    from benchbench.results.schema import CellResult, Results
    from benchbench.suite.schema import Suite

__all__ = ["in_detail", "of_some", "overview", "some_of_all"]

MOST = 40  # models whose every figure a page holds
DETAILED = 10  # of more models: so many are told whole
MAIN = ("accuracy", "params", "macs_effective", "infer_fps", "train_fps", "infer_energy")


def in_detail(results: Results) -> Results:
    """The run with the models that its page tells whole: all, or a few of very many.

    Those come first that the suite's tables and claims name, then the first of the suite.
    """
    if len(results.cells) <= MOST:
        return results
    named = {*_named(results.suite)}
    order = sorted(results.cells, key=lambda cell: cell.model not in named)  # stable
    kept = {cell.model for cell in order[:DETAILED]}
    models = tuple(it for it in results.suite.models if it.id in kept | named)
    return replace(
        results,
        cells=tuple(cell for cell in results.cells if cell.model in kept),
        suite=replace(results.suite, models=models),
    )


def overview(results: Results, notes: Notes) -> list[Grid]:
    """A line a model with its main figures, where the page does not tell all of them whole."""
    if len(results.cells) <= MOST:
        return []
    there = [
        name
        for name in MAIN
        if any(
            (it := cell.measurements.get(name)) and it.value is not None for cell in results.cells
        )
    ]
    lines = tuple(
        Line((model_title(results, cell), *_cells(cell, there, notes))) for cell in results.cells
    )
    units = {name: METRICS[name].unit for name in there}
    titles = [
        METRICS[name].title + ("" if units[name] == "1" else f", {units[name]}") for name in there
    ]
    title = (
        f"All {len(lines):,} models. The tables and drawings below hold {DETAILED} of them; every "
        "figure of each is in results.csv, and `benchbench report RUN --only PATTERN` shows others"
    )
    return [Grid(title, ("", *titles, "status"), lines, text_columns=1)]


def some_of_all(some: Results, every: Results) -> str:
    """How many of the models are told in detail; empty where all are."""
    if len(some.cells) == len(every.cells):
        return ""
    return f"{len(some.cells)} of {len(every.cells):,} models"


def of_some(grid: Grid, which: str) -> Grid:
    """A table of a few of many models: it says so, and marks none as the best.

    Args:
        grid: The table.
        which: What `some_of_all` says; empty changes nothing.
    """
    if not which:
        return grid
    lines = tuple(replace(line, best=None) for line in grid.lines)
    return replace(grid, title=f"{grid.title} ({which})", lines=lines)


def _cells(cell: CellResult, names: list[str], notes: Notes) -> Iterator[str]:
    for name in names:
        yield figure_text(cell.measurements.get(name), notes, brief=True)
    yield cell.status


def _named(suite: Suite) -> Iterator[str]:
    """Models that a table or a claim of the suite sets side by side."""
    for table in suite.tables:
        yield from table.ratio or ()
        yield from table.models
    for claim in suite.claims:
        for pair in (claim.measure, claim.difference):
            if pair is not None:
                yield from (pair.of, pair.to)
