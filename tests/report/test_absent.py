"""What nobody measured says why wherever it would stand, and equal joules have no winner."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.metrics.registry import METRICS
from benchbench.report.format import Notes
from benchbench.report.modelled import modelled
from benchbench.report.sections import everything
from benchbench.results.schema import CellResult, Results
from benchbench.suite.schema import Model, Suite

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement


def run_of(tasks: dict[str, str], figures: dict[str, list[Measurement]]) -> Results:
    """A run of models with these tasks and figures."""
    models = tuple(Model(name, f"m.py:{name}") for name in figures)
    cells = tuple(
        CellResult(
            name,
            name,
            "cpu",
            "ok",
            facts={"task": tasks[name]},
            measurements={item.name: item for item in found},
        )
        for name, found in figures.items()
    )
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    data = {"synthetic": False, "name": "d"}
    return Results(run, {}, data, Suite(1, "s", models), cells, (), "0")


def test_every_figure_that_one_of_several_models_lacks_says_why() -> None:
    """A classifier, a regression, a segmenter and a spiking network, side by side."""
    names = {
        "classifier": ["accuracy", "epochs", "training_time", "modelled_zero_skipping"],
        "regression": ["mse", "mse_public", "r_squared", "epochs", "channels_cut"],
        "segmenter": [],
        "spiking": ["accuracy_per_synop", "break_even_compute"],
    }
    tasks = {name: name for name in names} | {"segmenter": "none"}
    figures = {name: [METRICS[it](0.5) for it in found] for name, found in names.items()}
    notes = Notes()
    grid = everything(run_of(tasks, figures), notes)
    for line in grid.lines:
        missing = [cell for cell in line.cells[1:5] if cell.startswith("n/a")]
        assert missing
        for cell in missing:
            assert re.fullmatch(r"n/a \[\d+\]", cell), line.cells
    assert "the suite does not train this model (`train:`)" in notes.texts
    assert "only a regression that the suite trains or loads has an error" in notes.texts


@pytest.mark.parametrize(
    ("joules", "winner"),
    [
        ((1e-6, 2e-6, 3e-6), "a"),
        ((1e-6, 1e-6, 3e-6), "a, b"),
        ((2e-6, 2e-6, 2e-6), "the same"),
    ],
)
def test_equal_joules_have_no_winner(joules: tuple[float, ...], winner: str) -> None:
    """The one that happens to stand first needs no less than its equals."""
    named = {
        name: [METRICS["modelled_compute_fp32"](value)]
        for name, value in zip("abc", joules, strict=True)
    }
    (grid,) = modelled(run_of(dict.fromkeys("abc", ""), named))
    (line,) = grid.lines
    assert line.cells[4] == winner
    assert "flips" not in grid.title


def test_modelled_joules_have_four_significant_digits() -> None:
    """2.05e-7 J and 1.626e-7 J were both 0.0002 mJ."""
    figure = METRICS["modelled_compute_int8"]
    found = run_of({"a": "", "b": ""}, {"a": [figure(2.0501e-7)], "b": [figure(1.626e-7)]})
    (grid,) = modelled(found)
    assert grid.lines[0].cells[1:4] == ("0.000205", "0.0001626", "b")
