"""HTML and figures: the same content as the other forms, nothing from outside, names escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from benchbench.metrics.registry import measured, unavailable
from benchbench.report import html, keep, markdown
from benchbench.report.page import page
from benchbench.report.plots import Coordinate, plots
from benchbench.report.svg import draw
from benchbench.results.schema import CellResult, Results
from benchbench.results.stored import load
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Axis, Chart

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

REFERENCES = Path(__file__).resolve().parents[2] / "reports" / "reference"
VOID = {"meta", "br", "link", "img"}
RAW = ("results.json", "results.csv", "report.md", "journal.jsonl")
SCRIPT = Path(html.__file__).with_name("page.js")
EVIL = "<script>alert('$x$')</script>"


class Reader(HTMLParser):
    """Reads a document as a strict browser would: tags nest, cells and links are collected."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.scripts: list[str] = []
        self.tip = False  # inside the definition that is shown on hover

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        self.tags.add(tag)
        found = dict(attrs)
        self.ids.add(str(found.get("id")))
        self.links += [str(value) for key, value in attrs if key in {"href", "src", "xlink:href"}]
        if tag in {"td", "th"}:
            self.cells.append("")
        self.tip = self.tip or str(found.get("class")).startswith("tip")
        if tag == "br" and self.open[-1] in {"td", "th"}:
            self.cells[-1] += "\n"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself, as in SVG."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """A tag closes: it must be the last that was opened."""
        assert self.open.pop() == tag
        self.tip = self.tip and tag != "span"

    def handle_data(self, data: str) -> None:
        """Text of a cell."""
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif ("td" in self.open or "th" in self.open) and not self.tip:
            self.cells[-1] += data


def read(text: str) -> Reader:
    """The whole document."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def results(*figures: tuple[str, Measurement, Measurement]) -> Results:
    """A run of models with an id, an x and a y each, and one figure of them."""
    ids = tuple(name for name, _, _ in figures)
    axes = Axis("params", log=True), Axis("accuracy", scale=100, unit="%")
    suite = Suite(
        1,
        "tiny",
        tuple(Model(name, "conv_snn", label=f"{EVIL} {name}") for name in ids),
        settings=Settings(),
        figures=(Chart(f"Accuracy {EVIL}", *axes, {f"All of {EVIL}": ids}),),
    )
    cells = tuple(
        CellResult(name, name, "cpu", "ok", measurements={it.name: it for it in both})
        for name, *both in figures
    )
    run = {"id": "r", "mode": "full", "command": "x", "complete": True}
    data = {"name": "d", "source": "d", "synthetic": False, "digest": "0", "samples": 1}
    return Results(run, {}, {**data, "warnings": []}, suite, cells, (), "0")


def share(value: float) -> Measurement:
    """An accuracy with its interval."""
    return measured("accuracy", value, low=value - 0.1, high=value + 0.1)


GOOD = ("good", measured("params", 1e6), share(0.5))


@pytest.mark.parametrize("suite", ["table3", "table4"])
def test_html_has_the_cells_of_the_page_and_nothing_from_outside(suite: str) -> None:
    """Every cell of every table is there in order; links stay inside the document."""
    stored = load(next((REFERENCES / suite).iterdir()))
    found = read(html.render(stored))
    expected = [
        cell
        for grid in sorted(page(stored).grids, key=lambda grid: grid.detail)
        for line in ((grid.header,), (line.brief or line.cells for line in grid.lines))
        for cells in line
        for cell in cells
    ]
    assert found.cells == expected
    inside = [link for link in found.links if link[0] == "#"]
    assert inside
    assert all(link[1:] in found.ids for link in inside)
    outside = {*found.links} - {*inside}
    assert {*RAW} <= outside
    assert all(link.startswith("https://doi.org/") for link in outside - {*RAW})
    assert [text.strip() for text in found.scripts] == [SCRIPT.read_text("utf-8").strip()]


@pytest.mark.parametrize("file", sorted(REFERENCES.rglob("report.html")), ids=str)
def test_no_id_stands_twice_and_no_link_inside_a_page_leads_nowhere(file: Path) -> None:
    """Notes and the way back from them, contents, and what drawings refer to."""
    text = file.read_text("utf-8")
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len({*ids})
    assert {*re.findall(r'href="#([^"]*)"', text), *re.findall(r"url\(#([^)]*)\)", text)} <= {*ids}


def test_the_text_of_a_drawing_is_kept_when_its_ids_become_its_own() -> None:
    """A model may be called as an attribute is written."""
    made = results(('id="x" href="#y" url(#z)', measured("params", 1e6), share(0.5)))
    assert 'id="x" href="#y" url(#z)' in html.render(made).partition("<figure")[2]


def test_names_are_escaped_in_html_and_svg() -> None:
    """A model called <script> is text in both."""
    made = results(GOOD)
    found = read(html.render(made))
    assert len(found.scripts) == 1
    assert "alert" not in found.scripts[0]
    assert any(EVIL in cell for cell in found.cells)
    root = ET.fromstring(draw(plots(made)[0]))  # noqa: S314 - our own drawing
    words = "".join(root.itertext())
    assert EVIL in words
    assert not [tag for tag in root.iter() if tag.tag.endswith("script")]


def test_a_plot_has_what_the_axes_say_and_names_what_is_not_there() -> None:
    """Values are in the axis's unit with their interval; a missing one is named with its reason."""
    no_energy = ("none", measured("params", 2e6), unavailable("accuracy", "not trained"))
    zero = ("zero", measured("params", 0), share(0.4))
    (plot,) = plots(results(GOOD, no_energy, zero))
    ((point,),) = [curve.points for curve in plot.curves]
    assert point.x == Coordinate(1e6, 1e6, 1e6)
    assert (point.y.value, point.y.low, point.y.high) == (50, pytest.approx(40), 60)
    assert plot.y_title == "Accuracy, test split, % (counted)"
    assert len(plot.missing) == 2
    assert any("none" in text and "not trained" in text for text in plot.missing)
    assert any("zero" in text and "logarithmic" in text for text in plot.missing)


def energies(*, log: bool = False, **fields: Any) -> Results:
    """A quick run on drawn faces: speed over energy of two models, the second's energy simulated.

    Args:
        log: Whether the axis of the energy is logarithmic.
        fields: Further fields of both energies.
    """
    real = measured("infer_energy", 0.004, low=-0.001, high=0.009, **fields)
    simulated = replace(real, value=0.006, provenance="simulated")
    speed = measured("train_fps", 300.0, low=200.0, high=400.0)
    made = results(("real", real, speed), ("fake", simulated, speed))
    axes = Axis("infer_energy", unit="mJ", log=log), Axis("train_fps")
    suite = replace(made.suite, figures=(Chart("t", *axes, {"both": ("real", "fake")}),))
    run, data = {**made.run, "mode": "quick"}, {**made.data, "synthetic": True}
    return replace(made, suite=suite, run=run, data=data)


def words_of(drawing: str) -> str:
    """The text in a drawing."""
    return " ".join(ET.fromstring(drawing).itertext())  # noqa: S314 - our own drawing


def test_both_axes_have_bars_and_none_is_below_0() -> None:
    """An energy has no interval below 0; a net energy, which may be negative, has."""
    (plot,) = plots(energies())
    ((real, _),) = [curve.points for curve in plot.curves]
    assert real.x == Coordinate(4.0, 0.0, 9.0)
    assert real.y == Coordinate(300.0, 200.0, 400.0)
    net = measured("infer_energy_net", 0.004, low=-0.001, high=0.009)
    made = results(("a", net, share(0.05)))
    chart = Chart("t", Axis("infer_energy_net", unit="mJ"), Axis("accuracy"), {"l": ("a",)})
    ((point,),) = [
        curve.points
        for plot in plots(replace(made, suite=replace(made.suite, figures=(chart,))))
        for curve in plot.curves
    ]
    assert (point.x.low, point.y.low) == (-1.0, 0.0)
    assert "<svg" in draw(plots(energies(log=True))[0])  # a bar down to 0 is no error there


def test_a_bar_is_drawn_across_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far below and above the value as the interval reaches, on either axis."""
    from matplotlib.axes import Axes

    drawn: list[tuple[Any, ...]] = []
    errorbar = Axes.errorbar

    def watched(axes: Axes, *given: Any, **fields: Any) -> Any:
        drawn.append(given)
        return errorbar(axes, *given, **fields)

    monkeypatch.setattr(Axes, "errorbar", watched)
    draw(plots(energies())[0])
    ((xs, ys, up, across),) = drawn
    assert (xs, ys) == ([4.0, 6.0], [300.0, 300.0])
    assert (up, across) == ([[100.0] * 2, [100.0] * 2], [[4.0, 6.0], [5.0, 3.0]])


def test_a_drawing_says_under_which_conditions_it_was_got() -> None:
    """Quick, synthetic and simulated, inside the saved SVG and in both captions."""
    made = energies()
    (plot,) = plots(made)
    inside = words_of(draw(plot))
    assert "fake (simulated)" in inside
    assert "real (simulated)" not in inside
    for word in ("QUICK RUN", "SYNTHETIC DATA", "SIMULATED SENSOR"):
        assert word in inside
        assert word in markdown.render(made).partition("![")[2]
        assert word in html.render(made).partition("<figcaption")[2].partition("</figcaption>")[0]


def test_a_drawing_without_conditions_names_none() -> None:
    """A full run on photographs; and a sensor that is simulated elsewhere is no matter of it."""
    inside = words_of(draw(plots(results(GOOD))[0]))
    assert not [word for word in ("QUICK", "SYNTHETIC", "SIMULATED") if word in inside]
    made = energies()
    (cell, other) = made.cells
    elsewhere = replace(made, cells=(cell, replace(other, model="good")))
    (plot,) = plots(elsewhere)
    assert not [line for line in plot.conditions if "SIMULATED" in line]


def test_an_invalid_figure_has_no_point() -> None:
    """It must not be compared, by eye neither: it is named with its reason."""
    (plot,) = plots(energies(valid=False, reasons=("throttled: heat",)))
    assert plot.curves == ()
    (text,) = plot.missing
    assert text == "real, fake: Inference: energy per sample invalid: throttled: heat"


def test_the_same_plot_is_the_same_drawing_and_another_is_not() -> None:
    """No date and no random id is in an SVG."""
    (plot,) = plots(results(GOOD))
    assert draw(plot) == draw(plot)
    assert draw(plot) != draw(replace(plot, y_title="another"))


def test_figures_are_files_that_the_markdown_links_to(tmp_path: Path) -> None:
    """A figure without a point is n/a and has no file."""
    made = results(GOOD)
    keep(made, tmp_path)
    links = re.findall(r"!\[.*\]\((.*)\)", (tmp_path / "report.md").read_text("utf-8"))
    assert links == ["figures/1.svg"]
    assert (tmp_path / links[0]).read_text("utf-8").startswith("<svg")
    again = load(tmp_path)
    assert again.suite.figures == made.suite.figures

    empty = results(("none", measured("params", 1), unavailable("accuracy", "not trained")))
    keep(empty, tmp_path / "empty")
    assert not (tmp_path / "empty" / "figures").exists()
    assert "not trained" in (tmp_path / "empty" / "report.html").read_text("utf-8")
