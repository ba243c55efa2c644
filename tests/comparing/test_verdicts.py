"""Every branch of the verdicts, on figures that are made up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.codec import plain, restored
from benchbench.comparing.paper import judge, judge_model
from benchbench.metrics.registry import measured, unavailable
from benchbench.results.schema import CellResult, ModelRatio, Results
from benchbench.suite.schema import Model, Suite
from benchbench.suite.tables import Row, Table
from benchbench.suite.training import Train

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

PAPERS_EPOCHS = 100
ACCURACY = Row("accuracy", paper={"snn": 60.0}, scale=100, tolerance_percent=1.0)


def results_of(
    row: Row,
    *figures: Measurement,
    ratio: ModelRatio | None = None,
    synthetic: bool = False,
    **model: Any,
) -> tuple[Table, Results]:
    """A run of one or two models that has these figures for the SNN."""
    ids = [*dict.fromkeys((*row.paper, "snn"))]
    models = tuple(Model(i, f"m.py:{i}", label=i.upper(), **model) for i in ids)
    table = Table("t", (row,), ("snn", "cnn") if ratio else None)
    suite = Suite(1, "s", models, paper_epochs=PAPERS_EPOCHS, tables=(table,))
    there = {figure.name: figure for figure in figures}
    other = {row.metric: measured(row.metric, 1.0)}
    cells = tuple(
        CellResult(i, i, "cpu", "ok", (), {}, there if i == "snn" else other) for i in ids
    )
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    comparisons = (ratio,) if ratio else ()
    data = {"synthetic": synthetic}
    return table, Results(run, {}, data, suite, cells, comparisons, "0")


def accuracy(value: float, half: float, epochs: float | None = PAPERS_EPOCHS) -> list[Measurement]:
    """An accuracy with its interval, and how long was trained."""
    found = [measured("accuracy", value, low=value - half, high=value + half)]
    return found + ([measured("epochs", epochs)] if epochs is not None else [])


@pytest.mark.parametrize(
    ("value", "half", "word", "why"),
    [
        (0.60, 0.02, "reproduced", "SNN +0.00 points"),
        (0.57, 0.04, "reproduced", "SNN -3.00 points"),  # the paper's lies inside
        (0.64, 0.05, "reproduced", "SNN +4.00 points"),
        (0.605, 0.001, "reproduced", "SNN +0.50 points"),  # outside, within the tolerance
        (0.595, 0.001, "reproduced", "SNN -0.50 points"),
        (0.57, 0.02, "differs", "SNN -3.00 points"),  # outside, and beyond it
        (0.64, 0.02, "differs", "SNN +4.00 points"),
    ],
)
def test_an_accuracy_is_inside_its_interval_or_within_the_tolerance(
    value: float, half: float, word: str, why: str
) -> None:
    """Else it differs; the distance in points is said either way."""
    table, results = results_of(ACCURACY, *accuracy(value, half))
    found = judge(ACCURACY, table, results)
    assert (found.word, found.reasons) == (word, (why,))


@pytest.mark.parametrize("end", [0.60, 0.64])
def test_the_ends_of_an_interval_belong_to_it(end: float) -> None:
    """A paper's figure on the end is inside."""
    figure = measured("accuracy", 0.62, low=0.60, high=0.64)
    row = replace(ACCURACY, paper={"snn": 100 * end}, tolerance_percent=0.0)
    table, results = results_of(row, figure, measured("epochs", PAPERS_EPOCHS))
    assert judge(row, table, results).word == "reproduced"


@pytest.mark.parametrize(("paper", "word"), [(2.0, "reproduced"), (12.0, "differs")])
def test_an_interval_may_begin_at_0(paper: float, word: str) -> None:
    """0 is an end like any other, and not the lack of one."""
    row = replace(ACCURACY, paper={"snn": paper})
    assert judge(row, *results_of(row, *accuracy(0.05, 0.05))).word == word
    found = judge(row, *results_of(row, *accuracy(0.0, 0.03)))  # all wrong is an accuracy too
    assert (found.word, found.reasons) == (word, (f"SNN {-paper:+.2f} points",))


def test_the_tolerance_itself_is_within_it() -> None:
    """One point off at a tolerance of one point."""
    figure = measured("accuracy", 0.75)
    row = replace(ACCURACY, paper={"snn": 74.0}, tolerance_percent=1.0)
    table, results = results_of(row, figure, measured("epochs", PAPERS_EPOCHS))
    assert judge(row, table, results).word == "reproduced"


@pytest.mark.parametrize(
    ("figures", "synthetic", "why"),
    [
        (accuracy(0.6, 0.1), True, "drawn faces are not the paper's photographs"),
        (accuracy(0.6, 0.1, None), False, "the weights were loaded"),
        (accuracy(0.6, 0.1, 99), False, "SNN: trained 99 epoch(s), the paper 100"),
        (
            [*accuracy(0.6, 0.1, None), unavailable("epochs", "lost")],
            False,
            "the weights were loaded",
        ),
        ([unavailable("accuracy", "not trained")], False, "not trained"),
    ],
)
def test_an_accuracy_of_other_conditions_is_not_measurable(
    figures: list[Measurement],
    synthetic: bool,  # noqa: FBT001 - a row of the table
    why: str,
) -> None:
    """Drawn faces, fewer epochs, weights of unknown origin, no figure at all."""
    table, results = results_of(ACCURACY, *figures, synthetic=synthetic)
    found = judge(ACCURACY, table, results)
    assert found.word == "not measurable here"
    assert why in "; ".join(found.reasons)


@pytest.mark.parametrize(
    ("best_at", "patience", "word"),
    [(2, 3, "reproduced"), (3, 3, "not measurable here"), (2, None, "not measurable here")],
)
def test_a_training_that_its_patience_ended_is_a_whole_one(
    best_at: int, patience: int | None, word: str
) -> None:
    """Five epochs, none better in the last three; one whose time ran out says how many it had."""
    figure, _ = accuracy(0.6, 0.1)
    curve = [{"epoch": at, "accuracy_public": float(at == best_at)} for at in range(1, 6)]
    epochs = measured("epochs", 5, detail={"curve": curve})
    recipe = Train(patience=patience)
    found = judge(ACCURACY, *results_of(ACCURACY, figure, epochs, train=recipe))
    assert found.word == word


@pytest.mark.parametrize(
    ("value", "word", "why"),
    [(0.6, "reproduced", "SNN +0.00 points"), (0.5, "differs", "SNN -10.00 points")],
)
def test_a_suite_that_does_not_tell_the_paper_s_epochs_is_judged_by_the_numbers(
    value: float, word: str, why: str
) -> None:
    """Three epochs are not held against a hundred of another paper; what is not told is said."""
    table, results = results_of(ACCURACY, *accuracy(value, 0.01, 3))
    silent = replace(results, suite=replace(results.suite, paper_epochs=None))
    found = judge(ACCURACY, table, silent)
    note = "for how many epochs the paper trained is not told (`paper_epochs:`)"
    assert (found.word, found.reasons) == (word, (why, note))
    own = replace(results, suite=replace(results.suite, paper_epochs=3))
    assert judge(ACCURACY, table, own).reasons == (why,)


def test_a_stored_suite_of_before_has_the_epochs_of_its_paper() -> None:
    """It has no such key, and was judged by 100; one that was stored with the key keeps it."""
    stored = plain(Suite(1, "s"))
    assert restored(Suite, stored).paper_epochs is None
    assert restored(Suite, {**stored, "paper_epochs": 30}).paper_epochs == 30
    del stored["paper_epochs"]
    assert restored(Suite, stored).paper_epochs == PAPERS_EPOCHS


PARAMS = Row("params", paper={"snn": 2.0}, scale=1e-6, decimals=2, tolerance_percent=1.0)


@pytest.mark.parametrize(
    ("value", "word", "reasons"),
    [
        (2_004_999, "reproduced", ()),  # as the paper prints it, it is the paper's
        (2_020_000, "reproduced", ("SNN +1.0 %",)),
        (1_980_000, "reproduced", ("SNN -1.0 %",)),
        (2_030_000, "differs", ("SNN +1.5 %",)),
        (1_970_000, "differs", ("SNN -1.5 %",)),
    ],
)
def test_a_count_is_rounded_as_the_paper_prints_it(
    value: float, word: str, reasons: tuple[str, ...]
) -> None:
    """Then it is within the tolerance, or it differs."""
    table, results = results_of(PARAMS, measured("params", value))
    found = judge(PARAMS, table, results)
    assert (found.word, found.reasons) == (word, reasons)


@pytest.mark.parametrize(
    ("value", "word", "reasons"),
    [
        (0, "reproduced", ()),
        (4_999, "reproduced", ()),  # 0.00 M, as the paper prints it
        (16_000, "differs", ("SNN 0.02, not 0",)),  # no tolerance is a share of 0
    ],
)
def test_a_count_of_0_in_the_paper_is_compared(
    value: float, word: str, reasons: tuple[str, ...]
) -> None:
    """A network without spikes has no synaptic operations, and a paper may print that."""
    row = replace(PARAMS, metric="synops_exact", paper={"snn": 0.0})
    table, results = results_of(row, measured("synops_exact", value))
    for found in (judge(row, table, results), judge_model(row, "snn", results)):
        assert (found.word, found.reasons) == (word, reasons)


def test_a_reconstructed_model_is_called_so_where_it_is_off() -> None:
    """And not where it is exact."""
    for value, reasons in ((2_020_000, ("SNN +1.0 %; reconstructed",)), (2_000_000, ())):
        table, results = results_of(PARAMS, measured("params", value), reconstructed="a guess")
        assert judge(PARAMS, table, results).reasons == reasons


def test_notes_and_contradictions_are_kept() -> None:
    """A row's note comes last; what contradicts itself comes first and decides."""
    noted = replace(PARAMS, note="in millions")
    table, results = results_of(noted, measured("params", 2_030_000))
    assert judge(noted, table, results).reasons == ("SNN +1.5 %", "in millions")
    wrong = replace(noted, inconsistent="2 is not 2")
    found = judge(wrong, table, results)
    assert found.word == "paper inconsistent"
    assert found.reasons == ("2 is not 2", "SNN +1.5 %", "in millions")
    silent = Row("params", note="ours alone")
    assert (judge(silent, table, results).word, judge(silent, table, results).reasons) == (
        "",
        ("ours alone",),
    )
    assert judge(Row("params"), table, results).reasons == ()


FPS = Row("train_fps", paper={"snn": 4.0, "cnn": 2.0}, tolerance_percent=10)


@pytest.mark.parametrize(
    ("value", "low", "high", "word", "why"),
    [
        (2.2, 1.0, 3.0, "reproduced", "the ratio; absolute figures are of another machine"),
        (1.8, None, None, "reproduced", "the ratio; absolute figures are of another machine"),
        (2.3, 2.2, 2.4, "differs", "our ratio is 2.3, the paper's 2"),
        (2.3, None, None, "differs", "our ratio is 2.3, the paper's 2"),
        (2.3, 2.0, 2.6, "not measurable here", "too uncertain"),
        (1.5, 1.1, 2.0, "not measurable here", "too uncertain"),
    ],
)
def test_a_speed_is_a_ratio(
    value: float, low: float | None, high: float | None, word: str, why: str
) -> None:
    """Within the tolerance it is reproduced; an interval that holds the paper's decides nothing."""
    ratio = ModelRatio("train_fps", "snn", "cnn", value, low, high, 5)
    table, results = results_of(FPS, measured("train_fps", 4.0), ratio=ratio)
    found = judge(FPS, table, results)
    assert found.word == word
    assert why in found.reasons[0]


@pytest.mark.parametrize(
    ("mode", "advice"), [("quick", "run without --quick"), ("full", "take more repeats")]
)
def test_an_uncertain_ratio_says_what_would_help(mode: str, advice: str) -> None:
    """Who ran the full form is not told to leave out --quick."""
    ratio = ModelRatio("train_fps", "snn", "cnn", 2.3, 2.0, 2.6, 5)
    table, results = results_of(FPS, measured("train_fps", 4.0), ratio=ratio)
    found = judge(FPS, table, replace(results, run={**results.run, "mode": mode}))
    wanted = f"our ratio 2.3 [2, 2.6] is too uncertain to tell it from the paper's 2: {advice}"
    assert found.reasons == (wanted,)


def test_a_ratio_that_cannot_be_formed_says_why() -> None:
    """No ratio in the table, a refused one, a paper without one side, a paper's 0."""
    refused = ModelRatio("train_fps", "snn", "cnn", None, None, None, 0, "invalid in cnn: heat")
    table, results = results_of(FPS, measured("train_fps", 4.0), ratio=refused)
    found = judge(FPS, table, results)
    assert (found.word, found.reasons) == ("not measurable here", ("invalid in cnn: heat",))
    alone = replace(table, ratio=None)
    assert judge(FPS, alone, results).reasons == ("absolute figures are of another machine",)
    fine = ModelRatio("train_fps", "snn", "cnn", 2.0, None, None, 1)
    table, results = results_of(FPS, measured("train_fps", 4.0), ratio=fine)
    zeros: list[dict[str, float]] = [{"snn": 4.0, "cnn": 0.0}, {"snn": 0.0, "cnn": 4.0}]
    for paper in ({"snn": 4.0}, {"cnn": 4.0}, *zeros):
        row = replace(FPS, paper=paper)
        found = judge(row, table, results)
        assert (found.word, found.reasons) == (
            "not measurable here",
            ("there is no ratio to compare",),
        )
    none = replace(results, comparisons=())
    assert judge(FPS, table, none).reasons == ("there is no ratio to compare",)


def test_what_has_no_figure_is_named_with_its_state() -> None:
    """Left out, not run yet, failed, invalid."""
    table, results = results_of(PARAMS, measured("params", 2e6))
    for cells, why in (
        ((), "SNN was left out of this run"),
        ((CellResult("snn", "snn", "cpu", "pending"),), "SNN: pending: not run yet"),
        ((CellResult("snn", "snn", "cpu", "oom", ("too big",)),), "SNN: oom: too big"),
    ):
        found = judge(PARAMS, table, replace(results, cells=cells))
        assert (found.word, found.reasons) == ("not measurable here", (why,))
    oom = CellResult("snn", "snn", "cpu", "oom", ("big", "twice"))
    assert judge(PARAMS, table, replace(results, cells=(oom,))).reasons == ("SNN: oom: big; twice",)
    both = replace(PARAMS, paper={"snn": 2.0, "cnn": 1.0})
    table, results = results_of(both, unavailable("params", "lost"))
    cells = (results.cells[0], replace(oom, id="cnn", model="cnn"))
    found = judge(both, table, replace(results, cells=cells))
    assert found.reasons == ("lost", "CNN: oom: big; twice")
    turned = replace(both, paper={"cnn": 1.0, "snn": 2.0})
    found = judge(turned, table, replace(results, cells=cells))
    assert found.reasons == ("CNN: oom: big; twice", "lost")
    bad = measured("params", 2e6, valid=False, reasons=("counters disagree",))
    table, results = results_of(PARAMS, bad)
    assert judge(PARAMS, table, results).reasons == ("invalid in SNN: counters disagree",)


def test_one_model_of_a_row_is_judged_alone() -> None:
    """The other's figure does not matter."""
    row = replace(PARAMS, paper={"snn": 2.0, "cnn": 50.0})
    table, results = results_of(row, measured("params", 2e6))
    assert judge(row, table, results).word == "differs"
    assert judge_model(row, "snn", results).word == "reproduced"
    assert judge_model(row, "cnn", results).word == "differs"
    speed = replace(FPS, paper={"snn": 4.0})
    table, results = results_of(speed, measured("train_fps", 4.0))
    alone = judge_model(speed, "snn", results)
    assert alone.word == "not measurable here"
    assert alone.reasons == ("absolute figures are of another machine",)
