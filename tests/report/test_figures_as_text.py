"""How a figure is printed: digits, unit and scale, in tables, beside the paper's, in the CSV."""

from __future__ import annotations

import csv as csv_module
import io
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.comparing.paper import judge, judge_model
from benchbench.metrics.registry import measured
from benchbench.report import csv
from benchbench.report.format import Notes, enough, figure_text, number
from benchbench.report.modelled import modelled
from benchbench.report.side_by_side import side_by_side
from benchbench.results.schema import CellResult, ModelRatio, Results
from benchbench.suite.schema import Model, Suite
from benchbench.suite.tables import Claim, Measure, Row, Table

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement


def run_of(row: Row, *figures: Measurement, ratio: ModelRatio | None = None) -> Results:
    """A run of one model, ``a``, or two with a ratio, with one row in its one table."""
    ids = ("a", "b") if ratio else ("a",)
    table = Table("t", (row,), ids if len(ids) == 2 else None)  # type: ignore[arg-type]
    claim = Claim("c", "r", "ambiguous", measure=Measure(row.metric, "a", "b"))
    models = tuple(Model(i, f"m.py:{i}", label=i.upper()) for i in ids)
    claims = (claim,) if ratio else ()
    suite = Suite(1, "s", models, tables=(table,), claims=claims)
    found = {figure.name: figure for figure in figures}
    cells = tuple(CellResult(i, i, "cpu", "ok", measurements=found) for i in ids)
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    data = {"synthetic": False, "name": "d"}
    return Results(run, {}, data, suite, cells, (ratio,) if ratio else (), "0")


def printed(row: Row, *figures: Measurement) -> tuple[str, str]:
    """The row's title and what stands in it."""
    results = run_of(row, *figures)
    (line, *_) = side_by_side(results.suite.tables[0], results, Notes()).lines
    return line.cells[0], line.cells[1]


JOULES = measured("infer_energy", 0.003773, low=0.003673, high=0.003873)


@pytest.mark.parametrize(
    ("row", "title", "text"),
    [
        (Row("infer_energy", "E"), "E, J", "0.003773 ±0.0001"),
        (Row("infer_energy", "E", unit="mJ"), "E, mJ", "3.773 ±0.1"),
        (Row("infer_energy", "E", unit="mJ", decimals=2), "E, mJ", "3.77 ±0.10"),
        (Row("infer_energy", "E", decimals=0), "E, J", "0.003773 ±0.0001"),  # not 0 ±0
        (Row("infer_energy", "E", unit="kJ"), "E, kJ", "3.773e-06 ±1e-07"),
        (Row("infer_energy", "E", unit="GJ", decimals=1), "E, GJ", "3.773e-12 ±1e-13"),
        (Row("infer_energy", "E", unit="x", scale=1e21), "E, x", "3.773e+18 ±1e+17"),
    ],
)
def test_four_digits_where_nobody_says_how_many(row: Row, title: str, text: str) -> None:
    """In the unit that the title says; what is not 0 is never printed as 0."""
    assert printed(row, JOULES) == (title, text)


def test_counts_are_whole_and_0_is_0() -> None:
    """All digits of a count are significant; a figure of 0 keeps the decimals."""
    assert printed(Row("params"), measured("params", 21_531_136))[1] == "21,531,136"
    assert printed(Row("firing_rate", decimals=2), measured("firing_rate", 0.0))[1] == "0.00"
    assert (enough(0.004, 2), enough(0.006, 2), enough(0.0, 2)) == (None, 2, 2)
    assert number(1234.5678) == "1,234.57"
    small = measured("infer_energy", 1.0, low=0.99999, high=1.00001)
    assert figure_text(small, Notes(), decimals=2) == "1.00 ±0.00"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (Row("infer_energy_net"), "-0.0004213 ±0.0001"),
        (Row("infer_energy_net", decimals=2), "-0.0004213 ±0.0001"),  # never -0.00
        (Row("infer_energy_net", unit="mJ"), "-0.4213 ±0.1"),
        (Row("infer_energy_net", unit="mJ", decimals=1), "-0.4 ±0.1"),
        (Row("infer_energy_net", unit="nJ", decimals=0), "-421,300 ±100,000"),
    ],
)
def test_a_figure_below_0_keeps_sign_and_digits(row: Row, text: str) -> None:
    """Net energy may be negative, and what it is not is 0."""
    net = measured("infer_energy_net", -421.3e-6, low=-521.3e-6, high=-321.3e-6)
    assert printed(row, net)[1] == text


def test_modelled_joules_of_a_tiny_network_are_not_0() -> None:
    """9.9e-10 J are 9.9e-7 mJ, below the table's four decimals."""
    (grid,) = modelled(run_of(Row("params"), measured("modelled_compute_fp32", 9.9e-10)))
    assert grid.lines[0].cells[1] == "9.9e-07"


@pytest.mark.parametrize(
    ("paper", "value", "word"),
    [
        (428, 427_920_896, "reproduced"),  # as the paper prints it
        (427.92, 427_920_896, "reproduced"),
        (427.9, 427_920_896, "reproduced"),
        (427.93, 427_920_896, "differs"),
        (0.5, 400_000, "differs"),  # was compared as 0 with 0.5
        (0.5, 504_000, "reproduced"),
    ],
)
def test_without_decimals_ours_is_rounded_to_the_paper_s(
    paper: float, value: float, word: str
) -> None:
    """A paper's figure has the decimals that the file gives it."""
    row = Row("macs_dense", paper={"a": paper}, unit="M")
    results = run_of(row, measured("macs_dense", value))
    assert judge(row, results.suite.tables[0], results).word == word
    assert judge_model(row, "a", results).word == word


def test_the_paper_s_figure_gets_no_digit_that_it_has_not() -> None:
    """215.3 stays 215.3, beside finer figures and where `decimals:` is of ours."""
    given = {"a": 215.3, "b": 3.14, "c": 71.0, "d": 1e-3, "e": 1e12, "f": 65395167.1571, "g": 0.0}
    own = Row("params", paper=given, decimals=5).own_decimals
    assert [*map(own, given)] == [1, 2, 0, 3, 0, 4, 0]
    assert Row("params", paper={"a": 215.3}).paper_decimals == 1
    assert Row("params", paper={"a": 2.5, "b": 3.14}).paper_decimals == 2
    assert Row("params", paper={"a": 71}).paper_decimals == 0
    assert Row("params", paper={"a": 1e-3}).paper_decimals == 3
    assert Row("params", paper={"a": 1e12}, decimals=2).paper_decimals == 2
    row = Row("param_bytes", paper={"a": 215.3}, unit="MB", decimals=2)
    results = run_of(row, measured("param_bytes", 203.22e6))
    quoted = side_by_side(results.suite.tables[0], results, Notes()).lines[1]
    assert quoted.cells[1] == "215.3"
    (line,) = csv_module.DictReader(io.StringIO(csv.render(results)))
    assert float(line["paper"]) == pytest.approx(215.3e6)
