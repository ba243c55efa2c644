"""Names, notes and reasons of anybody's: harmless in every form that a report takes."""

from __future__ import annotations

import csv as csv_module
import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from benchbench.codec import plain
from benchbench.display.text import ASCII, neutral, shown
from benchbench.metrics.measurement import Measurement
from benchbench.report import csv, html, keep, markdown, svg
from benchbench.report.page import page
from benchbench.results.aggregate import aggregated
from benchbench.results.journal import SCHEMA_VERSION
from benchbench.suite.schema import Model, Suite
from benchbench.suite.tables import Axis, Chart, Claim, Row, Table

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.results.schema import Results

HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07",
    "a\rb\x00c\x7f\x9b2J",
    "<script>alert(1)</script><img src=x onerror=y>",
    "| a | b |\n| --- |",
    "ends in a backslash\\",
    '=cmd|"/C calc"!A0',
    "@SUM(1+1)",
    "+1",
    "-2",
    "[link](javascript:x) ![i](y) `code` **b** $x$ &lt;b&gt;",
    "[red]rich[/red]",
    "half of a pair \ud800",
    "\u202egnp.exe\u2066\u200b",
    "$\\frac{",
    "ends \\$",
]


def run_of(text: str) -> Results:
    """A run in which every free text is this one."""
    models = [
        Model("a", "cnn3", label=text, note=text, reconstructed=text),
        Model("b", "cnn3", label=text),
    ]
    suite = Suite(
        name="s",
        models=models,
        title=text,
        source=text,
        tables=[Table(text, (Row("params", text, {"a": 1.0}, note=text, inconsistent=text),))],
        figures=[Chart(text, Axis("params", text), Axis("macs_dense", text), {text: ("a",)})],
        claims=[Claim(text, text, "ambiguous", text)],
    )
    figures = [
        plain(Measurement("params", 2.0, "1", "counted", reasons=(text,))),
        plain(Measurement("macs_dense", 4.0, "1", "counted")),
    ]
    job: dict[str, Any] = {
        "kind": "job",
        "job": "j",
        "cell": "c",
        "task": "count",
        "repeat": 0,
        "status": "ok",
        "reason": "",
        "seconds": 1.0,
        "facts": {text: text},
        "measurements": figures,
    }
    header: dict[str, Any] = {
        "kind": "run",
        "schema": SCHEMA_VERSION,
        "benchbench": text,
        "run": {"id": text, "mode": "full", "command": text, "changes": [text]},
        "fingerprint": {text: text},
        "data": {
            "name": text,
            "source": text,
            "synthetic": True,
            "digest": text,
            "samples": 3,
            "warnings": [text],
            "faults": [text],
        },
        "suite": plain(suite),
        "cells": [{"id": c, "model": m, "device": text} for c, m in (("c", "a"), ("d", "b"))],
    }
    failed = {**job, "cell": "d", "status": "error", "reason": text, "measurements": []}
    return aggregated([header, job, failed, {"kind": "end"}])


@pytest.mark.parametrize("text", HOSTILE)
def test_no_form_holds_what_would_be_obeyed(text: str) -> None:
    """Nothing that is unseen, no tag, no further column, no formula, in any of the files."""
    results = run_of(text)
    the_page = page(results)
    (plot,) = the_page.plots
    forms = {
        "md": markdown.text_of(the_page),
        "html": html.render(results),
        "csv": csv.render(results),
        "svg": svg.draw(plot),
    }
    for name, form in forms.items():
        assert neutral(form) == form, name
        form.encode()
    for form, scripts in ((forms["md"], 0), (forms["html"], 1)):  # one is the page's own
        assert form.count("<script") == scripts
        assert "<img" not in form
    ET.fromstring(forms["svg"])  # noqa: S314 - our own
    rows = list(csv_module.reader(io.StringIO(forms["csv"])))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        try:
            float(cell)
        except ValueError:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


@pytest.mark.parametrize("text", HOSTILE)
def test_a_markdown_table_keeps_its_columns(text: str) -> None:
    """No name adds a column, swallows one, or ends the table."""
    lines = markdown.text_of(page(run_of(text))).splitlines()
    tables = [line for line in lines if line.startswith("|")]
    assert tables
    width = 0
    for before, line in zip(["", *lines], lines, strict=False):
        if not line.startswith("|"):
            continue
        bare = line.replace("\\\\", "").replace("\\|", "")
        width = bare.count("|") if not before.startswith("|") else width
        assert bare.count("|") == width, line


@pytest.mark.parametrize("text", HOSTILE)
def test_a_console_is_told_and_not_steered(text: str) -> None:
    """Rich's own markup in a name is text, and so are escapes."""
    out = io.StringIO()
    Console(file=out, width=300).print(run_of(text))
    assert "\x1b" not in out.getvalue()
    assert neutral(out.getvalue()) == out.getvalue()
    if text.startswith("[red]"):
        assert text in out.getvalue()


def test_a_terminal_of_ascii_shows_a_whole_report(tmp_path: Path) -> None:
    """What its encoding lacks is spelled out; the command ends well, errors are told likewise."""
    results = run_of("± Größe \ud800")
    keep(results, tmp_path)
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    for words, code in ((["report", str(tmp_path)], 0), (["validate", "no±"], 2)):
        done = subprocess.run(
            [sys.executable, "-m", "benchbench", *words], capture_output=True, check=False, env=env
        )
        assert done.returncode == code, done.stderr
        assert (done.stdout + done.stderr).isascii()
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "report", str(tmp_path)],
        capture_output=True,
        check=True,
        env=env,
    )
    assert b"+/- Gr\\xf6\\xdfe" in done.stdout


def test_an_encoding_that_lacks_a_character_has_its_name() -> None:
    """A plus-minus becomes what stands for it, everything else its escape."""
    assert "5 ±1 µJ".encode("ascii", ASCII) == b"5 +/-1 uJ"
    assert "语\ud800".encode("ascii", ASCII) == b"\\u8bed\\ud800"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("x" * 10_000, "'xxxxxxxx"),
        (1 << 20_000, "a whole number of 20,001 bits"),
        ([[[[[1]]]]] * 1000, "[[[[...]]], "),
        ({"a": "\x1b"}, "{'a': '\\x1b'}"),
    ],
    ids=["text", "number", "list", "escape"],
)
def test_a_wrong_value_is_quoted_short(value: object, wanted: str) -> None:
    """A message stays one line of a terminal, whatever is wrong."""
    assert shown(value).startswith(wanted)
    assert len(shown(value)) <= 60


def test_a_result_is_what_its_checksum_says(tmp_path: Path) -> None:
    """One digit of a figure is enough to refuse it; laid out anew it is still the same."""
    from benchbench.errors import ResultError
    from benchbench.results import stored

    results = run_of("plain")
    keep(results, tmp_path)
    file = tmp_path / "results.json"
    text = file.read_text("utf-8")
    file.write_text(json.dumps(json.loads(text)))
    assert stored.load(file) == results
    file.write_text(text.replace('"value": 4.0', '"value": 5.0', 1))
    with pytest.raises(ResultError, match="not what its checksum says"):
        stored.load(file)
