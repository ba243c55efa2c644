"""A figure's history as a command shows it: text, JSON, HTML, and the names that are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from fixtures_history import FAST, SLOW, gated, kept, parsed, run, timed, varied

from benchbench import api
from benchbench.cli import main
from benchbench.errors import OutputError, ResultError
from benchbench.metrics.registry import measured, unavailable
from benchbench.report.history_html import document
from benchbench.report.history_text import text_of

if TYPE_CHECKING:
    from click.testing import Result

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def called(*words: str | Path) -> Result:
    """The command in this process."""
    return CliRunner().invoke(main.group, ["history", *map(str, words)], standalone_mode=False)


def test_the_console_text_is_this_at_80_columns(tmp_path: Path) -> None:
    """The golden text, in ASCII, no line longer."""
    text = text_of(api.history("infer_fps", [varied(tmp_path)]))
    assert text == (GOLDEN / "history.txt").read_text("ascii")
    assert max(map(len, text.splitlines())) <= 80


def test_the_html_has_every_run_and_asks_for_nothing(tmp_path: Path) -> None:
    """Well-formed, no script, no request; shapes and letters, so that no colour is needed."""
    found = parsed(document(api.history("infer_fps", [varied(tmp_path)])))
    names = [tag for tag, _ in found.all]
    assert not {"script", "link", "img", "iframe"} & {*names}
    assert not [at for _, attrs in found.all for at in attrs if at in {"src", "href", "onclick"}]
    words = " ".join(found.text)
    for day in range(1, 7):
        assert f"202705{day:02}-100000" in words
    kinds = [attrs.get("class") for tag, attrs in found.all if tag in {"circle", "rect", "path"}]
    assert kinds.count("shape") == 4
    assert kinds.count("shape hollow") == 1
    assert kinds.count("gate") == 1
    assert kinds.count("bar") == 5
    assert [attrs["class"] for tag, attrs in found.all if tag == "rect"] == ["shape"]
    assert sum(attrs.get("class") == "break" and tag == "line" for tag, attrs in found.all) == 2
    for text in ("throttled: the clock fell", "there was no clock", "SIMULATED SENSOR", "n/a"):
        assert text in words
    for text in ("QUICK RUNS", "SYNTHETIC DATA", "machine: cpu: 'x' : 'y'", "slower", "W"):
        assert text in words


def test_units_are_those_of_the_declared_figure(tmp_path: Path) -> None:
    """Milliseconds of seconds, millions of a count; a share stays what it is."""
    cases = [
        (timed([0.00312, 0.00311, 0.00313], "latency"), "3.12 +/- 0.02484 ms"),
        (measured("params", 21_531_136), "21.53 M"),
        (measured("weight_sparsity", 0.25), "0.25"),
        (measured("param_bytes", 5e9), "5 GB"),
        (timed([0.0, 0.0, 0.0], "infer_fps"), "0 +/- 0 fps"),
    ]
    for index, (figure, expected) in enumerate(cases):
        place = kept(tmp_path / str(index), run(1, figure))
        text = text_of(api.history(figure.name, [place]))
        assert f"1. 2027-05-01 10:00  000000000001  {expected}\n" in text


HOSTILE = "<script>alert(1)</script>\x1b[31m \u202e & | {{ 7 * 7 }}"


def test_a_hostile_name_steers_nothing(tmp_path: Path) -> None:
    """Markup is text in HTML, and a terminal is not steered."""
    bad = unavailable("infer_fps", HOSTILE)
    about = {"run": {"revision": HOSTILE, "started": HOSTILE, "changes": [HOSTILE]}}
    place = kept(tmp_path, run(1, bad, label=HOSTILE, **about), run(2, timed(FAST), label=HOSTILE))
    gated(tmp_path, base=HOSTILE)
    found = api.history("infer_fps", [place])
    text, page = text_of(found), document(found)
    assert "\x1b" not in text + page
    assert "\u202e" not in text + page
    assert "script" not in {tag for tag, _ in parsed(page).all}
    assert "{{ 7 * 7 }}" in page


@pytest.mark.parametrize(
    ("metric", "words", "why"),
    [
        ("infer_fsp", (), "no figure is called 'infer_fsp' (did you mean 'infer_fps'?)"),
        ("infer_fps", ("--model", "ne"), "no stored run has such a model (did you mean 'net'?)"),
        ("infer_fps", ("--suite", "x*"), "no stored run has such a suite; there are: mine"),
    ],
)
def test_a_misspelled_name_is_told(
    tmp_path: Path, metric: str, words: tuple[str, ...], why: str
) -> None:
    """With the nearest that there is."""
    result = called(metric, kept(tmp_path, run(1, timed(SLOW))), *words)
    assert isinstance(result.exception, ResultError)
    assert why in str(result.exception)


def test_where_no_run_is_it_is_told(tmp_path: Path) -> None:
    """An empty folder, and one that is not there."""
    for place, why in ((tmp_path, "there is no stored run"), (tmp_path / "x", "no such file")):
        result = called("infer_fps", place)
        assert isinstance(result.exception, ResultError)
        assert str(place) in str(result.exception)
        assert why in str(result.exception)


def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    """Text, JSON and the file are of the same history; what cannot be written is told."""
    place = varied(tmp_path / "runs")
    file = tmp_path / "out" / "history.html"
    result = called("infer_fps", place, "--html", file, "--model", "n*")
    assert result.return_value == 0
    assert result.stdout == (GOLDEN / "history.txt").read_text("ascii")
    assert file.read_text() == document(api.history("infer_fps", [place]))
    found = json.loads(called("infer_fps", place, "--json").stdout)
    points = found["trails"][0]["points"]
    assert [point["verdict"]["word"] for point in points][:3] == [
        "first",
        "better",
        "not comparable",
    ]
    assert points[0]["figure"]["value"] == pytest.approx(80)
    result = called("infer_fps", place, "--html", "/dev/null/x.html")
    assert isinstance(result.exception, OutputError)
