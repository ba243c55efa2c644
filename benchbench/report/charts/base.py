"""What the page's drawings are made of: scales, ticks, and shapes whose colours are the page's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, TypeGuard

from benchbench.display.text import neutral
from benchbench.report.format import si

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


__all__ = [
    "MOST",
    "WIDTH",
    "Illustration",
    "Panel",
    "Scale",
    "axis_across",
    "axis_up",
    "drawing",
    "finite",
    "left_out",
    "polyline",
    "shape",
    "short",
    "titled",
    "words",
]

WIDTH = 460  # of a panel, in its own units
MOST = 12  # panels of a drawing: more of them are told, not drawn
NAME = 24  # characters of a name beside a bar
SHAPES = 6
LARGEST = 1e100  # on an axis: the difference of two such figures is still a number


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing among several of the same kind.

    Attributes:
        title: What it is of: a model, a figure.
        svg: An SVG element; every text in it is escaped.
    """

    title: str
    svg: str


@dataclass(frozen=True, slots=True)
class Illustration:
    """A drawing of several panels.

    Attributes:
        title: Above it.
        panels: The drawings; none where all that is left is to tell why.
        caption: How to read it, and what is left out.
    """

    title: str
    panels: tuple[Panel, ...]
    caption: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """A way from figures to places on an axis.

    Attributes:
        low: Figure at `start`.
        high: Figure at `end`; larger than `low`.
        start: Place of the lowest figure, in the drawing's units.
        end: Place of the highest.
        log: Whether the axis is logarithmic; then `low` is above 0.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a figure, to a tenth of a unit."""
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, most: int = 5) -> list[float]:
        """Round figures on the axis: at most about so many."""
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            step = max(1, math.ceil(len(powers) / most))
            whole = [10.0**power for power in powers if power % step == 0]
            if len(whole) > 1:
                return whole
            first = math.floor(math.log10(self.low))
            digits = [digit * 10.0**power for power in (first, first + 1) for digit in (1, 2, 5)]
            return [it for it in digits if self.low <= it <= self.high]
        rough = (self.high - self.low) / most
        base = 10.0 ** math.floor(math.log10(rough))
        step_of = next(base * it for it in (1, 2, 5, 10) if base * it >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step_of - 1e-9)
        last = math.floor(self.high / step_of + 1e-9)
        return [round(number * step_of, 12) for number in range(first, last + 1)]


def drawing(height: float, says: str, parts: Iterable[str], width: float = WIDTH) -> str:
    """An SVG element.

    Args:
        height: Height in its own units.
        says: What it shows, for those who cannot see it.
        parts: Its elements.
        width: Width in its own units.
    """
    kind = "chart wide" if width > WIDTH else "chart"
    head = (
        f'<svg class="{kind}" role="img" viewBox="0 0 {width:g} {height:g}" '
        f'aria-label="{escape(neutral(says))}">'
    )
    return "\n".join([head, *parts, "</svg>"])


def words(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> str:
    """A text at a place."""
    of = f' class="{kind}"' if kind else ""
    return f'<text{of} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(neutral(text))}</text>'


def short(name: str, most: int = NAME) -> str:
    """A name that is too long, cut in its middle."""
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[-(most - 1 - head) :]}"


def axis_across(scale: Scale, top: float, bottom: float, unit: str = "") -> list[str]:
    """Grid lines and figures of an axis that goes across."""
    out = []
    for tick in scale.ticks():
        x = scale.at(tick)
        out += [
            f'<line class="rule" x1="{x}" x2="{x}" y1="{top:g}" y2="{bottom:g}"/>',
            words(x, bottom + 14, _tick(tick, unit), anchor="middle", kind="soft"),
        ]
    return out


def axis_up(scale: Scale, left: float, right: float) -> list[str]:
    """Grid lines and figures of an axis that goes up."""
    out = []
    for tick in scale.ticks(4):
        y = scale.at(tick)
        out += [
            f'<line class="rule" x1="{left:g}" x2="{right:g}" y1="{y}" y2="{y}"/>',
            words(left - 6, y + 4, _tick(tick, ""), anchor="end", kind="soft"),
        ]
    return out


def _tick(value: float, unit: str) -> str:
    """A figure on an axis: small ones have a prefix where there is a unit for it alone."""
    return f"{value:g}" if not unit and 1e-3 <= abs(value) < 1e3 else si(value, unit)


def shape(number: int, x: float, y: float, *, hollow: bool = False) -> str:
    """A mark of a series: its colour and its form are told apart, also without colours."""
    kind = f"s{number % SHAPES}{' hollow' if hollow else ''}"
    match number % SHAPES:
        case 0:
            return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="4.5"/>'
        case 1:
            return f'<rect class="{kind}" x="{x - 4:g}" y="{y - 4:g}" width="8" height="8"/>'
        case 2:
            return f'<path class="{kind}" d="M{x:g} {y - 5:g}l5 9h-10z"/>'
        case 3:
            return f'<path class="{kind}" d="M{x:g} {y - 5.5:g}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>'
        case 4:
            return f'<path class="{kind}" d="M{x:g} {y + 5:g}l5 -9h-10z"/>'
        case _:
            return f'<rect class="{kind}" x="{x - 2.5:g}" y="{y - 6:g}" width="5" height="12"/>'


def finite(value: float | None) -> TypeGuard[float]:
    """Whether a figure has a place on an axis: there is one, and an axis can hold it."""
    return value is not None and abs(value) < LARGEST


def left_out(count: int, what: str, where: str) -> tuple[str, ...]:
    """A sentence on what is not drawn; none where that is nothing."""
    return (f"not drawn: {count} more {what}; {where}",) if count > 0 else ()


def titled(says: str, *parts: str) -> str:
    """Elements with a text that is shown when a pointer rests on them."""
    return f"<g><title>{escape(neutral(says))}</title>{''.join(parts)}</g>"


def polyline(points: Sequence[tuple[float, float]], kind: str) -> str:
    """A line through places."""
    way = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline class="{kind}" points="{way}"/>'
