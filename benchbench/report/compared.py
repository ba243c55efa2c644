"""A comparison of two runs as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.comparing.welch import Compared
from benchbench.display.displayable import pages_of
from benchbench.report.format import Grid, Line, number, ratio_text
from benchbench.report.page import Page

if TYPE_CHECKING:
    from benchbench.comparing.welch import Comparison, Incomparable

__all__ = ["page_of"]

HEADER = ("model", "figure", "base", "new", "new : base", "verdict", "why")


@pages_of("Comparison")
def page_of(found: Comparison) -> Page:
    """What differs first, then the rest."""
    order = ("worse", "better", "not comparable", "same")
    lines = sorted(found.lines, key=lambda line: order.index(_verdict(line)))
    counts = {word: sum(_verdict(line) == word for line in lines) for word in order}
    gate = found.gate
    special = [f"{name} {limit:g}" for name, limit in gate.thresholds_percent.items()]
    limits = ", ".join([f"{gate.threshold_percent:g}", *special])
    how = [
        f"base: {found.base}",
        f"new: {found.new}",
        f"timed and metered: 1 outside the 95 % interval, and {limits} % apart",
        "counted: not equal",
        *(f"the runs differ: {text}" for text in found.differences),
        *(f"ran in the base and not here: {text}" for text in found.broken),
    ]
    banner = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    grid = Grid("New run against base", HEADER, tuple(map(_line, lines)), text_columns=2)
    return Page("benchbench compare", (banner,) if banner else (), (grid,), (), tuple(how))


def _verdict(line: Compared | Incomparable) -> str:
    return line.verdict if isinstance(line, Compared) else "not comparable"


def _line(line: Compared | Incomparable) -> Line:
    values = ["n/a" if value is None else number(value) for value in (line.base, line.new)]
    ratio = ratio_text(line if isinstance(line, Compared) else None, digits=4)
    return Line((line.model, line.metric, *values, ratio, _verdict(line), line.reason))
