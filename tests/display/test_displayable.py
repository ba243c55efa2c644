"""What shows itself: the same tables in a notebook, on a console and from the command line."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fixtures_displayed import LAYER, PAGES, Reader, console_of, every, html_of, results, table_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import benchbench
from benchbench.cli.main import group
from benchbench.codec import plain, restored
from benchbench.comparing import loading
from benchbench.comparing.welch import compare
from benchbench.display.displayable import Displayable
from benchbench.metrics.registry import measured
from benchbench.report.page import page
from benchbench.results.counts import Counts
from benchbench.results.stored import load
from benchbench.suite.gate import Gate

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = sorted((ROOT / "reports" / "reference").rglob("results.json"))
EVIL = "<script>alert(1)</script> a|b \x1b[31mred\x9b0m\r\n$x$ [bold]no[/bold] &amp; \\"


def test_everything_that_shows_itself_is_tried_here() -> None:
    """No class under `Displayable` is without a page, and without the tests below."""
    rooms = ("comparing", "data", "doctor", "gate", "results")
    for room in rooms:
        module = importlib.import_module(f"{benchbench.__name__}.{room}")
        for found in pkgutil.iter_modules(module.__path__):
            importlib.import_module(f"{module.__name__}.{found.name}")
    kinds = {kind.__name__ for kind in Displayable.__subclasses__()}
    assert kinds == {*every("x")} == {*PAGES}


@pytest.mark.parametrize("kind", PAGES)
def test_a_notebook_shows_every_row_of_the_page(kind: str) -> None:
    """Each cell of each table is there, with the banner, the notes and how it was got."""
    shown = every("a name")[kind]
    the_page, found = PAGES[kind](shown), Reader(html_of(shown))
    assert found.rows == list(table_rows(the_page))
    for line in (the_page.title, *the_page.banner, *the_page.notes, *the_page.how):
        assert line in found.words


@pytest.mark.parametrize("kind", PAGES)
def test_a_fragment_is_no_page_and_touches_nothing_around_it(kind: str) -> None:
    """No document, no script, and a style for what is inside alone, whatever the theme."""
    text = html_of(every("x")[kind])
    assert not Reader(text).tags & {"html", "head", "body", "script", "link", "title"}
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    selectors = [each for rule in re.findall(r"([^{}]+)\{", style) for each in rule.split(",")]
    assert selectors
    assert all(each.strip().startswith(".benchbench") for each in selectors)
    assert not re.search(r"(?<![-\w])color: *#", style)  # ink is the notebook's own, light or dark


@pytest.mark.parametrize("kind", PAGES)
def test_a_name_is_neutral_everywhere(kind: str) -> None:
    """Tags, escapes of a terminal, pipes and markup in names are text in all three forms."""
    shown = every(EVIL)[kind]
    found = Reader(html_of(shown))
    assert "script" not in found.tags
    assert "<script>alert(1)</script> a|b" in found.words
    text = console_of(shown)
    assert not set(text) & {"\x1b", "\x9b", "\r"}
    assert "\\x1b[31mred" in "".join(text.split())
    line = repr(shown)
    assert line.isascii()
    assert line.isprintable()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.text(max_size=12), kind=st.sampled_from(sorted(PAGES)))
def test_any_name_at_all_is_shown(name: str, kind: str) -> None:
    """Nothing is raised, no tag is opened, no control character reaches the terminal."""
    shown = every(name)[kind]
    plain_tags = Reader(html_of(every("x")[kind]))
    found = Reader(html_of(shown))
    assert found.tags - {"br", "a"} <= plain_tags.tags
    assert found.attributes <= plain_tags.attributes | {"href"}
    controls = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} - {"\n"}
    assert not set(console_of(shown)) & controls
    assert repr(shown).isprintable()


def test_reasons_are_a_link_away_and_stay_in_their_own_fragment() -> None:
    """Several fragments in one notebook do not lead to each other's notes."""
    first, second = (Reader(html_of(every(name)["Counts"])) for name in ("one", "two"))
    for found in (first, second):
        assert found.links
        assert {link.removeprefix("#") for link in found.links} <= {*found.ids}
    assert not {*first.ids} & {*second.ids}


def test_banners_are_there_in_every_form() -> None:
    """Quick, synthetic and simulated are said before any figure."""
    shown = results("x")
    for text in (Reader(html_of(shown)).words, console_of(shown)):
        before = text.partition("Every figure")[0]
        for word in ("QUICK RUN", "SYNTHETIC DATA", "SIMULATED SENSOR", "1 of 2 cells failed"):
            assert word in before
    counted = every("x")["Counts"]
    assert "SYNTHETIC DATA" in console_of(counted)
    assert isinstance(counted, Counts)
    assert "SYNTHETIC" not in console_of(replace(counted, synthetic=False))


def test_definitions_are_with_the_figures() -> None:
    """What a figure means stands in the fragment of a run and of counts, and how it is got."""
    for kind in ("Results", "Counts"):
        words = Reader(html_of(every("x")[kind])).words
        assert "number of scalars in the model's parameters, shared ones once" in words


@pytest.mark.parametrize("file", REFERENCES, ids=lambda file: file.parents[1].name)
def test_a_stored_run_shows_itself_as_the_command_line_does(file: Path) -> None:
    """`rich.print` writes what `benchbench report` prints, and the fragment has every row."""
    shown = load(file)
    printed = CliRunner().invoke(group, ["report", str(file.parent)], standalone_mode=False)
    assert printed.exit_code == 0
    assert console_of(shown) == printed.output
    found = Reader(html_of(shown))
    assert found.rows == list(table_rows(page(shown)))
    assert len({*found.ids}) == len(found.ids) or "svg" in found.tags


def test_a_comparison_shows_itself_as_the_command_line_does() -> None:
    """`rich.print` writes what `benchbench compare` prints."""
    file = next(file for file in REFERENCES if "table3" in file.parts)
    shown = compare(loading.load(file), loading.load(file), Gate(), across_machines=False)
    printed = CliRunner().invoke(group, ["compare", str(file), str(file)], standalone_mode=False)
    assert console_of(shown) == printed.output
    frame = shown.to_frame()
    assert len(frame) == len(shown.lines)
    assert list(frame["metric"]) == [line.metric for line in shown.lines]
    assert frame["value"].isna().sum() == sum(not getattr(line, "value", 0) for line in shown.lines)
    assert set(frame.loc[frame["value"].isna(), "verdict"]) <= {"not comparable", "same"}
    assert frame.loc[frame["verdict"] == "not comparable", "reason"].all()


def test_a_notebook_asks_for_it() -> None:
    """IPython's own display finds the HTML, and the line for a terminal."""
    formatters = pytest.importorskip("IPython.core.formatters")
    for shown in every("x").values():
        found, _ = formatters.DisplayFormatter().format(shown)
        assert found["text/html"] == html_of(shown)
        assert found["text/plain"] == repr(shown)


def test_a_repr_is_one_line() -> None:
    """It says what it is and how it went, and is what `str` gives too."""
    assert {kind: repr(shown) for kind, shown in every("a\nb").items()} == {
        "Results": "<Results 'tiny' quick, run 'r1': 'good' ok, 'bad' oom>",
        "Counts": r"<Counts 'a\nb' on 'a\nb' (SYNTHETIC): invalid, 2 of 3 figures>",
        "Comparison": r"<Comparison 'a\nb' against 'a\nb': 0 worse of 0 comparable, "
        "1 not comparable>",
        "Gated": r"<Gated 'a\nb', 'a\nb' against 'a\nb': 1 failed, 0 broken of 1 steps, "
        "unfinished>",
        "Examination": r"<Examination 'a\nb' not usable>",
        "Check": r"<Check 'a\nb', 'a\nb': 1 images, 1 black>",
        "EnergyBlock": r"<EnergyBlock 2.5 J +-0.1, 1 W, 0.5 J of it memory, 2.5 s, 'a\nb', "
        "invalid, simulated>",
    }


@pytest.mark.parametrize("kind", [kind for kind in PAGES if kind != "EnergyBlock"])
def test_what_shows_itself_is_still_plain_data(kind: str) -> None:
    """It is equal to its copy, survives a pickle, and has no field that is not its own."""
    shown: Any = every("x")[kind]
    again = pickle.loads(pickle.dumps(shown))  # noqa: S301 - our own
    assert again == shown == replace(shown)
    assert not hasattr(shown, "__dict__")
    assert {*asdict(shown)} == {*type(shown).__slots__}
    if kind in {"Results", "Counts"}:
        assert restored(type(shown), plain(shown)) == shown


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_a_figure_is_never_broken_over_two_lines(width: int) -> None:
    """Where a console is narrow, words give way; a figure that does not fit ends in an ellipsis."""
    row = {**LAYER, "params": 21_233_664, "macs_dense": 339_738_624, "macs_valid": 321_126_400}
    row |= {"name": "conv.2", "shape_in": [4, 128, 24, 24], "shape_out": [4, 128, 24, 24]}
    dense = measured("macs_dense", 339_738_624, detail={"layers": [{**row, "calls": 1}]})
    shown = Counts("m", "d", False, True, "ok", "", (dense,), {})
    text = console_of(shown, width).partition("Layer by layer")[2]
    wanted = {"21,233,664", "339,738,624", "321,126,400"}
    found = {*re.findall(r"\d[\d,]*…|\d[\d,]*,[\d,]*\d", text)}
    assert found == wanted if width >= 80 else all("…" in it or it in wanted for it in found)
