"""One of each thing that shows itself, made up, and what a notebook or a console gets of it."""

from __future__ import annotations

import io
from dataclasses import asdict
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from rich.console import Console

from benchbench.comparing.welch import Comparison, Incomparable
from benchbench.data.check import Check, DataFinding
from benchbench.doctor.examine import Examination
from benchbench.doctor.sensor import Finding, Sensor
from benchbench.gate.judge import Judgement
from benchbench.gate.outcome import Gated, Timing
from benchbench.metrics.registry import measured, unavailable
from benchbench.probes.metering.block import BlockEnergy, EnergyBlock
from benchbench.report import block as block_page
from benchbench.report import compared, counts, data_check, doctor, gated
from benchbench.report.page import page
from benchbench.results.counts import Counts
from benchbench.results.schema import CellResult, Results
from benchbench.suite.gate import Gate
from benchbench.suite.schema import Model, Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchbench.display.displayable import Displayable
    from benchbench.report.page import Page

__all__ = ["LAYER", "PAGES", "Reader", "console_of", "every", "html_of", "results", "table_rows"]

PAGES: dict[str, Callable[[Any], Page]] = {
    "Results": page,
    "Counts": counts.page_of,
    "Comparison": compared.page_of,
    "Gated": gated.page_of,
    "Examination": doctor.page_of,
    "Check": data_check.page_of,
    "EnergyBlock": block_page.page_of,
}
LAYER = {"kind": "conv", "params": 9, "macs_dense": 90, "macs_valid": 80, "share": 1.0}


def results(name: str) -> Results:
    """A quick run on drawn faces: one model that failed, one with a simulated joule."""
    ids = ("good", "bad")
    suite = Suite(1, "tiny", tuple(Model(each, "conv_snn", label=name) for each in ids), name)
    figures = (
        measured("params", 12),
        measured("infer_energy", 2.5, provenance="simulated"),
        unavailable("accuracy", name),
    )
    cells = (
        CellResult("good", "good", "cpu", "ok", (), {}, {it.name: it for it in figures}),
        CellResult("bad", "bad", "cpu", "oom", (name,)),
    )
    run = {"id": "r1", "mode": "quick", "command": name, "complete": True}
    data = {"name": name, "source": name, "synthetic": True, "digest": "0", "samples": 1}
    return Results(run, {"cpu": name}, {**data, "warnings": [name]}, suite, cells, (), "0")


def block(name: str) -> EnergyBlock:
    """A block that has run once, on a simulated sensor."""
    made = EnergyBlock()
    made.runs = (BlockEnergy(2.5, 1.0, 2.5, 0.1, 0.5, False, (name,), name, "simulated"),)
    return made


def every(name: str) -> dict[str, Displayable]:
    """One of each kind, a name in every place that has one."""
    dense = measured("macs_dense", 90, detail={"layers": [{"name": name, **LAYER}]})
    figures = (measured("params", 12), dense, unavailable("synops_exact", name))
    judged = Judgement("slower", 5, 0.01, 0.012, 1.2, 1.1, 1.3)
    timing = Timing(name, "infer", judgement=judged)
    line = Incomparable(name, "params", "counted", None, 1.0, name)
    rule = {**asdict(Gate()), "cores": [0]}
    found = (Finding(name, name, name),)
    made: tuple[Displayable, ...] = (
        results(name),
        Counts(name, name, True, True, "invalid", name, figures, {name: name}),
        Comparison(name, name, Gate(), (line,), (name,)),
        Gated(name, name, name, 12, rule, ("slower",), {name: name}, timings=[timing]),
        Examination((Sensor(name, name, False, False, None, None, found),), found, (name,)),
        Check(
            name, name, "0", 1, {name: {name: 1}}, (DataFinding("black", 1, name, (2,)),), (name,)
        ),
        block(name),
    )
    return {type(each).__name__: each for each in made}


class Reader(HTMLParser):
    """Reads a fragment strictly: tags nest; cells, ids, links and all text are kept."""

    def __init__(self, text: str) -> None:
        """Read it whole."""
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self.links += [str(value) for name, value in attrs if name in {"href", "src"}]
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag == "br":
            self.handle_data("\n")
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """A tag closes: the last that was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text."""
        if {"td", "th"} & {*self.open}:
            self.rows[-1][-1] += data
        if "style" not in self.open:
            self.words += data


def html_of(shown: Displayable) -> str:
    """What a notebook gets."""
    return shown._repr_html_()


def console_of(shown: Displayable, width: int = 160) -> str:
    """What `rich.print` writes."""
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(shown)
    return console.export_text()


def table_rows(the_page: Page) -> Iterator[list[str]]:
    """Every line of every table, headers included; those that are folded up come last."""
    for grid in sorted(the_page.grids, key=lambda grid: grid.detail):
        yield [*grid.header]
        yield from ([*line.cells] for line in grid.lines)
