"""The reference reports, read by nothing of ours: JSON, Markdown and HTML as text, scipy for maths.

A report that is made wrongly today would also be made wrongly by the code that it is tested with.
"""

from __future__ import annotations

import csv
import html.parser
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).resolve().parents[2] / "reports" / "reference"
FILES = sorted(ROOT.rglob("results.json"))
PEAKS = ("_rss", "_gpu_memory")


@pytest.fixture(params=FILES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def stored(request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any]]:
    """The folder of a reference run, and its result as plain JSON."""
    file: Path = request.param
    return file.parent, json.loads(file.read_text("utf-8"))


def tables(text: str) -> list[list[list[str]]]:
    """Every table of a Markdown text, as rows of cells."""
    out: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("|"):
            if not inside:
                out.append([])
            cells = re.split(r"(?<!\\)\|", line)[1:-1]
            out[-1].append([cell.strip().strip("*").replace("\\", "") for cell in cells])
        inside = line.startswith("|")
    return out


class Cells(html.parser.HTMLParser):
    """The text of every row of every table of a page; what is shown in place of a longer figure."""

    def __init__(self) -> None:
        """No rows yet."""
        super().__init__()
        self.rows: list[list[str]] = []
        self.brief: list[tuple[str, str]] = []
        self._in = self._tip = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A row or a cell begins, or a part of a cell."""
        given = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
            self._in, self._tip = True, False
        if given.get("class") == "brief":
            self.brief.append(("", ""))
        elif given.get("class") == "tip exact":
            self.brief[-1] = (self.rows[-1][-1], "")
            self.rows[-1][-1], self._tip = "", True

    def handle_endtag(self, tag: str) -> None:
        """A cell ends."""
        self._in = self._in and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        """Text of a cell."""
        if self._in:
            self.rows[-1][-1] += data
            if self._tip:
                self.brief[-1] = (self.brief[-1][0], self.rows[-1][-1])


PREFIXES = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "m": 1e-3, "µ": 1e-6, "n": 1e-9, "p": 1e-12}


def brief_number(text: str) -> float:
    """A figure of four digits with a prefix, and perhaps an interval and a unit."""
    found = re.match(r"(-?[\d.e+-]+)( ±[\d.e+-]+| \[[^\]]+\])? ([TGMkmµnp])", text)
    assert found, text
    return float(found[1]) * PREFIXES[found[3]]


def number(text: str) -> float:
    """The first number of a cell, thousands separators taken out."""
    found = re.match(r"-?[\d,]*\.?\d+(e[+-]?\d+)?", text)
    assert found, text
    return float(found.group().replace(",", ""))


def check_cell(text: str, figure: dict[str, Any], where: str) -> None:
    """A printed figure is the stored one to what is printed, and says what is wrong with it."""
    if figure["value"] is None:
        assert text.startswith("n/a"), where
        return
    assert number(text) == pytest.approx(figure["value"], rel=6e-4, abs=6e-3), where
    assert ("(invalid)" in text) == (not figure["valid"]), where
    assert ("(simulated)" in text) == (figure["provenance"] == "simulated"), where
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return
    if ends := re.search(r"\[(\S+), (\S+?)\\?\]", text):
        printed = [number(it) for it in ends.groups()]
        assert printed == pytest.approx([low, high], rel=6e-4, abs=6e-3), where
        assert abs(low + high - 2 * figure["value"]) > 0.1 * (high - low), where
    else:
        assert number(text.partition("±")[2]) == pytest.approx(
            (high - low) / 2, rel=6e-4, abs=6e-3
        ), where


def test_every_printed_figure_is_the_stored_one(stored: tuple[Path, dict[str, Any]]) -> None:
    """In the table of every figure, in Markdown and in HTML, cell by cell."""
    folder, result = stored
    cells = result["cells"]
    names = {name for cell in cells for name in cell["measurements"]}
    have = {
        name
        for cell in cells
        for name, figure in cell["measurements"].items()
        if figure["value"] is not None
    }
    page = Cells()
    page.feed((folder / "report.html").read_text("utf-8"))
    assert page.brief
    for short, exact in page.brief:
        assert brief_number(short) == pytest.approx(number(exact), rel=6e-4), (short, exact)
    markdown = [row for table in tables((folder / "report.md").read_text("utf-8")) for row in table]
    for rows in (markdown, page.rows):
        lines = {row[-2]: row[1:-2] for row in rows if len(row) == len(cells) + 3}
        assert have <= lines.keys()
        for name in names & lines.keys():
            for cell, text in zip(cells, lines[name], strict=True):
                if name in cell["measurements"]:
                    where = f"{cell['model']} {name}: {text}"
                    check_cell(text, cell["measurements"][name], where)


def test_the_csv_has_every_figure_to_the_last_digit(stored: tuple[Path, dict[str, Any]]) -> None:
    """Value, interval, unit, method, n and validity."""
    folder, result = stored
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        lines = {(line["model"], line["metric"]): line for line in csv.DictReader(file)}
    figures = {
        (cell["model"], name): figure
        for cell in result["cells"]
        for name, figure in cell["measurements"].items()
    }
    assert figures.keys() <= lines.keys()
    for key, figure in figures.items():
        line = lines[key]
        for name in ("value", "low", "high"):
            assert (float(line[name]) if line[name] else None) == figure[name], key
        for name in ("unit", "method", "n", "valid", "provenance"):
            assert line[name] == str(figure[name]), key


def test_merged_figures_and_ratios_are_scipys(stored: tuple[Path, dict[str, Any]]) -> None:
    """Means with Student's interval over processes, ratios paired by round, computed anew."""
    _, result = stored
    rounds: dict[tuple[str, str], dict[int, float]] = {}
    for cell in result["cells"]:
        for name, figure in cell["measurements"].items():
            repeats = figure["detail"].get("repeats")
            if not repeats:
                continue
            values = {r["repeat"]: r["value"] for r in repeats if r["value"] is not None}
            rounds[cell["model"], name] = values
            if name.endswith(PEAKS):
                assert figure["value"] == max(values.values(), default=None)
            elif len(values) > 1:
                check_interval(figure, list(values.values()))
    for item in result["comparisons"]:
        sides = [rounds.get((item[side], item["metric"])) for side in ("of", "to")]
        if sides[0] is None or sides[1] is None or item["metric"].endswith(PEAKS):
            continue
        both = sorted(sides[0].keys() & sides[1].keys())
        logs = [math.log(sides[0][key] / sides[1][key]) for key in both]
        assert item["n"] == len(both)
        assert math.log(item["value"]) == pytest.approx(np.mean(logs), abs=1e-9)
        if len(logs) > 1:
            wanted = stats.t.interval(0.95, len(logs) - 1, np.mean(logs), stats.sem(logs))
            found = math.log(item["low"]), math.log(item["high"])
            assert found == pytest.approx(wanted, abs=1e-9)


def check_interval(figure: dict[str, Any], values: list[float]) -> None:
    """Student's interval of the mean."""
    assert figure["value"] == pytest.approx(np.mean(values))
    wanted = (values[0], values[0])  # of equal values, for which scipy has none
    if len({*values}) > 1:
        wanted = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (figure["low"], figure["high"]) == pytest.approx(wanted)
