"""The page as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.report.formats import report_format
from benchbench.report.page import page
from benchbench.report.svg import draw

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from benchbench.results.schema import Results

__all__ = ["files", "render"]

TEMPLATE = "page.html.jinja"


@report_format
def files(results: Results) -> dict[str, str]:
    """``report.html``."""
    return {"report.html": render(results)}


def render(results: Results) -> str:
    """The report of a run as an HTML document; every name is escaped."""
    from markupsafe import Markup  # noqa: PLC0415 - 60 ms with jinja2 that only this needs

    the_page = page(results)
    # The drawings are matplotlib's own, with the names in them escaped by it.
    drawings = [Markup(draw(plot)) if plot.curves else "" for plot in the_page.plots]  # noqa: S704
    template = _environment().get_template(TEMPLATE)
    return template.render(page=the_page, figures=list(zip(the_page.plots, drawings, strict=True)))


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["linked"] = _linked
    return found


def _linked(text: str) -> Markup:
    """Escaped text, its line breaks kept and ``[2]`` a link to that note."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    safe = str(escape(text)).replace("\n", "<br>")
    linked = re.sub(r"\[(\d+)\](?=\[|\s|$|<)", r'<a href="#note-\1">[\1]</a>', safe)
    return Markup(linked)  # noqa: S704 - escaped above
