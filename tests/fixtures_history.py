"""Runs and gates that are made up, for the tests of a figure's history."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from benchbench.codec import plain
from benchbench.gate.judge import Judgement
from benchbench.gate.outcome import GATE, Count, Gated, Timing
from benchbench.metrics.merging import merge
from benchbench.metrics.registry import measured, unavailable
from benchbench.results import stored
from benchbench.results.schema import CellResult, Results
from benchbench.suite.schema import Model, Settings, Suite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchbench.metrics.measurement import Measurement

__all__ = ["FAST", "SLOW", "Tags", "gated", "kept", "parsed", "run", "timed", "varied"]

DATA = {
    "name": "digits",
    "source": "scikit-learn",
    "synthetic": False,
    "digest": "d" * 64,
    "samples": 10,
    "warnings": [],
}


def timed(values: Sequence[float], name: str = "infer_fps", **changes: Any) -> Measurement:
    """A figure of several processes."""
    rounds = [measured(name, v, detail={"repeat": i}) for i, v in enumerate(values)]
    return replace(merge(rounds), **changes)


def run(
    day: int,
    figure: Measurement | None,
    *,
    label: str = "",
    settings: Settings | None = None,
    cell: dict[str, Any] | None = None,
    **changes: Any,
) -> Results:
    """A run of one model on a day of May."""
    suite = Suite(
        1, "mine", (Model("net", "my.py:Net", label=label),), settings=settings or Settings()
    )
    figures = {figure.name: figure} if figure else {}
    found = CellResult("c", "net", "cpu", "ok", (), {}, figures)
    when = {"id": f"202705{day:02}-100000", "started": f"2027-05-{day:02}T10:00:00+00:00"}
    about = {"mode": "full", "command": "benchbench run mine", "complete": True}
    whole = Results(
        {**when, **about, "revision": f"{day:012x}"},
        {"cpu": "x", "cores": 2},
        DATA,
        suite,
        (replace(found, **(cell or {})),),
        (),
        "0.1.0",
    )
    return replace(whole, **{key: {**getattr(whole, key), **it} for key, it in changes.items()})


def kept(folder: Path, *runs: Results) -> Path:
    """The runs as `benchbench run` keeps them."""
    for found in runs:
        place = folder / "mine" / found.run["id"]
        place.mkdir(parents=True)
        (place / "results.json").write_text(stored.text_of(found))
    return folder


def gated(folder: Path, verdict: str = "slower", **changes: Any) -> Path:
    """A gate between two runs, as `benchbench gate` keeps it."""
    judged = Judgement(verdict, 6, 0.01, 0.0125, 1.25, 1.2, 1.3, 0.02, "")  # type: ignore[arg-type]
    found = Gated(
        "mine",
        "main (0123456789ab)",
        "the working tree at ba9876543210",
        12,
        {},
        ("slower",),
        counts=[Count("net", "params", 100, 120, "changed", "more")],
        timings=[Timing("net", "infer", judgement=judged)],
        complete=True,
        started="2027-05-02T12:00:00+00:00",
    )
    place = folder / "mine" / "gate-20270502-120000"
    place.mkdir(parents=True)
    (place / GATE).write_text(json.dumps(plain(replace(found, **changes))))
    return place


SLOW, FAST = [80.0, 80.4, 79.6], [100.0, 100.5, 99.5]


def varied(folder: Path) -> Path:
    """Every kind of event: better, invalid, n/a, a break, simulated, quick, synthetic, a gate."""
    invalid = timed(SLOW, valid=False, reasons=("throttled: the clock fell",))
    drawn = {"name": "synthetic_faces", "synthetic": True}
    runs = (
        run(1, timed(SLOW)),
        run(2, timed(FAST)),
        run(3, invalid),
        run(4, unavailable("infer_fps", "there was no clock")),
        run(5, timed(SLOW, provenance="simulated"), fingerprint={"cpu": "y"}),
        run(6, timed(FAST), fingerprint={"cpu": "y"}, run={"mode": "quick"}, data=drawn),
    )
    gated(folder)
    return kept(folder, *runs)


class Tags(HTMLParser):
    """The elements of a document, refused where one is not closed in its order."""

    VOID = ("meta", "line", "circle", "rect", "path", "br")

    def __init__(self) -> None:
        """Nothing is open yet."""
        super().__init__()
        self.open, self.all = list[str](), list[tuple[str, dict[str, str | None]]]()
        self.text = list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It is open until its end."""
        self.all.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It is never open."""
        self.all.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """It must be the last that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text is kept as a reader sees it."""
        self.text.append(data)


def parsed(text: str) -> Tags:
    """A document, read to its end."""
    reader = Tags()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader
