"""What ``benchbench data check`` found, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.display.displayable import pages_of
from benchbench.report.format import Grid, Line, number
from benchbench.report.page import Page

if TYPE_CHECKING:
    from benchbench.data.check import Check

__all__ = ["page_of"]

SHOWN_ROWS = 12


@pages_of("Check")
def page_of(found: Check) -> Page:
    """Table 2's distribution, and the faults with the first rows of each."""
    splits = list(next(iter(found.distribution.values()), {}))
    lines = [
        Line((name, number(sum(counts.values())), *(number(counts[s]) for s in splits)))
        for name, counts in found.distribution.items()
    ]
    totals = [sum(counts[s] for counts in found.distribution.values()) for s in splits]
    lines.append(Line(("all", number(found.samples), *map(number, totals))))
    faults = [Line((number(item.count), item.text, _rows(item.rows))) for item in found.findings]
    return Page(
        f"{found.name}: {found.source}",
        tuple(f"data: {warning}" for warning in found.warnings),
        (
            Grid("Images by class", ("class", "images", *splits), tuple(lines), 0),
            Grid("Faults", ("count", "what", "rows of the file"), tuple(faults), 2),
        ),
        (),
        (f"sha256 {found.digest}",),
    )


def _rows(rows: tuple[int, ...]) -> str:
    more = f", and {len(rows) - SHOWN_ROWS:,} more (--json has all)"
    return ", ".join(map(str, rows[:SHOWN_ROWS])) + (more if len(rows) > SHOWN_ROWS else "")
