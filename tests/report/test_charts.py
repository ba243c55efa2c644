"""The page's drawings: what is drawn is what was found, and what is not drawn is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from benchbench.meters.base import Reading
from benchbench.metrics.registry import measured
from benchbench.probes.metering.edges import Readings
from benchbench.probes.metering.sampler import Sample
from benchbench.probes.metering.window import Window
from benchbench.report import sections
from benchbench.report.charts import charts
from benchbench.report.charts.base import MOST, Scale
from benchbench.results.schema import TRACES, CellResult, Results
from benchbench.results.stored import load
from benchbench.results.traces import Trace, text_of
from benchbench.suite.schema import Model, Settings, Suite

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.report.charts.base import Illustration

REFERENCES = Path(__file__).resolve().parents[2] / "reports" / "reference"
EVIL = '<script>"&\x1b[31m'


def results(folder: str = "", **models: list[Measurement]) -> Results:
    """A run of models with these figures."""
    suite = Suite(1, "t", tuple(Model(name, "conv_snn") for name in models), settings=Settings())
    cells = tuple(
        CellResult(name, name, "cpu", "ok", measurements={it.name: it for it in figures})
        for name, figures in models.items()
    )
    run = {"id": "r", "mode": "full", "command": "x", "complete": True}
    data = {"name": "d", "source": "d", "synthetic": False, "digest": "0", "samples": 1}
    return Results(run, {}, {**data, "warnings": []}, suite, cells, (), "0", folder=folder)


def reference(suite: str) -> tuple[Results, dict[str, Any]]:
    """A committed run, and its JSON as anybody would read it."""
    folder = next((REFERENCES / suite).iterdir())
    return load(folder), json.loads((folder / "results.json").read_text("utf-8"))


def chart(made: Results, title: str) -> Illustration:
    """The one drawing whose title starts so."""
    (found,) = [it for it in charts(made) if it.title.startswith(title)]
    return found


def parts(svg: str, tag: str, kind: str) -> list[dict[str, str]]:
    """The elements of a tag and a class, as their attributes."""
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    return [it.attrib for it in root.iter(tag) if it.get("class", "") == kind]


def texts(svg: str) -> list[str]:
    """Every text that stands in a drawing."""
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    return ["".join(it.itertext()) for it in root.iter("text")]


@pytest.mark.parametrize("folder", sorted(REFERENCES.glob("*/*/")), ids=lambda it: it.parent.name)
def test_every_drawing_of_the_references_is_sound_and_inside_its_frame(folder: Path) -> None:
    """Each is XML by itself, says what it shows, and draws nothing left of or above its frame."""
    for made in charts(load(folder)):
        for panel in made.panels:
            root = ET.fromstring(panel.svg)  # noqa: S314 - our own drawing
            assert root.get("aria-label")
            _, _, width, height = map(float, root.attrib["viewBox"].split())
            for it in root.iter():
                assert 0 <= float(it.get("cx", 0)) <= width
                assert 0 <= float(it.get("cy", 0)) <= height
                assert float(it.get("x", 0)) + float(it.get("width", 0)) <= width
                assert 0 <= float(it.get("y", 0)) + float(it.get("height", 0)) <= height


def test_layers_are_drawn_in_proportion_to_what_was_counted() -> None:
    """The filled part of a layer's bar is its SynOps, or its effective mult-adds, of the dense."""
    made, raw = reference("table3")
    panel = chart(made, "Layer by layer").panels[0]
    figures = raw["cells"][0]["measurements"]
    dense = {it["name"]: it["macs_dense"] for it in figures["macs_dense"]["detail"]["layers"]}
    spent = {
        it["name"]: it["macs_effective"] for it in figures["macs_effective"]["detail"]["layers"]
    }
    spent |= {it["name"]: it["synops"] for it in figures["synops_exact"]["detail"]["layers"]}
    outlines = [float(it["width"]) for it in parts(panel.svg, "rect", "outline")]
    full = [float(it["width"]) for it in parts(panel.svg, "rect", "full")]
    largest = max(dense.values())
    for (name, macs), outline, filled in zip(dense.items(), outlines, full, strict=False):
        assert outline == pytest.approx(max(outlines) * macs / largest, abs=0.6)
        assert filled == pytest.approx(max(outlines) * spent[name] / largest, abs=0.6)
    rates = [it["rate"] for it in figures["firing_rate"]["detail"]["layers"]]
    assert [f"{100 * rate:.3g} %" for rate in rates] == texts(panel.svg)[-2 * len(rates) :][1::2]


def test_the_winner_under_each_formula_is_the_one_with_the_least_joules() -> None:
    """Read from the stored file by nothing of ours."""
    made, raw = reference("energy_models")
    svg = chart(made, "Who wins").panels[0].svg
    labels = {it["id"]: it["label"] or it["id"] for it in raw["suite"]["models"]}
    said = re.search(r'aria-label="([^"]*)"', svg)
    assert said
    verdicts = dict(re.findall(r"(?:^|; )([^;:]+): ([^;]+) needs least", said[1]))
    for name, title in (("modelled_compute_fp32", "arithmetic alone, fp32"),
                        ("modelled_movement", "movement of spikes"),
                        ("modelled_spikesim_dense", "SpikeSim, dense")):  # fmt: skip
        joules = {
            cell["model"]: cell["measurements"][name]["value"]
            for cell in raw["cells"]
            if cell["measurements"].get(name, {}).get("value")
        }
        assert verdicts[title] == labels[min(joules, key=joules.__getitem__)]


def test_a_winner_by_less_than_its_interval_is_not_drawn_as_one() -> None:
    """No mark is filled, and the words say so; a formula that resolves it is told beside it."""
    name, sure = "modelled_compute_fp32", "modelled_memory"
    snn = [measured(name, 1.9, low=1.7, high=2.1), measured(sure, 1.0)]
    made = results(snn=snn, cnn=[measured(name, 2.0), measured(sure, 3.0)])
    found = chart(made, "Who wins")
    assert (
        "arithmetic alone, fp32: not resolved; with memory: snn needs least" in found.panels[0].svg
    )
    assert any(
        "least under each that charges for computing and resolves it" in note
        for note in found.caption
    )
    unsure = results(snn=snn[:1], cnn=[measured(name, 2.0)])
    assert any("under none of them" in note for note in chart(unsure, "Who wins").caption)
    assert chart(unsure, "Who wins").panels[0].svg.count(' hollow"') == 2
    assert found.panels[0].svg.count(' hollow"') == 3


def test_each_process_is_a_dot_at_its_value_and_a_refused_window_is_hollow() -> None:
    """Distances between dots are those between values."""
    values = (100.0, 110.0, 130.0)
    rounds = [{"value": it, "valid": it != 110.0, "repeat": n} for n, it in enumerate(values)]
    figure = measured("infer_fps", 113.0, low=90.0, high=136.0, n=3)
    made = results(a=[replace(figure, detail={"repeats": rounds})])
    svg = chart(made, "Every repeat").panels[0].svg
    good = [float(it["cx"]) for it in parts(svg, "circle", "s0")]
    (refused,) = [float(it["cx"]) for it in parts(svg, "circle", "s0 hollow")]
    assert (refused - good[0]) * 2 == pytest.approx(good[1] - refused, abs=0.3)
    assert len(parts(svg, "line", "bar")) == 2


def test_a_single_process_is_no_spread() -> None:
    """One dot would look like a sure figure."""
    assert not charts(results(a=[measured("infer_fps", 100.0)]))


def test_a_curve_has_a_point_an_epoch_and_marks_the_best() -> None:
    """Training dashed, validation whole."""
    made, raw = reference("table4")
    curve = raw["cells"][0]["measurements"]["epochs"]["detail"]["curve"]
    svg = chart(made, "Training curves").panels[0].svg
    for kind in ("line", "line dashed"):
        lines = parts(svg, "polyline", kind)
        assert [len(it["points"].split()) for it in lines] == [len(curve)] * 2
    best = max(curve, key=lambda it: it["accuracy_public"])
    assert f"accuracy, %: {100 * best['accuracy_public']:.4g}, epoch {best['epoch']}" in svg


def test_a_confusion_matrix_has_every_image_and_its_diagonal_is_the_accuracy() -> None:
    """The numbers in the squares are all there is."""
    made, raw = reference("table4")
    figure = raw["cells"][0]["measurements"]["accuracy"]
    counts = [int(it) for it in texts(chart(made, "Confusion").panels[0].svg) if it.isdigit()]
    size = len(figure["detail"]["classes"])
    assert sum(counts) == figure["n"]
    assert sum(counts[:: size + 1]) / figure["n"] == pytest.approx(figure["value"])


def metered(folder: Path, *, text: str | None = None) -> Results:
    """A model with one window of 2 s at 30 W by a simulated sensor, and its trace in `folder`."""
    window = Window("infer", 10, 160, 100.0, 102.0)
    edges = Readings(
        Reading(0.0, 99.9, 0.0), 60.0, 102.0, Reading(60.0, 102.0, 0.0), Reading(63.0, 102.1, 0.0)
    )
    samples = tuple(Sample(99.9 + n / 10, 3.0 * n, 30.0 + n % 2) for n in range(23))
    trace = Trace("a-infer.csv", "sim", "simulated", window, 5.0, edges, samples)
    (folder / TRACES).mkdir()
    (folder / TRACES / trace.name).write_text(text_of(trace) if text is None else text, "utf-8")
    energy = measured("infer_energy", 6.0, provenance="simulated", detail={"trace": trace.name})
    power = measured("infer_power", 30.0, provenance="simulated")
    return results(str(folder), **{EVIL: [energy, power]})


def test_power_is_drawn_with_its_window_and_a_simulated_sensor_says_so(tmp_path: Path) -> None:
    """Inside the drawing too: pictures travel alone."""
    found = chart(metered(tmp_path), "Power over time")
    svg = found.panels[0].svg
    assert any("SIMULATED" in it for it in texts(svg))
    assert any("SIMULATED" in it for it in found.caption)
    (shaded,) = parts(svg, "rect", "window")
    (mean,) = parts(svg, "line", "level")
    assert float(shaded["x"]) == float(mean["x1"])
    assert float(shaded["x"]) + float(shaded["width"]) == pytest.approx(float(mean["x2"]))
    (curve,) = parts(svg, "polyline", "line")
    places = [float(it.partition(",")[0]) for it in curve["points"].split()]
    whole = places[-1] - places[0]  # from 0.1 s before the window of 2 s to 0.1 s after it
    assert float(shaded["width"]) / whole == pytest.approx(2.0 / 2.2, rel=0.01)
    (idle,) = parts(svg, "line", "level dashed")
    foot = float(shaded["y"]) + float(shaded["height"])
    assert (foot - float(mean["y1"])) / (foot - float(idle["y1"])) == pytest.approx(6.0, rel=0.02)
    assert EVIL not in svg


@pytest.mark.parametrize("text", ["", "# benchbench trace 2\n", None])
def test_a_trace_that_is_missing_or_damaged_costs_its_drawing_alone(
    tmp_path: Path, text: str | None
) -> None:
    """The caption says which, and why."""
    made = metered(tmp_path, text=text)
    if text is None:
        (tmp_path / TRACES / "a-infer.csv").unlink()
    found = chart(made, "Power over time")
    assert not found.panels
    why = "cannot be read" if text is None else "not a trace" if not text else "cut off or damaged"
    assert any(why in it and "a-infer.csv" in it for it in found.caption)


def test_the_front_of_accuracy_over_cost_has_those_that_no_other_beats() -> None:
    """The cheap one and the accurate one are ringed; what is dearer and worse is not."""
    made = results(
        cheap=[measured("params", 1e3), measured("accuracy", 0.5)],
        worse=[measured("params", 1e4), measured("accuracy", 0.4)],
        good=[measured("params", 1e5), measured("accuracy", 0.6, low=0.55, high=0.65)],
        without=[measured("params", 10)],
    )
    (panel,) = chart(made, "Accuracy against cost").panels
    dots = {float(it["cx"]): float(it["cy"]) for it in parts(panel.svg, "circle", "s0")}
    rings = {float(it["cx"]): float(it["cy"]) for it in parts(panel.svg, "circle", "ring")}
    assert len(dots) == 3
    assert rings == {x: y for x, y in dots.items() if x in {min(dots), max(dots)}}
    assert texts(panel.svg)[-3:] == ["cheap", "worse", "good"]
    cheap, worse, good = (dots[x] for x in sorted(dots))
    assert good < cheap < worse  # upwards is less in SVG
    assert (worse - cheap) == pytest.approx(cheap - good, abs=0.3)


@pytest.mark.parametrize("together", [True, False])
def test_figures_of_machines_that_differ_are_not_set_against_each_other(*, together: bool) -> None:
    """No front, no winner under a formula, and rows of repeats that say where they are of."""

    def of(place: str) -> list[Measurement]:
        where = {"place": place, "machine": place}
        rounds = {"repeats": [{"value": value, **where} for value in (90.0, 110.0)]}
        figures = [measured(it, 0.5) for it in ("accuracy", "modelled_compute_fp32")]
        figures = [replace(it, value=0.5 + len(place) / 10, detail=where) for it in figures]
        return [*figures, replace(measured("infer_fps", 100.0, n=2), detail=rounds)]

    made = charts(results(a=of("n1"), b=of("n1" if together else "node2")))
    titles = [it.title for it in made]
    assert ("Accuracy against cost" in titles) == together
    (formulas,) = [it for it in made if it.title.startswith("Who wins")]
    assert ("of machines that differ" in formulas.panels[0].svg) != together
    (repeats,) = [it for it in made if it.title == "Every repeat"]
    assert "a [n1]" in texts(repeats.panels[0].svg)
    assert any("no two of them are compared" in it for it in repeats.caption) != together


def test_an_answer_more_than_the_data_has_classes_is_a_row_with_its_number() -> None:
    """In the chart and in the table, also of a stored run that names the data's classes alone."""
    detail = {"classes": ["x"], "confusion": [[1, 2], [0, 0]], "recall": [0.3, None]}
    figure = replace(
        measured("accuracy", 0.3, n=3), detail={**detail, "split": "test", "largest_class": 1.0}
    )
    made = results(m=[figure])
    assert "x guessed as 1: 2 of 3" in chart(made, "Confusion").panels[0].svg
    (grid,) = sections.confusions(made)
    assert (grid.header, grid.lines[1].cells[0]) == (("", "x", "1", "recall"), "1")


def test_more_models_than_a_drawing_holds_are_told_with_their_number() -> None:
    """Thirteen confusion matrices: twelve are drawn."""
    detail = {"classes": ["x", "y"], "confusion": [[1, 2], [3, 4]], "split": "test"}
    figures = [replace(measured("accuracy", 0.5, n=10), detail=detail)]
    made = results(**{f"m{number}": figures for number in range(MOST + 1)})
    found = chart(made, "Confusion")
    assert len(found.panels) == MOST
    assert any(text.startswith("not drawn: 1 more model(s)") for text in found.caption)


@pytest.mark.parametrize(
    ("low", "high", "log", "ticks"),
    [
        (0, 10, False, [0, 2, 4, 6, 8, 10]),
        (0.9, 2.1, False, [1, 1.5, 2]),
        (1e-9, 1e-3, True, [1e-8, 1e-6, 1e-4]),
        (1.4, 7.5, True, [2, 5]),
    ],
)
def test_ticks_are_round_and_on_the_axis(
    low: float, high: float, ticks: list[float], *, log: bool
) -> None:
    """1, 2 or 5 times a power of ten."""
    scale = Scale(low, high, 0, 100, log=log)
    assert scale.ticks() == pytest.approx(ticks)
    assert all(0 <= scale.at(it) <= 100 for it in ticks)
