"""Recomputed joules as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.report.format import Grid, Line
from benchbench.report.page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.results.recompute import Recomputed

__all__ = ["page_of"]


def page_of(lines: Sequence[Recomputed]) -> Page:
    """Stored beside recomputed, a line a figure and window."""
    rows = tuple(
        Line(
            (
                f"{line.model}, repeat {line.repeat}",
                line.figure,
                f"{line.stored:.9g}",
                "n/a" if line.again is None else f"{line.again:.9g}",
                line.reason or "agrees",
            )
        )
        for line in lines
    )
    header = ("window", "figure", "stored", "from its readings", "verdict")
    wrong = sum(bool(line.reason) for line in lines)
    how = f"{len(lines) - wrong} of {len(lines)} figures agree with their raw readings"
    if not lines:
        how = "nothing in this run was metered, so there is nothing to compute again"
    grids = (Grid("Metered figures, computed again", header, rows, text_columns=1),)
    return Page("Recomputed from the traces", (), grids if lines else (), (), (how,))
