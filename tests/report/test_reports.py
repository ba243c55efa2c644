"""Reports: pure functions of a stored result, the same today as when they were committed."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures_displayed import results as displayed
from rich.console import Console

from benchbench import api
from benchbench.errors import ResultError
from benchbench.report import csv as csv_report
from benchbench.report import html, markdown
from benchbench.report.counts import page_of
from benchbench.report.page import page
from benchbench.results import journal
from benchbench.results.aggregate import aggregated
from benchbench.results.stored import load
from benchbench.suite.training import Train

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parents[1] / "golden"
REFERENCES = sorted((ROOT / "reports" / "reference").rglob("results.json"))


def test_there_are_reference_reports() -> None:
    """The tests below have something to read."""
    assert REFERENCES


@pytest.mark.parametrize("file", REFERENCES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_a_committed_report_is_what_its_result_gives(file: Path) -> None:
    """`benchbench report RUN --write` would change no committed file."""
    results = load(file)
    assert (file.parent / "report.md").read_text("utf-8") == markdown.render(results)
    assert (file.parent / "results.csv").read_text("utf-8") == csv_report.render(results)
    if not results.suite.figures:  # a drawing's bytes are its matplotlib's
        assert (file.parent / "report.html").read_text("utf-8") == html.render(results)
    again = aggregated(journal.read(file.parent))
    assert json.dumps(again.to_json()) == json.dumps(results.to_json())


@pytest.mark.parametrize("file", REFERENCES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_no_figure_of_a_csv_is_without_its_how(file: Path) -> None:
    """Each line has a method and a unit; where there is no value there is a reason."""
    for line in csv.DictReader(io.StringIO((file.parent / "results.csv").read_text("utf-8"))):
        assert line["method"] in {"counted", "timed", "metered", "modelled", "quoted"}
        assert line["unit"]
        assert line["value"] or line["reasons"]


def test_the_console_table_of_counts_is_golden_and_its_columns_add_up() -> None:
    """`benchbench count conv_snn`, character by character; layers add up to the totals."""
    counts = api.count_in_worker("conv_snn", {}, "synthetic_faces", "1x48x48", None)
    page = page_of(counts)
    out = io.StringIO()
    Console(file=out, width=160).print(counts)
    assert out.getvalue() == (GOLDEN / "count_conv_snn.txt").read_text("utf-8")

    totals = {figure.name: figure.value for figure in counts.measurements}
    layers = page.grids[1]
    for name in ("params", "macs_dense", "macs_valid"):
        column = layers.header.index(name)
        cells = [int(line.cells[column].replace(",", "")) for line in layers.lines]
        assert sum(cells) == totals[name]
    shapes = [line.cells[layers.header.index("shape")] for line in layers.lines]
    outputs = [shape.partition(" -> ")[2] for shape in shapes]
    assert outputs == ["128x48x48", "4x128x24x24", "4x1152", "4x128", "4x7", ""]
    shares = [float(line.cells[-1].removesuffix(" %")) for line in layers.lines]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))
    assert page.banner == ()  # nothing was counted on drawn faces


def test_counts_on_drawn_faces_say_so() -> None:
    """The banner stands above the figures on the console; every layer has its density."""
    counts = api.count_in_worker("conv_snn", {}, "synthetic_faces", None, None)
    assert (counts.model, counts.data, counts.synthetic) == ("conv_snn", "synthetic_faces", True)
    assert [*counts.to_json()][:3] == ["model", "data", "synthetic"]
    out = io.StringIO()
    Console(file=out, width=160).print(counts)
    assert "SYNTHETIC DATA" in out.getvalue().partition("per sample")[0]
    frame, totals = counts.layers(), {item.name: item.value for item in counts.measurements}
    names = {"params": "params", "macs": "macs_dense", "synops": "synops_exact"}
    assert {key: frame[key].sum() for key in names} == {
        key: totals[name] for key, name in names.items()
    }
    assert frame["density"].count() == frame["macs"].count() == len(frame) - 1


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda text: text[:-200], "cannot be read"),
        (lambda _: "[]", "expected a result of benchbench"),
        (lambda text: text.replace('"schema": ', '"schema": 9'), "schema version"),
        (
            lambda text: text.replace('"schema": 1', '"schema": 2'),
            "a newer benchbench wrote it: upgrade",
        ),
        (lambda text: text.replace('"cells": [', '"celts": [', 1), "not a result"),
        (
            lambda text: text.replace('"value": ', '"value": NaN, "x": ', 1),
            "NaN is no number of JSON",
        ),
    ],
)
def test_a_broken_result_is_refused_with_the_reason(
    tmp_path: Path,
    change: object,
    wanted: str,
) -> None:
    """Truncated, foreign, of another version, with keys missing: never a traceback."""
    assert callable(change)
    before = next(file for file in REFERENCES if "table3" in file.parts)
    text, found = re.subn(r',\n "sha256": "[0-9a-f]{64}"\n}', "\n}", before.read_text("utf-8"))
    assert found == 1  # without its checksum, as older ones are: that would be all that is told
    (tmp_path / "results.json").write_text(change(text), "utf-8")
    with pytest.raises(ResultError, match=wanted):
        load(tmp_path)


@pytest.mark.parametrize(
    ("trained", "said"),
    [
        ((True, True), "spikes on 64 images after training; seed"),
        ((False, False), "spikes on 64 images after 30 training steps; seed"),
        (
            (True, False),
            "after training; of models whose line here names no weights after 30 training steps;",
        ),
    ],
)
def test_what_the_weights_were_that_spikes_were_counted_on_is_told(
    trained: tuple[bool, bool], said: str
) -> None:
    """Also where some of the models were trained, and others for a few steps."""
    made = displayed("a model")
    models = tuple(
        replace(model, train=Train(epochs=1) if it else None)
        for model, it in zip(made.suite.models, trained, strict=True)
    )
    settings = replace(made.suite.settings, images=64)
    found = page(replace(made, suite=replace(made.suite, models=models, settings=settings)))
    assert any(said in line for line in found.how)
