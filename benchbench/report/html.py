"""The page as one HTML file that asks for nothing: no font, no network.

A small script of its own sorts, filters and folds; without it the page is whole.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

from benchbench.display.displayable import draws
from benchbench.display.text import neutral
from benchbench.report.charts import charts
from benchbench.report.dots import dot_plot
from benchbench.report.formats import report_format
from benchbench.report.page import page
from benchbench.report.svg import COLOURS, WARNING, draw
from benchbench.report.templates import environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment
    from markupsafe import Markup

    from benchbench.report.page import Page
    from benchbench.results.schema import Results

__all__ = ["body_of", "document_of", "files", "fragment", "own_ids", "render"]

PAGE_COLOURS = {
    **{colour.lower(): f"var(--c{number})" for number, colour in enumerate(COLOURS)},
    "#000000": "var(--ink)",
    "#ffffff": "var(--back)",
    "#b0b0b0": "var(--rule)",  # matplotlib's grid
    "#cccccc": "var(--rule)",  # the frame of its legend
    WARNING: "var(--warn)",
}
BODY, DOCUMENT, FRAGMENT = "body.html.jinja", "page.html.jinja", "fragment.html.jinja"


@report_format
def files(results: Results) -> dict[str, str]:
    """``report.html``."""
    return {"report.html": render(results)}


def render(results: Results) -> str:
    """The report of a run as an HTML document; every name is escaped."""
    return document_of(results.suite.title or results.suite.name, body_of(results))


def body_of(results: Results, raw: str = "") -> str:
    """All of a report but the frame of its document.

    Args:
        results: The run.
        raw: Where its raw files lie: empty beside the document, or an address that ends in a slash.
    """
    drawn = charts(results)
    filled = _filled(BODY, page(results), _in_page_colours, charts=drawn, raw=raw)
    return _with_ways_back(filled)


def document_of(title: str, body: str) -> str:
    """A document with the page's style and script.

    Args:
        title: Its title.
        body: HTML in which every name is escaped already.
    """
    from markupsafe import Markup  # noqa: PLC0415 - 60 ms with jinja2 that only this needs

    made = Markup(body)  # noqa: S704 - as told
    return _environment().get_template(DOCUMENT).render(title=neutral(title), body=made)


def _with_ways_back(text: str) -> str:
    """The document with an id where each note is named first, for the link back to it."""
    seen = set[str]()

    def marked(found: re.Match[str]) -> str:
        number = found[1]
        new = number not in seen
        seen.add(number)
        return f'<a id="ref-{number}" href="#note-{number}"' if new else found[0]

    return re.sub(r'<a href="#note-(\d+)"', marked, text)


@draws("html")
def fragment(the_page: Page) -> str:
    """A page as a part of another document, e.g. of a notebook, light or dark.

    The ids of its notes are its own, so that several of them can stand in one document.
    """
    own = hashlib.sha256(repr(the_page).encode("utf-8", "replace")).hexdigest()[:12]
    return _filled(FRAGMENT, the_page, notes=f"note-{own}")


def _filled(
    template: str,
    the_page: Page,
    change: Callable[[str], str] = lambda drawing: drawing,
    **names: object,
) -> str:
    from markupsafe import Markup  # noqa: PLC0415 - 60 ms with jinja2 that only this needs

    # The drawings are matplotlib's own, with the names in them escaped by it.
    drawings = [
        Markup(change(own_ids(draw(plot), f"plot-{number}-"))) if plot.curves else ""  # noqa: S704
        for number, plot in enumerate(the_page.plots, 1)
    ]
    figures = list(zip(the_page.plots, drawings, strict=True))
    dots = [Markup(dot_plot(it)) for it in the_page.headlines]  # noqa: S704 - escaped by it
    grids = [*enumerate(the_page.grids, 1)]
    found = {"page": the_page, "grids": grids, "figures": figures, "dots": dots}
    return _environment().get_template(template).render(**found, **names)


def own_ids(part: str, start: str) -> str:
    """A part of a document, or a drawing, whose ids begin so; its text stays as it is."""

    def own(tag: re.Match[str]) -> str:
        return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{start}", tag[0])

    return re.sub(r"<[^>]*>", own, part)  # in text these two are entities


def _in_page_colours(drawing: str) -> str:
    """A drawing whose colours follow the page's, light or dark."""

    def own(tag: re.Match[str]) -> str:
        return re.sub(r"#[0-9a-f]{6}\b", lambda found: PAGE_COLOURS.get(found[0], found[0]), tag[0])

    return re.sub(r"<[^>]*>", own, drawing)


@cache
def _environment() -> Environment:
    found = environment()
    found.filters["linked"] = _linked
    found.filters["sourced"] = _sourced
    return found


def _linked(text: str, notes: str) -> Markup:
    """Escaped text, its line breaks kept and ``[2]`` a link to that note.

    Args:
        text: Text of a cell.
        notes: Start of the ids of the notes.
    """
    from markupsafe import Markup, escape  # noqa: PLC0415

    if text.isalnum():  # most cells: nothing to escape, and no link
        return Markup(text)  # noqa: S704 - as told
    safe = str(escape(text)).replace("\n", "<br>")
    if "[" not in safe:
        return Markup(safe)  # noqa: S704 - escaped above
    linked = re.sub(r"\[(\d+)\](?=\[|\s|$|<)", rf'<a href="#{notes}-\1">[\1]</a>', safe)
    return Markup(linked)  # noqa: S704 - escaped above


def _sourced(text: str) -> Markup:
    """Escaped text with its DOI as a link."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    made = re.sub(
        r"doi:(10\.\d{4,9}/[\w.()/:-]*\w)",
        r'<a href="https://doi.org/\1">doi:\1</a>',
        str(escape(text)),
    )
    return Markup(made)  # noqa: S704 - escaped above
