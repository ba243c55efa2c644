"""Who is cheapest by a formula is said of models that it has a figure of, and of no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchbench.metrics.registry import measured, unavailable
from benchbench.report.sections import modelled
from benchbench.results.schema import CellResult, Results
from benchbench.suite.schema import Model, Suite

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.report.format import Grid

COMPUTE, MEMORY = "modelled_compute_fp32", "modelled_memory"
FLIPS = "The winner flips"


def ranked(**joules: dict[str, float | None]) -> Grid:
    """The table of models of a run, by their ids; None is a figure that there is not."""
    cells = []
    for name, figures in joules.items():
        found: dict[str, Measurement] = {
            figure: unavailable(figure, "sees 0.0 %") if value is None else measured(figure, value)
            for figure, value in figures.items()
        }
        cells.append(CellResult(name, name, "cpu", "ok", measurements=found))
    models = tuple(Model(name, f"m.py:{name}") for name in joules)
    run = {"id": "x", "mode": "full", "command": "", "complete": True}
    data = {"synthetic": False, "name": "d"}
    (grid,) = modelled(Results(run, {}, data, Suite(1, "s", models), tuple(cells), (), "0"))
    return grid


def least_of(grid: Grid) -> dict[str, str]:
    """Who is least, by the line's first word."""
    at = grid.header.index("least")
    return {line.cells[0].split()[0]: line.cells[at] for line in grid.lines}


def test_the_cheapest_of_each_formula_is_named_and_a_flip_is_told() -> None:
    """By arithmetic the one, with memory the other."""
    grid = ranked(snn={COMPUTE: 1.0, MEMORY: 4.0}, cnn={COMPUTE: 2.0, MEMORY: 3.0})
    assert [*least_of(grid).values()] == ["snn", "cnn"]
    assert FLIPS in grid.title


@pytest.mark.parametrize("others", [{}, {"third": {COMPUTE: 9.0, MEMORY: None}}])
def test_a_formula_with_one_figure_ranks_nothing(
    others: dict[str, dict[str, float | None]],
) -> None:
    """A model that the estimator does not see is not beaten by the one that it sees."""
    grid = ranked(lstm={COMPUTE: 1.0, MEMORY: None}, cnn={COMPUTE: 2.0, MEMORY: 3.0}, **others)
    assert [*least_of(grid).values()] == ["lstm", ""]
    assert FLIPS not in grid.title


def test_two_figures_are_ranked_beside_one_that_is_missing() -> None:
    """The third has none: it is neither least nor counted as 0, and others are no flip of it."""
    grid = ranked(gru={COMPUTE: 1.0, MEMORY: None}, a={COMPUTE: 2.0, MEMORY: 3.0}, b={MEMORY: 2.0})
    assert [*least_of(grid).values()] == ["gru", "b"]
    assert "n/a" in grid.lines[1].cells
    assert FLIPS not in grid.title
