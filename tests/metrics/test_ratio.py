"""What enters a ratio or a verdict, over every path that there is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchbench.codec import plain
from benchbench.comparing import energy_ratio, paper, welch
from benchbench.comparing.loading import StoredRun
from benchbench.metrics.merging import merge
from benchbench.metrics.ratio import NoRatio, Ratio, ratio, refusal
from benchbench.metrics.registry import METRICS, measured, unavailable
from benchbench.probes import accuracy_per_cost
from benchbench.results.aggregate import aggregated
from benchbench.suite.gate import Gate
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Claim, Measure, Row, Table

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

NAME = "infer_energy"
GOOD = [0.5, 0.6, 0.7]


def figure(values: list[float], *, valid: bool = True, name: str = NAME) -> Measurement:
    """A figure of several processes, with what the energy ratio needs of each window."""
    rounds = []
    for repeat, value in enumerate(values):
        detail: dict[str, Any] = {"repeat": repeat, "window_j": 10 * value, "seconds": 1.0}
        detail |= {"samples": 10, "offset_w": 0.0, "sensor": "s"}
        rounds.append(measured(name, value, detail=detail))
    merged = merge(rounds)
    return merged if valid else replace(merged, valid=False, reasons=("throttled: heat",))


def run_of(over: Measurement, under: Measurement) -> Results:
    """A whole run, put together from its journal, in which the two models have these figures."""
    rows = (Row(NAME, paper={"a": 2.0, "b": 1.0}, tolerance_percent=1e6),)
    suite = Suite(
        1,
        "s",
        (Model("a", "m.py:a"), Model("b", "m.py:b")),
        settings=Settings(repeats=len(GOOD)),
        tables=(Table("t", rows, ("a", "b")),),
        claims=(Claim("c", "r", "ambiguous", measure=Measure(NAME, "a", "b")),),
    )
    jobs = []
    for model, found in (("a", over), ("b", under)):
        for one in found.rounds():
            item = measured(NAME, one.value or 0.0, valid=found.valid, reasons=found.reasons)
            item = replace(item, detail=dict(one.detail))
            jobs.append(job(model, one.repeat, item))
    header = {
        "kind": "run",
        "schema": 1,
        "benchbench": "0",
        "run": {"id": "x", "mode": "full", "command": ""},
        "fingerprint": {},
        "data": {"synthetic": False},
        "suite": plain(suite),
        "cells": [{"id": m, "model": m, "device": "cpu", "jobs": len(GOOD)} for m in "ab"],
    }
    return aggregated([header, *jobs, {"kind": "end"}])


def job(model: str, repeat: int, item: Measurement) -> dict[str, Any]:
    """A line of the journal."""
    return {
        "kind": "job",
        "cell": model,
        "task": "time",
        "repeat": repeat,
        "status": "ok",
        "reason": "",
        "facts": {},
        "seconds": 1.0,
        "measurements": [item.to_json()],
    }


def outcomes(over: Measurement, under: Measurement) -> dict[str, object]:
    """Every ratio and verdict that two figures can come to; None where there is none."""
    one = ratio(over, under)
    results = run_of(over, under)
    table = results.suite.tables[0]
    here = results.comparison(NAME, "a", "b")
    runs = [StoredRun(side, {}, {"m": {NAME: f}}) for side, f in (("b", under), ("n", over))]
    (line,) = welch.compare(runs[0], runs[1], Gate(), across_machines=False).lines
    energy = energy_ratio.resolve(over, under)
    word = paper.judge(table.rows[0], table, results).word
    return {
        "ratio": one.value if isinstance(one, Ratio) else None,
        "stored ratio of models": here.value if here else None,
        "verdict on the paper": None if word == "not measurable here" else word,
        "verdict on two runs": line.verdict if isinstance(line, welch.Compared) else None,
        "energy ratio": energy.value if energy else None,
    }


def test_two_good_figures_have_all_of_them() -> None:
    """Else the test below could not fail."""
    assert None not in outcomes(figure(GOOD), figure([0.25, 0.3, 0.35])).values()


bad = st.one_of(
    st.just(figure(GOOD, valid=False)),
    st.floats(-1e3, 0, allow_subnormal=False).map(lambda low: figure([0.5, low, 0.7])),
    st.floats(-1e3, 0, allow_subnormal=False).map(lambda low: figure([low, low, low])),
)


@given(bad, st.booleans())
def test_an_invalid_figure_or_one_not_above_0_enters_nothing(
    wrong: Measurement,
    above: bool,  # noqa: FBT001 - drawn
) -> None:
    """On either side, over every path: no ratio, no verdict."""
    pair = (wrong, figure(GOOD)) if above else (figure(GOOD), wrong)
    found = outcomes(*pair)
    assert set(found.values()) == {None}, found


@given(bad)
def test_every_refusal_has_its_reason(wrong: Measurement) -> None:
    """It names the side, and says why."""
    found = ratio(wrong, figure(GOOD), names=("the SNN", "the CNN"))
    assert isinstance(found, NoRatio)
    assert "the SNN" in found.reason
    wanted = "throttled: heat" if not wrong.valid else "only positive figures"
    assert wanted in found.reason


def test_simulated_over_real_is_refused() -> None:
    """Also where both are fine by themselves."""
    fake = replace(figure(GOOD), provenance="simulated")
    assert ratio(fake, figure(GOOD)) == NoRatio("one is simulated, the other is not")


@pytest.mark.parametrize("missing", [None, unavailable(NAME, "no sensor")])
def test_what_is_missing_is_named(missing: Measurement | None) -> None:
    """No figure at all, and one that is n/a."""
    found = ratio(figure(GOOD), missing, names=("a", "b"))
    assert isinstance(found, NoRatio)
    assert "b" in found.reason


def test_rounds_are_paired_by_their_number() -> None:
    """A round that one side lacks is left out, whatever the order."""
    over = figure([1.0, 2.0, 4.0])
    under = figure([1.0, 1.0, 2.0])
    repeats = [dict(item) for item in reversed(under.detail["repeats"])][:2]
    part = replace(under, detail={"repeats": repeats})
    assert ratio(over, part) == Ratio(pytest.approx(2.0), pytest.approx(2.0), pytest.approx(2.0), 2)


def test_two_runs_are_not_paired() -> None:
    """The interval is Welch's, as scipy has it on the logarithms."""
    over, under = figure([1.0, 1.2, 1.1]), figure([0.5, 0.52, 0.48])
    found = ratio(over, under, paired=False)
    assert isinstance(found, Ratio)
    logs = [[math.log(r.value or 0) for r in f.rounds()] for f in (over, under)]
    wanted = stats.ttest_ind(*logs, equal_var=False).confidence_interval()
    assert [math.log(found.low or 0), math.log(found.high or 0)] == (
        pytest.approx([wanted.low, wanted.high])
    )


def metered_by(sensor: str) -> Measurement:
    """A figure of three windows of a sensor."""
    rounds = [
        measured(NAME, value, detail={"repeat": at, "sensor": sensor} if sensor else {"repeat": at})
        for at, value in enumerate(GOOD)
    ]
    return merge(rounds)


def test_two_runs_of_sensors_that_count_other_things_have_no_ratio() -> None:
    """A zone of the memory that one run had and the other had not is no regression."""
    alone, both = "RAPL, package-0", "RAPL, package-0 + package-0 dram"
    found = ratio(metered_by(both), metered_by(alone), paired=False)
    assert found == NoRatio(f"metered by other sensors, which count other things: {alone} : {both}")
    assert isinstance(ratio(metered_by(both), metered_by(both), paired=False), Ratio)
    # What names no sensor was not metered, or is of a file that kept none.
    assert isinstance(ratio(metered_by(both), metered_by(""), paired=False), Ratio)
    sides = [StoredRun("", {}, {"net": {NAME: metered_by(it)}}) for it in (alone, both)]
    (line,) = welch.compare(*sides, Gate(), across_machines=False).lines
    assert isinstance(line, welch.Incomparable)
    assert alone in line.reason


def test_the_largest_of_all_processes_has_no_interval() -> None:
    """Peak memory is one figure, not a mean over rounds."""
    names = [name for name, item in METRICS.items() if item.merge == "largest"]
    assert {"train_rss", "infer_gpu_memory"} <= {*names}
    over, under = (figure([a, b], name="train_rss") for a, b in ((2.0, 4.0), (1.0, 1.0)))
    assert ratio(over, under) == Ratio(4.0, None, None, 1)


def test_a_reason_is_a_whole_sentence() -> None:
    """Every refusal, word for word."""
    two = replace(figure(GOOD), valid=False, reasons=("heat", "cap"))
    silent = replace(figure(GOOD), valid=False)
    cases = (
        (None, "it does not have it"),
        (unavailable(NAME, "lost"), "n/a in it: lost"),
        (two, "invalid in it: heat; cap"),
        (silent, "invalid in it: no reason was given"),
        (figure([0.5, -0.25, 0.5]), "-0.25 in it: only positive figures have a ratio"),
        (measured("params", 0), "0 in it: only positive figures have a ratio"),
        (replace(figure(GOOD), value=-0.5), "-0.5 in it: only positive figures have a ratio"),
        (figure(GOOD), ""),
    )
    for item, reason in cases:
        assert refusal(item, "it") == reason


def test_rounds_that_do_not_meet_are_no_pairs() -> None:
    """Nothing of one side is set against nothing of the other."""
    over, under = figure([1.0, 2.0]), figure([1.0, 2.0])
    later = [{**item, "repeat": item["repeat"] + 5} for item in under.detail["repeats"]]
    found = ratio(over, replace(under, detail={"repeats": later}), names=("a", "b"))
    assert found == NoRatio("a and b have no round in common")
    part = replace(over, detail={"repeats": over.detail["repeats"][:1]})
    for pair in ((part, under), (under, part)):
        one = ratio(*pair)
        assert isinstance(one, Ratio)
        assert (one.value, one.n) == (1.0, 1)


def test_unpaired_processes_count_by_the_smaller_side() -> None:
    """Three of one run and two of another."""
    found = ratio(figure([1.0, 1.1, 1.2]), figure([0.5, 0.6]), paired=False)
    assert isinstance(found, Ratio)
    assert found.n == 2


def test_the_largest_is_divided() -> None:
    """Of two processes each, by hand."""
    over, under = (figure(v, name="infer_rss") for v in ([6.0, 3.0], [2.0, 1.0]))
    assert ratio(over, under) == Ratio(3.0, None, None, 1)


def trained(name: str, value: float, half: float, **detail: Any) -> Measurement:
    """A figure of trained weights with its own interval."""
    return measured(name, value, n=100, low=value - half, high=value + half, detail=detail)


def verdict_on(base: Measurement, new: Measurement) -> tuple[str, str]:
    """What the comparison of two runs says of a figure, and why."""
    runs = [StoredRun(side, {}, {"m": {f.name: f}}) for side, f in (("b", base), ("n", new))]
    (line,) = welch.compare(runs[0], runs[1], Gate(), across_machines=False).lines
    assert isinstance(line, welch.Compared)
    return line.verdict, line.reason


def test_what_a_training_ended_with_is_worse_only_beyond_chance() -> None:
    """Means over seeds and errors by their own intervals; what is equal needs no reason."""
    for name in ("accuracy_seeds", "mse", "accuracy"):
        word, why = verdict_on(trained(name, 0.85, 0.05), trained(name, 0.849, 0.05))
        assert (word, "within chance" in why) == ("same", True), name
    name = "accuracy_seeds"
    assert verdict_on(trained(name, 0.85, 0.01), trained(name, 0.8, 0.01))[0] == "worse"
    assert verdict_on(trained("mse", 0.85, 0.01), trained("mse", 0.8, 0.01))[0] == "better"
    assert verdict_on(trained("mse", 0.85, 0.01), trained("mse", 0.85, 0.01)) == ("same", "")


def test_accuracies_on_the_same_samples_are_compared_in_pairs() -> None:
    """Nine samples that the old weights alone have right are no chance, whatever the intervals."""
    labels = [0] * 100
    base = trained("accuracy", 0.69, 0.09, labels=labels, guesses=[0] * 69 + [1] * 31)
    new = trained("accuracy", 0.60, 0.09, labels=labels, guesses=[0] * 60 + [1] * 40)
    assert verdict_on(base, new)[0] == "worse"
    other = trained("accuracy", 0.60, 0.09, labels=[1] * 100, guesses=[1] * 60 + [0] * 40)
    assert verdict_on(base, other)[0] == "same"  # other images: 9 points within 9 and 9


def test_a_factor_that_every_round_has_is_in_the_interval_of_the_ratio() -> None:
    """Accuracy per joule: rounds of the energy, in each the accuracy, whose own interval counts."""
    sides = []
    for value in (0.9, 0.6):
        accuracy = measured("accuracy", value, n=100, low=value * 0.9, high=value * 1.1)
        cells = {"accuracy": accuracy, NAME: figure([1.0, 1.0, 1.0])}
        sides += [it for it in accuracy_per_cost.measure(cells) if it.name == "accuracy_per_joule"]
    assert (sides[0].low, sides[0].high) == (pytest.approx(0.81), pytest.approx(0.99))
    found = ratio(sides[0], sides[1])
    assert isinstance(found, Ratio)
    assert found.value == pytest.approx(1.5)
    down, up = math.log(1 / 0.9), math.log(1.1)
    assert found.low == pytest.approx(1.5 * math.exp(-math.hypot(down, up)))
    assert found.high == pytest.approx(1.5 * math.exp(math.hypot(down, up)))


def test_accuracy_per_joule_has_the_energys_interval_place_and_sensor() -> None:
    """What forbids a ratio of the energies forbids one of the quotients."""
    accuracy = measured("accuracy", 0.9, n=1000, low=0.88, high=0.92)
    sides = []
    for place, values in (("n1", [0.9, 1.0, 1.1]), ("n2", [2.0, 2.1, 1.9])):
        energy = figure(values)
        for it in energy.detail["repeats"]:
            it |= {"place": place, "machine": place}
        cells = {"accuracy": accuracy, NAME: energy}
        sides += [it for it in accuracy_per_cost.measure(cells) if it.name == "accuracy_per_joule"]
    low, high = sides[0].low or 0.0, sides[0].high or 0.0
    assert low == pytest.approx(0.9 - math.hypot(0.02, 0.9 - 0.9 / 1.24841), rel=1e-3)
    assert high > 1.19
    found = ratio(*sides)
    assert isinstance(found, NoRatio)
    assert "never paired" in found.reason
