"""A figure's history for a console: a chart of letters and a table, in ASCII and 80 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from benchbench.report.format import number
from benchbench.report.history_words import (
    ChartRange,
    Event,
    conditions_of,
    events,
    head,
    since_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.comparing.history import History, Trail

__all__ = ["text_of"]

WIDTH = 80
LEGEND = (
    "* a value, o an invalid one, |-| its 95 % interval; letters: verdict against the run before "
    "(W worse, B better, = same, ? not comparable); G a gate, with its own"
)


def text_of(history: History, width: int = WIDTH) -> str:
    """The whole history as text, its lines no longer than a width but where one word is.

    Args:
        history: What was found.
        width: Characters of a line, at least 60.
    """
    figure = history.figure
    unit = "" if figure.unit == "1" else f", {figure.unit}"
    lines = [
        f"benchbench history: {figure.name} ({figure.method}{unit}, {figure.better} is better)"
    ]
    for text in conditions_of(history):
        lines += wrap(text, width, subsequent_indent="  ")
    for trail in history.trails:
        lines += ["", *_trail(history, trail, width)]
    return "\n".join(lines) + "\n"


def _trail(history: History, trail: Trail, width: int) -> Iterator[str]:
    shown = ChartRange.of(trail, history.figure.unit)
    every = events(trail, shown)
    yield from wrap(head(history, trail), width)
    yield ""
    if shown is None:
        yield "no chart: none of these runs has a value"
    else:
        yield from _chart(every, shown, width)
        yield from wrap(LEGEND, width)
    yield ""
    for event in every:
        yield from _entry(event, width)
    if text := since_text(trail):
        yield from wrap(text, width, subsequent_indent="  ")


def _chart(every: list[Event], shown: ChartRange, width: int) -> Iterator[str]:
    """One line an event, the oldest above; values to the right."""
    digits = len(str(len(every)))
    room = width - (digits + 14)  # number, date and letter before it
    low, high = (f"{number(end)} {shown.unit}".strip() for end in (shown.low, shown.high))
    space = " " * (digits + 14)
    if shown.low == shown.high:
        yield space + low.center(room).rstrip()
    else:
        yield space + low + high.rjust(room - len(low))
    for event in every:
        if event.breaks:
            yield space + " break ".center(room, "-")
        letter = f"G{event.sign}" if event.gate else f" {event.sign}"
        begin = f"{event.number:>{digits}} {event.when[:10]:10} {letter}"
        drawn = _bar(event, shown, room) if event.point else "." * room
        yield f"{begin}{drawn}".rstrip()


def _bar(event: Event, shown: ChartRange, room: int) -> str:
    figure = event.point.figure if event.point else None
    if figure is None or figure.value is None:
        return " n/a"

    def column(value: float) -> int:
        return min(room - 1, max(0, round(shown.at(value) * (room - 1))))

    cells = [" "] * room
    if figure.low is not None and figure.high is not None:
        first, last = column(figure.low), column(figure.high)
        cells[first : last + 1] = ["-"] * (last - first + 1)
        cells[first] = cells[last] = "|"
    cells[column(figure.value)] = "*" if figure.valid else "o"
    return "".join(cells)


def _entry(event: Event, width: int) -> Iterator[str]:
    """What stands behind one line of the chart, and what must be read with it."""
    if event.breaks:
        yield from wrap(f"-- break: {event.breaks}", width, subsequent_indent="   ")
    kind = "gate " if event.gate else ""
    parts = [f"{event.number}. {event.when}", kind + event.what, event.value]
    text = "  ".join(part for part in parts if part)
    text += "" if event.verdict == "-" else f"  {event.verdict}"
    yield from wrap(text, width, subsequent_indent="     ")
    for note in event.notes:
        yield from wrap(note, width, initial_indent="     ", subsequent_indent="     ")
