"""When a paper's figure is called reproduced, and when it cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchbench.comparing.paper import judge, judge_model
from benchbench.metrics.registry import measured, unavailable
from benchbench.results.schema import CellResult, ModelRatio, Results
from benchbench.suite.schema import Model, Suite
from benchbench.suite.tables import Row, Table

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

FPS = Row("train_fps", paper={"snn": 400, "cnn": 200}, tolerance_percent=10)
PARAMS = Row("params", paper={"snn": 100, "cnn": 200}, tolerance_percent=1)


def verdict(row: Row, snn: Measurement | None, *comparisons: ModelRatio) -> tuple[str, str]:
    """Word and reasons, where the CNN has what the paper says and the SNN has `snn`."""
    models = (Model("snn", "a.py:snn"), Model("cnn", "a.py:cnn"))
    table = Table("t", (row,), ("snn", "cnn"))
    suite = Suite(1, "s", models, tables=(table,))
    figures = {"snn": {snn.name: snn} if snn else {}}
    figures["cnn"] = {row.metric: measured(row.metric, row.paper["cnn"])}
    cells = tuple(
        CellResult(name, name, "cpu", "ok" if found else "oom", ("too big",), {}, found)
        for name, found in figures.items()
    )
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    found = judge(
        row, table, Results(run, {}, {"synthetic": False}, suite, cells, comparisons, "0")
    )
    return found.word, "; ".join(found.reasons)


@pytest.mark.parametrize(
    ("value", "word"), [(100, "reproduced"), (101, "reproduced"), (102, "differs")]
)
def test_a_count_is_compared_itself(value: float, word: str) -> None:
    """Within the row's tolerance it is reproduced, outside it differs."""
    assert verdict(PARAMS, measured("params", value))[0] == word


@pytest.mark.parametrize(
    ("ratio", "low", "high", "word"),
    [
        (2.1, 1.9, 2.3, "reproduced"),
        (1.5, 1.4, 1.6, "differs"),
        (1.5, 0.9, 2.5, "not measurable here"),
    ],
)
def test_a_speed_is_compared_as_a_ratio(ratio: float, low: float, high: float, word: str) -> None:
    """The paper's machine is not ours; a wide interval decides nothing."""
    here = ModelRatio("train_fps", "snn", "cnn", ratio, low, high, 5)
    assert verdict(FPS, measured("train_fps", 4.0), here)[0] == word


def test_a_reproduced_ratio_says_that_it_is_the_ratio() -> None:
    """Nobody reads a speed of another machine into it."""
    here = ModelRatio("train_fps", "snn", "cnn", 2.0, 1.9, 2.1, 5)
    found = verdict(FPS, measured("train_fps", 4.0), here)
    assert found == ("reproduced", "the ratio; absolute figures are of another machine")


@pytest.mark.parametrize("paper", [{"snn": 1e-200, "cnn": 1e150}, {"snn": 0, "cnn": 200}])
def test_a_ratio_of_the_paper_that_is_zero_is_none(paper: dict[str, float]) -> None:
    """Also where its two figures are not, and their quotient is too small to be a number."""
    row = Row("train_fps", paper=paper, tolerance_percent=10)
    here = ModelRatio("train_fps", "snn", "cnn", 2.0, 1.9, 2.1, 5)
    found = verdict(row, measured("train_fps", 4.0), here)
    assert found == ("not measurable here", "there is no ratio to compare")


def test_what_is_missing_is_said() -> None:
    """No value, or no cell: not measurable here, with the reason."""
    missing = verdict(FPS, unavailable("train_fps", "no clock"))
    assert missing == ("not measurable here", "no clock")
    word, reasons = verdict(FPS, None)
    assert word == "not measurable here"
    assert "oom: too big" in reasons


def test_a_paper_that_contradicts_itself_is_not_reproduced() -> None:
    """Whatever we measure."""
    row = Row("params", paper=PARAMS.paper, tolerance_percent=1, inconsistent="100 is not 100")
    assert verdict(row, measured("params", 100.0))[0] == "paper inconsistent"


def test_loaded_weights_are_not_called_untrained() -> None:
    """Without a figure for its epochs an accuracy is not compared, and no 0 is invented."""
    row = Row("accuracy", paper={"snn": 60.0, "cnn": 60.0}, scale=100)
    word, reasons = verdict(row, measured("accuracy", 0.6))
    assert word == "not measurable here"
    assert "weights were loaded" in reasons


def test_a_ratio_that_its_interval_does_not_hold_confirms_nothing() -> None:
    """Though it is the paper's own: the reason is the ratio's."""
    here = ModelRatio("train_fps", "snn", "cnn", 2.0, None, None, 5, "the offset is too large")
    found = verdict(FPS, measured("train_fps", 4.0), here)
    assert found == ("not measurable here", "the offset is too large")


def test_an_accuracy_on_drawn_data_of_a_model_s_own() -> None:
    """It is the model's data that counts, not the run's."""
    row = Row("accuracy", paper={"snn": 60.0}, scale=100)
    real, drawn = {"digest": "1", "synthetic": False}, {"digest": "2", "synthetic": True}
    models = (Model("snn", "a.py:snn"), Model("cnn", "a.py:cnn"))
    suite = Suite(1, "s", models, tables=(Table("t", (row,)),))
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    cells = tuple(
        CellResult(m, m, "cpu", "ok", (), {}, {"accuracy": measured("accuracy", 0.6)}, data=d)
        for m, d in (("cnn", "1"), ("snn", "2"))
    )
    results = Results(run, {}, {**real, "also": [drawn]}, suite, cells, (), "0")
    found = judge(row, suite.tables[0], results)
    assert found.reasons == ("drawn faces are not the paper's photographs",)


def test_one_model_is_judged_with_the_decimals_of_its_row() -> None:
    """71 beside 215.3 is 71.0, from which 71.4 differs."""
    row = Row("params", paper={"snn": 215.3, "cnn": 71}, tolerance_percent=0.5)
    models = (Model("snn", "a.py:snn"), Model("cnn", "a.py:cnn"))
    suite = Suite(1, "s", models, tables=(Table("t", (row,)),))
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    cell = CellResult("cnn", "cnn", "cpu", "ok", (), {}, {"params": measured("params", 71.4)})
    results = Results(run, {}, {"synthetic": False}, suite, (cell,), (), "0")
    assert judge_model(row, "cnn", results).word == "differs"


def test_a_ratio_wants_positive_figures_and_a_count_does_not() -> None:
    """A speed of 0 has no ratio to compare; a count of 0 is a count, and differs."""
    word, why = verdict(FPS, measured("train_fps", 0.0))
    assert (word, why) == ("not measurable here", "0 in snn: only positive figures have a ratio")
    assert verdict(PARAMS, measured("params", 0)) == ("differs", "snn -100.0 %")


@pytest.mark.parametrize(("paper", "word"), [(60.0, "reproduced"), (59.9, "differs")])
def test_an_accuracy_without_an_interval_is_its_value(paper: float, word: str) -> None:
    """A figure of another tool's may have none: nothing but the value itself is inside."""
    row = Row("accuracy", paper={"snn": paper}, scale=100)
    suite = Suite(1, "s", (Model("snn", "a.py:snn"),), tables=(Table("t", (row,)),))
    figures = {"accuracy": measured("accuracy", 0.6), "epochs": measured("epochs", 100)}
    cell = CellResult("snn", "snn", "cpu", "ok", (), {}, figures)
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    found = judge(
        row, suite.tables[0], Results(run, {}, {"synthetic": False}, suite, (cell,), (), "0")
    )
    assert found.word == word
