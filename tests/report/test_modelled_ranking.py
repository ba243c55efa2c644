"""Who is cheapest by a formula is said of models that it has a figure of, and of no others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchbench.metrics.measurement import Measurement
from benchbench.metrics.registry import measured, unavailable
from benchbench.report.charts.formulas import formula_charts
from benchbench.report.modelled import modelled, thresholds
from benchbench.results.schema import CellResult, Results
from benchbench.suite.schema import Model, Suite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.report.format import Grid

COMPUTE, MEMORY = "modelled_compute_fp32", "modelled_memory"
MOVEMENT = "modelled_movement"
FLIPS = "The winner flips"


def run_of(**joules: Mapping[str, Measurement | float | None]) -> Results:
    """A run of models with these figures, by their ids; None is a figure that there is not."""
    cells = []
    for name, figures in joules.items():
        found: dict[str, Measurement] = {
            figure: value
            if isinstance(value, Measurement)
            else unavailable(figure, "sees 0.0 %")
            if value is None
            else measured(figure, value)
            for figure, value in figures.items()
        }
        cells.append(CellResult(name, name, "cpu", "ok", measurements=found))
    models = tuple(Model(name, f"m.py:{name}") for name in joules)
    run = {"id": "x", "mode": "full", "command": "", "complete": True}
    data = {"synthetic": False, "name": "d"}
    return Results(run, {}, data, Suite(1, "s", models), tuple(cells), (), "0")


def ranked(**joules: Mapping[str, Measurement | float | None]) -> Grid:
    """The table of models of a run, by their ids."""
    (grid,) = modelled(run_of(**joules))
    return grid


def least_of(grid: Grid) -> dict[str, str]:
    """Who is least, by the line's first word."""
    at = grid.header.index("least")
    ranked = [line.cells for line in grid.lines if line.cells[0] != "largest over smallest"]
    return {cells[0].split()[0]: cells[at] for cells in ranked}


def test_nobody_is_cheapest_of_those_that_were_measured_on_different_data() -> None:
    """Neither in the table nor in the drawing of it: an image is not an event recording."""
    found = run_of(snn={COMPUTE: 1.0, MEMORY: 4.0}, cnn={COMPUTE: 2.0, MEMORY: 3.0})
    cells = tuple(replace(it, data=it.model) for it in found.cells)
    (grid,) = modelled(replace(found, cells=cells))
    assert {*least_of(grid).values()} == {""}
    assert FLIPS not in grid.title
    drawn, other = formula_charts(found), formula_charts(replace(found, cells=cells))
    assert drawn is not None
    assert other is not None
    assert "needs least" in drawn.panels[0].svg
    assert "on data that differ" not in drawn.panels[0].svg
    assert "on data that differ" in other.panels[0].svg


def test_the_cheapest_of_each_formula_is_named_and_a_flip_is_told() -> None:
    """By arithmetic the one, with memory the other."""
    grid = ranked(snn={COMPUTE: 1.0, MEMORY: 4.0}, cnn={COMPUTE: 2.0, MEMORY: 3.0})
    assert [*least_of(grid).values()] == ["snn", "cnn"]
    assert FLIPS in grid.title


@pytest.mark.parametrize(
    ("low", "high", "who"),
    [(1.5, 1.9, "snn"), (1.1, 2.0, "not resolved"), (0.9, 2.6, "not resolved")],
)
def test_who_is_least_by_less_than_its_interval_is_not_named(
    low: float, high: float, who: str
) -> None:
    """Spikes that were counted against mult-adds that are exact; no flip is told of it."""
    snn = measured(COMPUTE, 1.7, low=low, high=high)
    grid = ranked(snn={COMPUTE: snn, MEMORY: 4.0}, cnn={COMPUTE: 2.0, MEMORY: 3.0})
    assert [*least_of(grid).values()] == [who, "cnn"]
    assert (FLIPS in grid.title) == (who == "snn")


def test_two_that_are_the_same_are_least_together() -> None:
    """Ahead of a third, whose interval is beyond theirs."""
    third = measured(COMPUTE, 2.0, low=1.5, high=2.5)
    grid = ranked(a={COMPUTE: 1.0}, b={COMPUTE: 1.0}, c={COMPUTE: third})
    assert [*least_of(grid).values()] == ["a, b"]


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


def test_the_spread_is_of_those_that_charge_for_computing() -> None:
    """Largest over smallest of one model, with both names; movement alone is no energy of it."""
    figures = {COMPUTE: 2.0, MEMORY: 8.0, "modelled_movement": 0.01}
    grid = ranked(snn=figures, cnn={COMPUTE: 2.0})
    assert grid.lines[-1].cells[:3] == (
        "largest over smallest",
        "4 x (with memory : arithmetic alone, fp32)",
        "",
    )


def spiking(
    per_synapse: float, half: float, rate: float, steps: int, synops: float = 0.0
) -> Results:
    """A run of one model with these counts; its accumulates are within `synops` of 100, if so."""
    density = {"break_even": 0.5, "T": steps}
    figures = (
        measured(
            "spikes_per_synapse", per_synapse, low=per_synapse - half, high=per_synapse + half
        ),
        measured("firing_rate", rate),
        measured(COMPUTE, 1.0, detail=density),
        measured("break_even_compute", 0.5, detail={"density": per_synapse / steps}),
        *([measured("synops_exact", 100, low=100 - synops, high=100 + synops)] if synops else []),
    )
    cell = CellResult("snn", "snn", "cpu", "ok", measurements={it.name: it for it in figures})
    run = {"id": "x", "mode": "full", "command": "", "complete": True}
    suite = Suite(1, "s", (Model("snn", "m.py:snn"),))
    return Results(run, {}, {"synthetic": False, "name": "d"}, suite, (cell,), (), "0")


@pytest.mark.parametrize(
    ("per_synapse", "half", "verdicts"),
    [
        (0.1, 0.01, ["below", "below", "below"]),
        (0.8, 0.01, ["below", "between", "above"]),
        (2.0, 0.1, ["above", "above", "above"]),
        (1.7, 0.1, ["not resolved", "above", "above"]),
        (0.42, 0.3, ["below", "not resolved", "not resolved"]),
    ],
)
def test_a_network_lies_below_above_or_between_each_published_break_even(
    per_synapse: float, half: float, verdicts: list[str]
) -> None:
    """1.72, 0.15 to 1.38, and 0.42 spikes per synapse; an interval that holds one says nothing."""
    (grid,) = thresholds(spiking(per_synapse, half, 0.06, 5))
    assert [line.cells[3] for line in grid.lines[:3]] == verdicts
    assert [line.cells[3] for line in grid.lines[3:5]] == ["below", "above"]  # 6.4 and 5.7 %


def test_a_break_even_of_other_time_steps_says_so_and_a_formula_has_its_own() -> None:
    """Yan's are for T of 5 to 10; a formula's is of this very network."""
    (grid,) = thresholds(spiking(0.8, 0.01, 0.06, 4))
    assert grid.lines[3].cells[3] == "below; outside its range: T = 4"
    assert grid.lines[5].cells[:4] == ("Density of spikes", "20.00 %", "50.00 %", "below")


def test_where_a_run_has_no_modelled_energy_its_time_steps_are_not_known() -> None:
    """They are not taken for one: the network had four."""
    run = spiking(0.8, 0.01, 0.06, 4)
    found = {name: it for name, it in run.cells[0].measurements.items() if name != COMPUTE}
    (grid,) = thresholds(replace(run, cells=(replace(run.cells[0], measurements=found),)))
    said = [line.cells[3] for line in grid.lines[3:5]]
    assert said == ["below; T is not known", "above; T is not known"]


@pytest.mark.parametrize(
    ("per_synapse", "verdict"), [(1.9, "not resolved"), (1.7, "below"), (2.1, "not resolved")]
)
def test_a_formulas_break_even_within_the_interval_of_the_spikes_is_not_resolved(
    per_synapse: float, verdict: str
) -> None:
    """Half of the inputs, at four steps and ten per cent of spikes more or less: 2 a synapse."""
    (grid,) = thresholds(spiking(per_synapse, 0.01, 0.06, 4, synops=10))
    assert grid.lines[5].cells[3] == verdict


@pytest.mark.parametrize(
    ("joules", "told"),
    [
        (
            {"snn": {COMPUTE: 1.0, MEMORY: 4.0}, "cnn": {COMPUTE: 2.0, MEMORY: 3.0}},
            "the winner flips with the formula: none of them alone decides",
        ),
        (
            {"snn": {COMPUTE: 1.0, MOVEMENT: 4.0}, "cnn": {COMPUTE: 2.0, MOVEMENT: 3.0}},
            "the same one needs least under each that charges for computing and resolves it",
        ),
        (
            {
                "snn": {COMPUTE: 1.0, MEMORY: None},
                "cnn": {COMPUTE: 2.0, MEMORY: 2.0},
                "twin": {COMPUTE: 3.0, MEMORY: 3.0},
            },
            "who needs least depends on which of the models a formula has a figure of",
        ),
    ],
    ids=["flips", "movement is no energy of a network", "other models"],
)
def test_the_winner_flips_where_formulas_disagree_of_the_same_models(
    joules: dict[str, dict[str, float | None]], told: str
) -> None:
    """The table and the drawing say the same."""
    made = run_of(**joules)
    drawn = formula_charts(made)
    assert drawn is not None
    assert told in drawn.caption
    assert (FLIPS in modelled(made)[0].title) == (FLIPS.lower() in told)
