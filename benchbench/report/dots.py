"""A comparison as dots with intervals around 1, drawn in the colours of the page."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from benchbench.report.findings import RATIOS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.report.findings import HeadlineFinding
    from benchbench.report.headline import Headline

__all__ = ["dot_plot"]

WIDTH, LEFT, RIGHT, ROW, TOP = 560, 228, 24, 26, 12


def dot_plot(headline: Headline) -> str:
    """The ratios of a comparison on a logarithmic axis, 1 in the middle of what they span.

    Args:
        headline: A comparison; findings without a ratio have no dot.

    Returns:
        An SVG element whose colours are the page's, dark or light; empty where there is no ratio.
    """
    found = [it for it in headline.findings if it.value is not None and it.value > 0]
    if not found:
        return ""
    low, high = _span(found)
    height = TOP + ROW * len(found) + 30
    says = f"{headline.title}: {'; '.join(it.sentence for it in found)}"
    parts = [
        f'<svg class="dots" role="img" viewBox="0 0 {WIDTH} {height}" aria-label="{escape(says)}">',
        *(_tick(at, low, high, height) for at in _ticks(low, high)),
        *(_row(it, number, low, high) for number, it in enumerate(found)),
        "</svg>",
    ]
    return "\n".join(parts)


def _span(found: Sequence[HeadlineFinding]) -> tuple[float, float]:
    """Ends of the axis: 1 and every interval are inside."""
    ends = [1.0]
    for it in found:
        ends += [end for end in (it.value, it.low, it.high) if end is not None and end > 0]
    return min(ends) / 1.15, max(ends) * 1.15


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten that the axis holds; always 1."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high / low < 100 else (1,)
    ticks = [digit * 10.0**power for power in powers for digit in steps]
    return [it for it in ticks if low <= it <= high]


def _at(value: float, low: float, high: float) -> float:
    share = math.log(value / low) / math.log(high / low)
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _tick(value: float, low: float, high: float, height: int) -> str:
    x, kind = _at(value, low, high), "one" if value == 1 else "tick"
    return (
        f'<line class="{kind}" x1="{x}" x2="{x}" y1="4" y2="{height - 24}"/>'
        f'<text x="{x}" y="{height - 8}" text-anchor="middle">{value:g} x</text>'
    )


def _row(it: HeadlineFinding, number: int, low: float, high: float) -> str:
    y = TOP + ROW * number + 8
    x = _at(it.value or 1.0, low, high)
    bar = ""
    if it.low is not None and it.high is not None and it.low > 0:
        ends = _at(it.low, low, high), _at(it.high, low, high)
        bar = f'<line class="bar" x1="{ends[0]}" x2="{ends[1]}" y1="{y}" y2="{y}"/>'
    sure = "open" if it.outlook in {"not resolved", "no interval"} else it.outlook
    return (
        f'<g class="{sure}"><title>{escape(it.sentence)}</title>'
        f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{RATIOS[it.metric][1]}'
        f'</text>{bar}<circle cx="{x}" cy="{y}" r="5"/></g>'
    )
