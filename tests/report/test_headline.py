"""Who wins, by how much and how surely: sentences and marks that follow from the statistics."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchbench.metrics.registry import METRICS, measured, unavailable
from benchbench.report import html
from benchbench.report.absent import NOT_THERE, why_absent
from benchbench.report.best import best_of, sure_best
from benchbench.report.charts.frontier import frontier_charts
from benchbench.report.dots import dot_plot
from benchbench.report.headline import headlines, where_measured
from benchbench.report.page import page
from benchbench.results.schema import CellResult, Results
from benchbench.results.stored import load
from benchbench.running.taken import TAKEN
from benchbench.suite import loader
from benchbench.suite.schema import Model, Settings, Suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement

REFERENCES = Path(__file__).resolve().parents[2] / "reports" / "reference"


def timed(*fps: float, name: str = "infer_fps", **fields: object) -> Measurement:
    """A speed of so many processes, one a round."""
    rounds = [{"repeat": i, "value": it} for i, it in enumerate(fps)]
    mean = sum(fps) / len(fps)
    return measured(name, mean, n=len(fps), detail={"repeats": rounds}, **fields)


def results(**models: Sequence[Measurement]) -> Results:
    """A run of models with these figures."""
    suite = Suite(
        1, "t", tuple(Model(it, "conv_snn", label=it) for it in models), settings=Settings()
    )
    cells = tuple(
        CellResult(it, it, "cpu", "ok", measurements={figure.name: figure for figure in figures})
        for it, figures in models.items()
    )
    run = {"id": "r", "mode": "full", "command": "x", "complete": True}
    data = {"name": "d", "source": "d", "synthetic": False, "digest": "0", "samples": 1}
    return Results(run, {"cpu": "chip"}, {**data, "warnings": []}, suite, cells, (), "0")


def test_the_sentence_of_table_3_has_its_ratios_and_how_sure_they_are() -> None:
    """The ratio of the table and of the claims, with the intervals that the report prints."""
    stored = load(next((REFERENCES / "table3").iterdir()))
    first, second = headlines(stored)
    found = stored.comparison("train_fps", "conv_snn", "cnn3")
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    ratio = f"trains {found.value:#.3g} x [{found.low:#.3g}, {found.high:#.3g}] as fast"
    assert ratio in first.sentence
    assert "(not resolved)" in first.sentence.partition("infers")[2].partition(";")[0]
    assert "energy: not metered here" in first.sentence
    assert second.to == "ReLU twin"
    assert "5 processes a model" in where_measured(stored)


def test_a_ratio_whose_interval_holds_1_is_not_resolved() -> None:
    """Neither better nor worse, in words and as a hollow dot."""
    near = results(a=[timed(100, 120, 90)], b=[timed(101, 115, 95)])
    (headline,) = headlines(near)
    assert headline.findings[0].outlook == "not resolved"
    assert 'class="open"' in dot_plot(headline)
    far = results(a=[timed(200, 202, 199)], b=[timed(100, 101, 99)])
    (headline,) = headlines(far)
    assert headline.findings[0].outlook == "better"
    assert 'class="better"' in dot_plot(headline)


def test_the_sparsity_suite_begins_with_networks_that_fire() -> None:
    """Event-driven against dense at one threshold, by latency and by speed; not the silent ones."""
    stored = load(next((REFERENCES / "sparsity").iterdir()))
    suite, _ = loader.load("sparsity")
    asked = replace(stored, suite=replace(stored.suite, tables=suite.tables))
    (headline,) = headlines(asked)
    assert (headline.of, headline.to) == (
        "Event-driven, v_threshold = 0.5",
        "Dense, v_threshold = 0.5",
    )
    said = {it.metric: it.sentence for it in headline.findings}
    assert said["latency"].startswith("takes 0.58")
    assert said["infer_fps"].endswith("as fast (not resolved)")
    rate = stored.figure("events_v_threshold0.5", "firing_rate")
    assert rate is not None
    assert rate.value


def test_counts_of_spikes_whose_intervals_overlap_are_not_resolved() -> None:
    """On other images the order may be the other way; apart, it is sure without a process."""
    for low, told in ((70.0, True), (101.0, False)):
        one = measured("macs_effective", 102.0, n=9, low=low, high=103.0)
        two = measured("macs_effective", 100.0, n=9, low=99.5, high=100.5)
        (first, *_) = headlines(results(a=[one], b=[two]))
        said = "does 1.02 x the mult-adds on non-zero inputs"
        assert said in first.sentence
        assert (f"{said} (not resolved)" in first.sentence) == told


def test_a_single_process_has_no_interval_and_says_so() -> None:
    """The ratio is told, and that nothing is sure about it."""
    (headline,) = headlines(results(a=[timed(200)], b=[timed(100)]))
    assert "(no interval)" in headline.sentence


def test_less_energy_is_better() -> None:
    """The direction is the figure's own."""
    less, more = ([timed(*its, name="infer_energy")] for its in ((1, 1.01, 0.99), (2, 2.01, 1.98)))
    (headline,) = headlines(results(a=less, b=more))
    assert headline.findings[0].outlook == "better"
    assert "needs 0.5" in headline.sentence


def test_what_is_not_valid_is_not_compared() -> None:
    """An invalid speed gives no ratio, and its reason stands in the card."""
    bad = timed(200, 201, 202, valid=False, reasons=("throttled",))
    (headline,) = headlines(results(a=[bad], b=[timed(100, 101, 99)]))
    speed = headline.findings[0]
    assert (speed.outlook, speed.value) == ("not measured", None)
    assert "throttled" in speed.reason


def test_what_is_not_compared_has_its_reason_in_every_form() -> None:
    """In the sentence of Markdown, console and notebook; once in the page."""
    bad = timed(200, 201, 202, valid=False, reasons=("throttled by heat",))
    given = results(a=[bad], b=[timed(100, 101, 99)])
    (headline,) = headlines(given)
    why = headline.findings[0].reason
    assert f"inference speed: n/a ({why});" in headline.sentence
    (card,) = re.findall(r'<ul class="findings">.*?</ul>', html.render(given), re.DOTALL)
    assert card.count("throttled by heat") == 1


def test_of_accuracies_that_are_not_compared_none_is_called_the_most() -> None:
    """Without each image's guess there is no test, and so no first place."""
    shares = zip("abcde", (0.2, 0.3, 0.4, 0.5, 0.6), strict=True)
    (headline,) = headlines(results(**{it: [measured("accuracy", share)] for it, share in shares}))
    assert headline.sentence.startswith("e against d: accuracy: not comparable (")
    assert headline.sentence.endswith("its result holds no guess of each image).")


def test_a_model_that_failed_is_told_first() -> None:
    """And an energy that must not be compared is not told as one that nobody metered."""
    made = results(a=[timed(200, 201, 202)], b=[])
    cells = (made.cells[0], replace(made.cells[1], status="oom", reasons=("no memory",)))
    (headline,) = headlines(replace(made, cells=cells))
    assert headline.findings[0].text == "b failed: oom"
    assert headline.findings[0].reason == "no memory"
    bad = timed(2, 2.01, 1.99, name="infer_energy", valid=False, reasons=("throttled",))
    (headline,) = headlines(results(a=[bad], b=[timed(1, 1.01, 0.99, name="infer_energy")]))
    assert "energy of inference: n/a" in headline.sentence
    assert "throttled" in headline.findings[0].reason


def test_of_many_models_without_a_pair_the_first_places_are_told() -> None:
    """The best against the next one; a run of one model says what it has."""
    many = results(
        **{
            name: [timed(it, it + 1, it - 1)]
            for name, it in zip("abcde", (9, 99, 50, 20, 70), strict=True)
        }
    )
    (headline,) = headlines(many)
    assert (headline.of, headline.to, headline.lead) == ("b", "e", "fastest inference")
    (alone,) = headlines(results(a=[measured("params", 12)]))
    assert alone.sentence == "a: parameters 12.0."


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ([measured("params", 2), measured("params", 1), measured("params", 3)], 1),
        ([measured("params", 1), measured("params", 1)], None),
        ([timed(200, 202, 199), timed(100, 101, 99)], 0),
        ([timed(100, 120, 90), timed(101, 115, 95)], None),
        ([timed(200), timed(100)], None),
        (
            [
                measured("accuracy", 0.6, low=0.5, high=0.7),
                measured("accuracy", 0.5, low=0.4, high=0.6),
            ],
            None,
        ),
        (
            [
                measured("accuracy", 0.9, low=0.8, high=1.0),
                measured("accuracy", 0.5, low=0.4, high=0.6),
            ],
            0,
        ),
        ([measured("params", 1), unavailable("params", "n/a")], None),
        ([measured("depth", 3), measured("depth", 5)], None),
    ],
)
def test_the_best_of_a_row_is_marked_where_it_is_sure(
    figures: list[Measurement], expected: int | None
) -> None:
    """By the figure's direction; never where two are equal or apart by no more than chance."""
    assert best_of(figures) == expected


def on_other_data(given: Results, model: str) -> Results:
    """The same run, with a model that was measured on data of its own."""
    cells = [replace(it, data="1" if it.model == model else "0") for it in given.cells]
    also = {**given.data, "name": "e", "digest": "1"}
    return replace(given, cells=tuple(cells), data={**given.data, "also": [also]})


def test_what_was_measured_on_other_data_is_not_the_better_one() -> None:
    """Its title says on what, its accuracy is not compared, nothing of it is the best of a row."""

    def figures(value: float) -> list[Measurement]:
        accuracy = measured("accuracy", value, low=value - 0.01, high=value + 0.01)
        spikes = measured("macs_effective", 100 * value)
        speed = timed(100 * value, 100 * value + 1, 100 * value - 1)
        return [accuracy, spikes, speed, measured("params", 10 * value)]

    one_data = results(a=figures(0.9), b=figures(0.6))
    other = on_other_data(one_data, "b")
    (headline,) = headlines(other)
    assert headline.title == "a (on d) against b (on e)"
    assert headlines(one_data)[0].title == "a against b"
    said = {it.metric: it for it in headline.findings}
    assert "they were measured on different data" in said["infer_fps"].reason
    assert said["infer_fps"].value == pytest.approx(1.5, rel=1e-3)
    assert "macs_effective" not in said
    assert "params" in said
    for name in ("accuracy", "macs_effective", "infer_fps", "params"):
        assert sure_best(one_data, name, one_data.cells) is not None
        assert (sure_best(other, name, other.cells) is None) == (name != "params")


def test_a_model_that_was_not_asked_may_be_the_better_one() -> None:
    """Its row has no best, and says why it has no figure; one that needs a reason has its own."""
    given = results(a=[measured("footprint", 9)], b=[measured("footprint", 5)], c=[])
    assert sure_best(given, "footprint", given.cells) is None
    assert sure_best(given, "footprint", given.cells[:2]) == 1
    assert why_absent("footprint", given.cells[2], given) == [NOT_THERE]
    taken = replace(given.cells[2], facts={TAKEN: "run x on chip"})
    assert why_absent("footprint", taken, given) == [
        "run x on chip, which it is taken from, has none of it"
    ]
    assert why_absent("equal_spikes", taken, given) == [METRICS["equal_spikes"].otherwise]


def test_a_model_that_can_have_none_leaves_the_others_their_best() -> None:
    """Events run inference alone: who trains fastest is known without them."""
    speeds = {
        name: [timed(it, it + 1, it - 1, name="train_fps")]
        for name, it in zip("ab", (100, 200), strict=True)
    }
    given = results(**speeds, c=[])
    events = replace(given.cells[2], facts={"backend": "events: 3 of 3 neuron layers"})
    assert sure_best(given, "train_fps", given.cells) is None
    assert sure_best(given, "train_fps", [*given.cells[:2], events]) == 1


def test_each_data_set_has_a_front_of_its_own() -> None:
    """The best of all is on data of its own, and takes nobody's place on the front."""
    given = {"a": (0.5, 10), "b": (0.6, 20), "c": (0.9, 5)}
    plain = results(
        **{
            name: [measured("accuracy", share), measured("params", params)]
            for name, (share, params) in given.items()
        }
    )
    one, two = frontier_charts(plain), frontier_charts(on_other_data(plain, "c"))
    assert one is not None
    assert two is not None
    assert "on the Pareto front: c" in one.panels[0].svg
    assert "on the Pareto front: a, b, c" in two.panels[0].svg
    assert any("a front for each data set" in line for line in two.caption)
    assert two.panels[0].svg.count("<polyline") == 1 + one.panels[0].svg.count("<polyline")


def test_the_first_places_are_of_one_data_set() -> None:
    """The fastest of five is on data of its own, and not told."""
    given = {
        name: [timed(it, it + 1, it - 1)]
        for name, it in zip("abcde", (9, 99, 50, 20, 70), strict=True)
    }
    (headline,) = headlines(on_other_data(results(**given), "b"))
    assert headline.title == "fastest inference: e against c"


def test_a_figure_that_no_model_has_stands_below_the_table_with_its_reason() -> None:
    """Once for a reason, and not as a line of n/a."""
    made = page(
        results(a=[unavailable("idle_power", "no sensor"), unavailable("infer_power", "no sensor")])
    )
    (grid,) = [it for it in made.grids if it.reference]
    assert grid.lines == ()
    assert grid.below == ("Inference: power; Idle power: n/a [1]",)
    assert made.notes[0] == "no sensor"
