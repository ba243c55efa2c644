"""The reference reports in a real Chromium: no request, no error, accessible, printable."""

from __future__ import annotations

import html.parser
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser

sync_api = pytest.importorskip("playwright.sync_api", reason="extra `browser` is not installed")
axe = pytest.importorskip("axe_core_python.sync_playwright", reason="extra `browser`")

ROOT = Path(__file__).resolve().parents[2] / "reports" / "reference"
PAGES = sorted(ROOT.rglob("report.html"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Cells(html.parser.HTMLParser):
    """The words of the tables and the notes."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        super().__init__()
        self.words: set[str] = set()
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        given = dict(attrs)
        note = tag == "li" and str(given.get("id")).startswith("note-")
        unseen = given.get("class") in {"tip", "brief"}  # on paper the exact figure is there
        if tag in {"td", "th", "li", "span"}:
            self._inside.append("tip" if unseen else "note" if note else tag)

    def handle_endtag(self, tag: str) -> None:
        """A tag closes."""
        if tag in {"td", "th", "li", "span"}:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Text of a cell or a note."""
        if {"td", "th", "note"} & {*self._inside} and "tip" not in self._inside:
            self.words |= {*data.split()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: `make browser-test` installs it where apt can")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM)
        yield found
        found.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_error_no_request_and_nothing_that_shuts_readers_out(
    browser: Any, width: int, scheme: str
) -> None:
    """Console, network and axe-core, on a phone and on a desk, light and dark."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda it: errors.append(it.text) if it.type == "error" else None)
    page.on("pageerror", lambda it: errors.append(str(it)))
    page.on("request", lambda it: asked.append(it.url))
    for file in PAGES:
        page.goto(file.as_uri())
        found = axe.Axe().run(page)
        serious = [
            (it["id"], it["impact"], it["nodes"][0]["html"])
            for it in found["violations"]
            if it["impact"] in {"moderate", "serious", "critical"}
        ]
        assert not serious, file
        across = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert across <= 0, f"{file} is wider than the window"
    assert not errors
    assert asked == [file.as_uri() for file in PAGES]
    context.close()


def test_a_table_sorts_filters_and_shows_a_definition(browser: Any) -> None:
    """By a click, by a word, and on hover and focus."""
    page = browser.new_page()
    page.goto(next((ROOT / "table3").iterdir()).joinpath("report.html").as_uri())
    table = page.locator("table", has_text="train_fps").first
    head = table.locator("thead th").nth(1)
    for word, sign in (("ascending", 1), ("descending", -1)):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == word
        cells = table.locator("tbody tr td:nth-child(2)").all()
        texts = [cell.get_attribute("data-value") or cell.inner_text() for cell in cells]
        found = [re.match(r"[\d.]+", text.replace(",", "")) for text in texts]
        values = [sign * float(it[0]) for it in found if it]
        assert values == sorted(values)
        assert len(values) > 10
    rows = table.locator("tbody tr:visible")
    whole = rows.count()
    page.get_by_label("Filter the lines").last.fill("train_fps")
    assert 1 <= rows.count() < whole
    tip = table.locator("tbody tr:visible .tip").first
    assert not tip.is_visible()
    table.locator("tbody tr:visible .says").first.hover()
    assert tip.is_visible()
    page.mouse.move(0, 0)
    table.locator("tbody tr:visible .says").first.focus()
    assert tip.is_visible()


def test_more_than_eight_columns_are_folded_until_asked_for(browser: Any) -> None:
    """The button shows them all, and tells a screen reader so."""
    page = browser.new_page()
    page.goto(next((ROOT / "slimming").iterdir()).joinpath("report.html").as_uri())
    button = page.get_by_role("button", name=re.compile("Show all")).first
    cells = page.locator("table.folded thead").first.locator("th:visible")
    assert cells.count() == 8
    button.click()
    assert page.get_by_role("button", name="Show eight columns").count() >= 1


def test_the_page_is_whole_without_its_script(browser: Any) -> None:
    """Every column of every table is there."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(next((ROOT / "slimming").iterdir()).joinpath("report.html").as_uri())
    heads = page.locator("h2 + .scroll thead th")
    assert heads.count() > 8
    assert all(it.is_visible() for it in heads.all())
    context.close()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.parent.relative_to(ROOT)))
def test_the_pdf_holds_every_word_of_the_tables(browser: Any, file: Path, tmp_path: Path) -> None:
    """Every column and footnote of the page is printed, folded tables and closed details too."""
    if shutil.which("pdftotext") is None:
        pytest.skip("there is no pdftotext here: `make browser-test` installs it where apt can")
    page = browser.new_page()
    page.goto(file.as_uri())
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    done = subprocess.run(
        ["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
    )
    printed = re.sub(r"\s", "", done.stdout)
    cells = Cells()
    cells.feed(file.read_text("utf-8"))
    narrow = {word for word in cells.words if len(word) < 10 and "-" not in word}
    # a longer one, and one with a hyphen, may go on in the next line
    assert not [word for word in sorted(narrow) if word not in printed]
