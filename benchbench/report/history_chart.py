"""Where the marks of a history's drawing stand: numbers alone, the template draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchbench.report.format import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.report.history_words import ChartRange, Event

__all__ = ["Drawing", "Mark", "drawing"]

SLOT, LEFT, RIGHT, TOP, PLOT_HEIGHT, BELOW = 56, 92, 24, 34, 220, 78
TICKS = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """One event of the drawing.

    Attributes:
        kind: Shape: ``value``, ``simulated`` (a square), ``gate`` (a triangle) or ``none``.
        x: Place from the left.
        y: Place from above.
        low_y: Lower end of its interval; None where there is none.
        high_y: Upper end.
        hollow: Whether the value is invalid.
        number: Number of its line in the table.
        day: Its date.
        sign: Letter of its verdict.
        says: What a reader who points at it sees.
        break_x: Place of the break before it; None where there is none.
        breaks: Why there is one.
    """

    kind: Literal["value", "simulated", "gate", "none"]
    x: float
    y: float
    low_y: float | None
    high_y: float | None
    hollow: bool
    number: int
    day: str
    sign: str
    says: str
    break_x: float | None
    breaks: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything of one trail's drawing.

    Attributes:
        width: Width in its own units.
        height: Height in these.
        floor: Place of the axis of time from above.
        left: Place of the axis of values from the left.
        right: Right end of the plot.
        ceiling: Upper end of the plot.
        ticks: Place and text of each value at the axis.
        lines: Places between which runs that may be compared are joined.
        marks: Its events.
    """

    width: float
    height: float
    floor: float
    left: float
    right: float
    ceiling: float
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[tuple[float, float, float, float], ...]
    marks: tuple[Mark, ...]


def drawing(every: Sequence[Event], shown: ChartRange) -> Drawing:
    """The places of everything.

    Args:
        every: Runs and gates in the order of their time; each has a slot of the same width.
        shown: Unit and ends of the values.
    """
    right = LEFT + SLOT * max(len(every), 8)
    floor = TOP + PLOT_HEIGHT
    marks = tuple(_mark(index, event, shown) for index, event in enumerate(every))
    span = shown.high - shown.low
    values = [shown.low + span * step / TICKS for step in range(TICKS + 1)] if span else [shown.low]
    ticks = tuple(
        (_y(shown.at(value / shown.scale)), f"{number(value)} {shown.unit}".strip())
        for value in values
    )
    lines = []
    last = None
    for mark in marks:
        if mark.kind == "gate":
            continue
        if mark.kind == "none" or mark.hollow:
            last = None
            continue
        if last is not None and mark.break_x is None:
            lines.append((last.x, last.y, mark.x, mark.y))
        last = mark
    return Drawing(
        right + RIGHT, floor + BELOW, floor, LEFT, right, TOP, ticks, tuple(lines), marks
    )


def _y(share: float) -> float:
    """From above, for a share of the way from the lowest to the highest value."""
    return round(TOP + PLOT_HEIGHT * (0.94 - 0.88 * share), 1)


def _mark(index: int, event: Event, shown: ChartRange) -> Mark:
    x = LEFT + SLOT * (index + 0.5)
    figure = event.point.figure if event.point else None
    kind: Literal["value", "simulated", "gate", "none"] = "gate" if event.gate else "none"
    y = float(TOP + PLOT_HEIGHT)
    low_y: float | None = None
    high_y: float | None = None
    hollow = False
    if figure is not None and figure.value is not None:
        kind = "simulated" if figure.provenance == "simulated" else "value"
        y, hollow = _y(shown.at(figure.value)), not figure.valid
        if figure.low is not None and figure.high is not None:
            low_y, high_y = _y(shown.at(figure.low)), _y(shown.at(figure.high))
    parts = (event.what, event.value, "" if event.verdict == "-" else event.verdict, *event.notes)
    says = f"{event.number}. {event.when}: {'; '.join(part for part in parts if part)}"
    break_x = x - SLOT / 2 if event.breaks else None
    when = event.when[5:10] if event.when != "n/a" else "n/a"
    sign = "" if event.sign == "-" else event.sign
    return Mark(
        kind,
        x,
        y,
        low_y,
        high_y,
        hollow,
        event.number,
        when,
        sign,
        says,
        break_x,
        event.breaks,
    )
