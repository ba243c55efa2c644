"""A figure's history as one HTML file: the drawing is in it, no script, no request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.report.history_chart import drawing
from benchbench.report.history_words import ChartRange, conditions_of, events, head, since_text
from benchbench.report.templates import environment

if TYPE_CHECKING:
    from benchbench.comparing.history import History

__all__ = ["document"]

TEMPLATE = "history.html.jinja"


def document(history: History) -> str:
    """The whole history as an HTML document; every name is escaped."""
    sections = []
    for trail in history.trails:
        shown = ChartRange.of(trail, history.figure.unit)
        every = events(trail, shown)
        sections.append(
            {
                "head": head(history, trail),
                "drawing": drawing(every, shown) if shown else None,
                "events": every,
                "since": since_text(trail),
            }
        )
    template = environment().get_template(TEMPLATE)
    return template.render(figure=history.figure, banner=conditions_of(history), sections=sections)
