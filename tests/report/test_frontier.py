"""The sentence on top of a frontier: who costs what where no test tells the accuracies apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scipy import stats

from benchbench.metrics.registry import measured, unavailable
from benchbench.report.dots import dot_plot
from benchbench.report.frontier import frontier
from benchbench.report.page import page
from benchbench.results.schema import CellResult, Results
from benchbench.results.stored import load
from benchbench.suite.loader import load as load_suite
from benchbench.suite.schema import Model, Suite
from benchbench.suite.tables import Axis, Chart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.metrics.measurement import Measurement

LABELS = "0123456" * 100
RUN: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
FAMILIES = {"Spiking": ("snn1", "snn4"), "Few bits": ("bits1", "bits4"), "Twin": ("dense",)}
CHART = Chart("f", Axis("macs_effective"), Axis("accuracy"), FAMILIES, front=True)
# How many of 700 images each has wrong: the first so many, and of the twin the last.
WRONG = {"snn1": 300, "snn4": 100, "bits1": 299, "bits4": 95, "dense": 20}
COMPUTE = {"snn4": 0.7e-3, "bits4": 1e-3, "snn1": 0.1e-3, "bits1": 9e-3}
LEMAIRE = {"snn4": 2.1e-3, "bits4": 1e-3, "snn1": 9e-3, "bits1": 0.1e-3}


def guesses(wrong: int) -> str:
    """Right but for the first so many."""
    return "x" * wrong + LABELS[wrong:]


def rounds(name: str, *values: float) -> Any:
    """A figure of so many processes."""
    detail = {"repeats": [{"repeat": at, "value": it} for at, it in enumerate(values)]}
    return measured(name, sum(values) / len(values), n=len(values), detail=detail)


def run_of(wrong: Mapping[str, int], chart: Chart = CHART) -> Results:
    """A run of these models, each with joules by two formulas and a latency."""
    cells = []
    for name, count in wrong.items():
        detail = {"labels": LABELS, "guesses": guesses(count)}
        figures = [measured("accuracy", 1 - count / 700, n=700, detail=detail)]
        if name in COMPUTE:
            figures += [measured("modelled_compute_int8", COMPUTE[name])]
            figures += [measured("modelled_lemaire", LEMAIRE[name])]
            slow = 3.4 if name == "snn4" else 1.0
            figures += [rounds("latency", *(slow * it for it in (1.0, 1.01, 0.99)))]
        by_name = {it.name: it for it in figures}
        cells.append(CellResult(name, name, "cpu", "ok", measurements=by_name))
    models = tuple(Model(name, f"m.py:{name}", label=name.upper()) for name in wrong)
    about: dict[str, Any] = {
        "name": "d",
        "source": "d",
        "synthetic": False,
        "digest": "0",
        "samples": 1,
    }
    suite = Suite(1, "s", models, figures=(chart,))
    return Results(RUN, {}, {**about, "warnings": []}, suite, tuple(cells), (), "0")


def test_a_pair_that_is_told_apart_gives_way_to_a_less_accurate_one() -> None:
    """Six images that one alone has right are 2^-5, less than 0.05: the pair below them is told."""
    assert stats.binomtest(6, 6).pvalue < 0.05
    found = frontier(run_of({**WRONG, "bits4": 94}))[0].sentence
    assert "SNN1 against BITS1: 57.1 % and 57.3 %, -0.1 points [" in found
    assert "(p = 1)" in found
    assert "0.0111 x the modelled energy under 'arithmetic alone, int8' and 90.0 x under" in found


def test_the_most_accurate_pair_that_no_test_tells_apart_has_its_costs() -> None:
    """Five images apart: 2^-4 is more than 0.05, and the sentence has every part."""
    (first, second) = frontier(run_of(WRONG))
    assert first.sentence.startswith(
        "At accuracies that McNemar's test does not tell apart: SNN4 against BITS4: 85.7 % and "
        "86.4 %, -0.7 points ["
    )
    assert "on 700 images (p = 0.062)" in first.sentence
    assert (
        "needs 0.700 x the modelled energy under 'arithmetic alone, int8' and 2.10 x under "
        "'Lemaire', less under 1 and more under 1 of 2 formulas (no formula is the truth; each "
        "charges both networks at its own precision)"
    ) in first.sentence
    assert "bits (Yan" not in first.sentence  # nobody counted its twin of few bits
    assert "takes 3.40 x [3.40, 3.40] the latency at batch 1" in first.sentence
    assert 'class="worse"' in dot_plot(first)
    assert second.title == "Equal accuracy: Spiking against Twin"


def with_figures(made: Results, model: str, *figures: Measurement) -> Results:
    """The run with more or other figures of one model."""
    cells = [
        replace(it, measurements=it.measurements | {new.name: new for new in figures})
        if it.model == model
        else it
        for it in made.cells
    ]
    return replace(made, cells=tuple(cells))


def test_a_formula_whose_intervals_overlap_decides_for_neither() -> None:
    """It is counted as such, and neither the least nor the most of the ratios is its."""
    wide = measured("modelled_compute_int8", 0.7e-3, low=0.3e-3, high=1.1e-3)
    (first, _) = frontier(with_figures(run_of(WRONG), "snn4", wide))
    assert (
        "needs 2.10 x the modelled energy under 'Lemaire', less under 0 and more under 1 of 2 "
        "formulas, neither under 1 (no formula"
    ) in first.sentence
    wider = measured("modelled_lemaire", 2.1e-3, low=0.1e-3, high=4.1e-3)
    (neither, _) = frontier(with_figures(run_of(WRONG), "snn4", wide, wider))
    assert "modelled energy: not resolved under any of 2 formulas;" in neither.sentence


def test_a_formula_that_one_of_the_two_has_not_is_told() -> None:
    """A framework whose neurons an estimator does not know loses the formulas of memory first."""
    why = unavailable("modelled_lemaire", "the states of its neurons cost nothing in it")
    sentence = frontier(with_figures(run_of(WRONG), "bits4", why))[0].sentence
    assert (
        "needs 0.700 x the modelled energy under 'arithmetic alone, int8'; n/a for one of the two "
        "under Lemaire (no formula"
    ) in sentence
    both = with_figures(with_figures(run_of(WRONG), "bits4", why), "snn4", why)
    assert "n/a for one" not in frontier(both)[0].sentence


def test_a_formula_of_movement_alone_is_no_energy_of_a_network() -> None:
    """Though both models have it."""
    made = with_figures(run_of(WRONG), "snn4", measured("modelled_movement", 1e-9))
    made = with_figures(made, "bits4", measured("modelled_movement", 1e-3))
    assert frontier(made)[0] == frontier(run_of(WRONG))[0]


@pytest.mark.parametrize(
    ("ends", "said"), [({}, "its cost is ours);"), ({"high": 0.9e-3}, "which is not resolved;")]
)
def test_the_first_is_set_against_its_own_layers_of_few_bits(
    ends: dict[str, float], said: str
) -> None:
    """By Horowitz's int8 for it, and its few bits for the twin that Yan et al. ask for."""
    compute = measured("modelled_compute_int8", 0.7e-3, low=0.6e-3, **ends)
    twin = measured("modelled_few_bit_twin", 0.8e-3, detail={"bits": 3})
    (first, _) = frontier(with_figures(run_of(WRONG), "snn4", compute, twin))
    assert (
        "needs 0.875 x the modelled energy of its own layers run once with 3 bits, by arithmetic "
        "alone, int8 (the twin of Yan et al. 2024; its cost is ours)"
    ) in first.sentence
    assert said in first.sentence


def test_families_without_an_equal_pair_say_so() -> None:
    """The nearest two are named with their difference, and nothing is said of their costs."""
    (_, found) = frontier(run_of(WRONG))
    assert found.sentence.startswith(
        "Equal accuracy: Spiking against Twin: no two of them; the nearest are SNN4 and DENSE: "
        "85.7 % and 97.1 %, -11.4 points ["
    )
    assert "modelled" not in found.sentence
    assert dot_plot(found) == ""


def test_a_pair_of_equal_accuracy_without_joules_or_clock_says_that() -> None:
    """Nothing is left out without a word."""
    (_, found) = frontier(run_of({"snn1": 300, "snn4": 22, "bits1": 299, "dense": 20}))
    lacking = "n/a for one of the two under arithmetic alone, int8, Lemaire"
    assert f"modelled energy: n/a; {lacking}; latency at batch 1: n/a" in found.sentence


def test_models_without_an_accuracy_are_not_comparable() -> None:
    """With the reason, where one is known."""
    made = run_of(WRONG)
    bare = replace(made, cells=tuple(replace(it, measurements={}) for it in made.cells))
    (first, _) = frontier(bare)
    assert first.sentence.endswith("not comparable: no two of them have an accuracy.")
    about = {**made.cells[-1].measurements}
    about["accuracy"] = replace(about["accuracy"], valid=False, reasons=("cut short",))
    worse = (*made.cells[:-1], replace(made.cells[-1], measurements=about))
    (_, second) = frontier(replace(made, cells=worse))
    assert "not comparable: invalid in DENSE: cut short" in second.sentence


@pytest.mark.parametrize(
    "chart",
    [
        replace(CHART, front=False),
        replace(CHART, y=Axis("latency")),
        replace(CHART, lines={"Spiking": ("snn1", "snn4")}),
    ],
    ids=["no front", "no accuracy", "one family"],
)
def test_only_a_frontier_of_accuracy_has_the_sentence(chart: Chart) -> None:
    """Other figures weigh nothing."""
    assert frontier(run_of(WRONG, chart)) == ()


def test_every_report_of_a_frontier_begins_with_it() -> None:
    """The suite of the fair frontier asks for it: the SNN against the other three families."""
    root = Path(__file__).resolve().parents[2]
    suite, _ = load_suite(str(root / "suites" / "fair.yaml"))
    made = replace(run_of(WRONG), suite=replace(run_of(WRONG).suite, figures=suite.figures))
    assert [it.to for it in frontier(made)] == ["Few-bit twin", "ReLU twin", "Slimmed twin"]
    assert page(run_of(WRONG)).headlines[: len(frontier(run_of(WRONG)))] == frontier(run_of(WRONG))
    stored = load(next((root / "reports" / "reference" / "table3").iterdir()))
    assert frontier(stored) == ()
