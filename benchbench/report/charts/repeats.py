"""What each process measured: its dots, and the interval over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.metrics.place import any_apart, spots
from benchbench.metrics.registry import METRICS
from benchbench.report.charts.base import (
    MOST,
    WIDTH,
    Illustration,
    Panel,
    Scale,
    axis_across,
    drawing,
    finite,
    left_out,
    short,
    titled,
    words,
)
from benchbench.report.format import model_title, si

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

__all__ = ["repeat_charts"]

ROW, TOP, LEFT, RIGHT = 24, 8, 168, 16
MODELS = 30  # rows of a panel
APART = "rows with a node or machine in brackets are of different ones: no two of them are compared"
TWO = 2  # processes that something can be said of


@dataclass(frozen=True, slots=True)
class _Repeated:
    """A model's figure, and its value in each process that had one."""

    model: str
    figure: Measurement
    values: tuple[tuple[float, bool], ...]


def repeat_charts(results: Results) -> Illustration | None:
    """The processes behind each timed and metered figure; a panel a figure."""
    of_each = {name: _rows(name, results) for name in METRICS}
    there = {name: rows for name, rows in of_each.items() if rows}
    if not there:
        return None
    panels = tuple(_panel(name, rows) for name, rows in [*there.items()][:MOST])
    simulated = any(row.figure.provenance == "simulated" for rows in there.values() for row in rows)
    models = max(map(len, there.values()))
    return Illustration(
        "Every repeat",
        panels,
        (
            (
                "a dot: one fresh process; line: 95 % interval of their mean (Student's t), the "
                "stroke in it the mean; hollow: a window that must not be compared"
            ),
            *([APART] if any(_apart(rows) for rows in there.values()) else []),
            *(["simulated sensors stand behind those marked (simulated)"] if simulated else []),
            *left_out(models - MODELS, "model(s)", "results.json has their repeats"),
            *left_out(len(there) - MOST, "figure(s)", "results.json has their repeats"),
        ),
    )


def _apart(rows: Sequence[_Repeated]) -> bool:
    return any_apart([row.figure for row in rows])


def _rows(name: str, results: Results) -> list[_Repeated]:
    rows = []
    for cell in results.cells:
        figure = cell.measurements.get(name)
        if figure is None or not finite(figure.value) or figure.method not in {"timed", "metered"}:
            continue
        values = tuple((v, it.valid) for it in figure.rounds() if finite(v := it.value))
        if len(values) >= TWO:
            rows.append(_Repeated(model_title(results, cell), figure, values))
    return rows


def _panel(name: str, rows: Sequence[_Repeated]) -> Panel:
    shown = rows[:MODELS]
    ends = [value for row in shown for value, _ in row.values]
    ends += [
        end
        for row in shown
        for end in (row.figure.low, row.figure.high)
        if finite(end) and end is not None
    ]
    low, high = min(ends), max(ends)
    log = low > 0 and high / low > 20
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    span = (low / 1.2, high * 1.2) if log else (low - room, high + room)
    scale = Scale(*span, LEFT, WIDTH - RIGHT, log=log)
    bottom = TOP + ROW * len(shown)
    parts = axis_across(scale, TOP, bottom)
    parts += [_row(row, TOP + ROW * number + 12, scale) for number, row in enumerate(shown)]
    metric = METRICS[name]
    unit = "" if metric.unit == "1" else f", {metric.unit}"
    says = "; ".join(
        f"{row.model}: mean {si(row.figure.value or 0.0)} of {len(row.values)}" for row in shown
    )
    title = f"{metric.title}{unit} ({metric.method})"
    return Panel(title, drawing(bottom + 20, f"{metric.title}: {says}", parts))


def _row(row: _Repeated, y: float, scale: Scale) -> str:
    figure = row.figure
    name = f"{row.model} (simulated)" if figure.provenance == "simulated" else row.model
    if where := ", ".join(sorted({place for place, _ in spots(figure)})):
        name += f" [{where}]"
    parts = [words(LEFT - 8, y + 4, short(name), anchor="end")]
    if (
        figure.low is not None
        and figure.high is not None
        and finite(figure.low)
        and finite(figure.high)
    ):
        ends = scale.at(figure.low), scale.at(figure.high)
        parts.append(f'<line class="bar" x1="{ends[0]}" x2="{ends[1]}" y1="{y}" y2="{y}"/>')
        at = scale.at(figure.value or 0.0)
        parts.append(f'<line class="bar" x1="{at}" x2="{at}" y1="{y - 7}" y2="{y + 7}"/>')
    for value, valid in row.values:
        kind = "s0" if valid and figure.valid else "s0 hollow"
        parts.append(f'<circle class="{kind}" cx="{scale.at(value)}" cy="{y}" r="3.5"/>')
    values = ", ".join(f"{value:.4g}" for value, _ in row.values)
    return titled(f"{name}: {values} {figure.unit if figure.unit != '1' else ''}", *parts)
