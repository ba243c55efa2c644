"""The console: 80, 120 and 200 columns, ASCII, no colour; no word and no number is split."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from benchbench.display.text import in_ascii
from benchbench.report.console import draw
from benchbench.report.fitting import fitted, widths_of
from benchbench.report.format import Grid, Line
from benchbench.report.page import Page, page
from benchbench.results.stored import load

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "console"
RULES = "│┃┏┓┗┛━┳╇┡┩└┘┴─╈"


def printed(suite: str, width: int, encoding: str = "utf-8") -> str:
    """The report of the first reference run of a suite on a console."""
    stored = load(min((ROOT / "reports" / "reference" / suite).iterdir()))
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    draw(page(stored), Console(file=out, width=width, color_system=None))
    out.seek(0)
    return "\n".join(line.rstrip() for line in out.read().splitlines()) + "\n"


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("suite", ["table3", "table4", "slimming"])
def test_a_report_on_the_console_is_golden_and_splits_nothing(suite: str, width: int) -> None:
    """Character by character; every word that is printed is one of the page's."""
    text = printed(suite, width)
    assert max(map(len, text.splitlines())) <= width
    assert text == (GOLDEN / f"{suite}-{width}.txt").read_text("utf-8")
    stored = load(min((ROOT / "reports" / "reference" / suite).iterdir()))
    made = page(stored)
    assert words_of(text) - known(made) <= {"★", "paper's:"}


def known(made: Page) -> set[str]:
    """Every word of the tables of a page."""
    cells = (c for grid in made.grids for line in grid.lines for c in line.cells)
    heads = (text for grid in made.grids for text in (grid.title, *grid.header))
    return {word for text in (*cells, *heads) for word in text.split()}


def words_of(text: str) -> set[str]:
    """Every word that stands in a table on a console."""
    tables = [line for line in text.splitlines() if line[:1] and line[:1] in RULES]
    blank = dict.fromkeys(map(ord, RULES), " ")
    return {word for line in tables for word in line.translate(blank).split()}


@pytest.mark.parametrize("width", [80, 200])
def test_an_ascii_terminal_gets_ascii(width: int) -> None:
    """Borders, intervals and marks in the characters that it has."""
    text = printed("table3", width, "ascii")
    assert text.isascii()
    assert "+/-" in text
    assert "126.96" in text
    stored = load(min((ROOT / "reports" / "reference" / "table3").iterdir()))
    plain = {in_ascii(word) for word in known(page(stored))}
    lines = [line for line in text.splitlines() if line.startswith("|")]
    words = {word for line in lines for word in line.replace("|", " ").split()}
    assert {it for it in words if not it.startswith(("+--", "--"))} - plain <= {"*", "paper's:"}


def test_more_than_four_models_become_lines_where_they_do_not_fit() -> None:
    """Each model has its line, the paper's figure stands below ours, and the rest is told."""
    names = tuple(f"model-{i}" for i in range(9))
    ours = Line(("speed", *(f"{i}00.00" for i in range(9)), "timed", "differs"))
    paper = Line(("  the paper's", *("7" for _ in names), "quoted", ""), quoted=True)
    grid = Grid("t", ("", *names, "how", "verdict"), (ours, paper), models=9)
    (made,), rest = fitted(grid, 80)
    assert [line.cells[0] for line in made.lines] == [*names]
    assert made.lines[3].cells[1] == "300.00\npaper's: 7"
    assert "how, verdict" in rest
    assert fitted(grid, 300) == ([grid], "")


def test_columns_that_do_not_fit_follow_below_with_the_first_one_again() -> None:
    """No cell is lost."""
    header = ("name", *(f"column-{i}" for i in range(12)))
    grid = Grid("t", header, (Line(tuple(f"cell-{i}" for i in range(13))),), text_columns=0)
    parts, rest = fitted(grid, 60)
    assert not rest
    assert all(part.header[0] == "name" for part in parts)
    assert [name for part in parts for name in part.header[1:]] == [*header[1:]]
    assert all(sum(widths_of(part, 60)) + 3 * len(part.header) + 1 <= 60 for part in parts)


def test_characters_that_become_longer_are_counted_as_they_are_printed() -> None:
    """A table that fits with ± to the last column splits no number where ± has three letters."""
    cells = tuple(f"±12345{i}" for i in range(7))
    grid = Grid("t", ("", *"abcdefg"), (Line(("row", *cells)),), text_columns=0)
    width = len("row") + 7 * len(cells[0]) + 3 * 8 + 1
    for encoding, plus in (("utf-8", "±"), ("ascii", "+/-")):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        draw(Page("p", (), (grid,), (), ()), Console(file=out, width=width, color_system=None))
        out.seek(0)
        text = out.read()
        assert all(f"{plus}12345{i}" in text for i in range(7))
        assert max(map(len, text.splitlines())) <= width


def test_a_word_that_is_longer_than_the_console_loses_no_letter() -> None:
    """Whatever a model is called: it goes on in the next line, in no other's column."""
    name = "a" * 50 + "b" * 50
    grid = Grid("t", ("", "x"), (Line((name, "1")),), text_columns=0)
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    draw(Page("p", (), (grid,), (), ()), Console(file=out, width=80, color_system=None))
    out.seek(0)
    text = out.read()
    assert (text.count("a"), text.count("b")) == (50, 50)
    assert max(map(len, text.splitlines())) <= 80
