"""A run of a thousand models: every one is on the page, and what is shortened is told."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click import UsageError
from fixtures_references import TABLE3

from benchbench.api import load
from benchbench.cli.main import group
from benchbench.errors import ModelError
from benchbench.metrics.registry import measured
from benchbench.report import html, markdown
from benchbench.report.charts.frontier import frontier_charts
from benchbench.report.many import DETAILED, MOST, in_detail
from benchbench.report.page import page

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Provenance
    from benchbench.results.schema import CellResult, Results

CELLS = 1000
# What renders them is what `tests/benchmarks/thousand.py` times.
THOUSAND = runpy.run_path(str(Path(__file__).resolve().parents[1] / "benchmarks" / "thousand.py"))
on_console = THOUSAND["on_console"]


def many(cells: int = CELLS) -> Results:
    """Table 3's models again and again; the last one ran out of memory."""
    made: Results = THOUSAND["many"](load(TABLE3), cells)
    failed = replace(made.cells[-1], status="oom", reasons=("it wanted a terabyte",))
    return replace(made, cells=(*made.cells[:-1], failed))


@pytest.mark.parametrize("render", [html.render, markdown.render])
def test_every_model_has_a_line_and_every_failure_its_reason(render: object) -> None:
    """In HTML and Markdown, whatever is told in detail."""
    assert callable(render)
    text = render(many())
    assert {int(it) for it in re.findall(r"\bModel (\d+)\b", text)} == {*range(3, CELLS)}
    assert "it wanted a terabyte" in text
    assert f"All {CELLS:,} models." in text
    assert "results.csv" in text


def test_the_console_stays_short_and_says_how_much_it_leaves_out() -> None:
    """A terminal's memory is not filled by one table; what failed is there."""
    text = on_console(many())
    assert text.count("\n") < 2 * on_console(load(TABLE3)).count("\n")
    assert "(980 more lines are in report.html and report.md)" in text
    assert "it wanted a terabyte" in text


def test_the_page_grows_by_a_line_a_model_and_not_by_a_table() -> None:
    """A line of the overview has a few hundred characters of HTML."""
    small, large = len(html.render(many(500))), len(html.render(many()))
    assert (large - small) / 500 < 600


def test_those_are_told_in_detail_that_the_suite_sets_side_by_side() -> None:
    """Also where they are the last ones."""
    made = many()
    turned = replace(made, cells=(*made.cells[3:], *made.cells[:3]))
    kept = [cell.model for cell in in_detail(turned).cells]
    assert len(kept) == DETAILED
    assert {"conv_snn", "cnn3", "shallow_cnn"} <= {*kept}
    assert in_detail(many(MOST)).cells == many(MOST).cells


def test_tables_of_a_few_say_so_and_call_none_of_them_the_best() -> None:
    """One of the others may be better; what ran of them is in results.json, and that is told."""
    found = page(many())
    (overview, *others) = found.grids
    detailed = [it for it in others if it.title != "Claims audit" and "failed" not in it.title]
    assert all(it.title.endswith(f"({DETAILED} of {CELLS:,} models)") for it in detailed)
    assert all(line.best is None for it in found.grids for line in it.lines)
    assert len(overview.lines) == CELLS
    assert any(f"{DETAILED} of {CELLS:,} models; results.json" in it for it in found.how)
    assert not any("best of a row" in it for it in found.how)
    assert any(line.best is not None for it in page(load(TABLE3)).grids for line in it.lines)


def of_accuracies(cells: int, provenance: Provenance = "real") -> Results:
    """Models each dearer and more accurate than the one before: all of them are on the front."""
    made = many(cells)

    def with_accuracy(cell: CellResult, number: int) -> CellResult:
        energy = measured("infer_energy", 1e-3 * (number + 1), provenance=provenance)
        share = measured("accuracy", number / cells)
        return replace(cell, measurements={"infer_energy": energy, "accuracy": share})

    return replace(
        made, cells=tuple(with_accuracy(cell, number) for number, cell in enumerate(made.cells))
    )


def test_a_long_front_is_thinned_and_its_numbers_have_names() -> None:
    """A thousand dots are one path; what is numbered in it stands in the caption."""
    found = frontier_charts(of_accuracies(CELLS))
    assert found is not None
    (panel,) = found.panels
    numbers = re.findall(r">(\d+)</text></g>", panel.svg)
    assert 10 <= len(numbers) <= 20
    assert panel.svg.count("h0") == CELLS
    assert len(panel.svg) < 60_000
    assert all(any(f"{it}: " in text for text in found.caption) for it in numbers)


@pytest.mark.parametrize("cells", [10, CELLS])
def test_a_front_of_simulated_energies_says_so_in_the_drawing_and_below_it(cells: int) -> None:
    """A dot without a label of its own says nothing."""
    found = frontier_charts(of_accuracies(cells, "simulated"))
    assert found is not None
    assert "simulated" in found.panels[0].svg.lower()
    assert any("SIMULATED" in text for text in found.caption)


def test_a_stored_run_is_shown_for_some_of_its_models(capsys: pytest.CaptureFixture[str]) -> None:
    """`report RUN --only PATTERN`; a pattern of none is told."""
    assert group.main(["report", str(TABLE3.parent), "--only", "cnn*"], standalone_mode=False) == 0
    shown = capsys.readouterr().out
    assert "CNN (3 conv)" in shown
    assert "ReLU twin: optimizer" not in shown
    assert "PART OF A RUN: 1 of 3 models (--only cnn*)" in shown
    with pytest.raises(ModelError, match="conv_snn, cnn3"):
        group.main(["report", str(TABLE3.parent), "--only", "none"], standalone_mode=False)
    with pytest.raises(UsageError, match="--write keeps every model"):
        group.main(
            ["report", str(TABLE3.parent), "--only", "cnn*", "--write"], standalone_mode=False
        )
