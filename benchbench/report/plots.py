"""Results -> the points of each figure that the suite asks for; no drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results
    from benchbench.suite.tables import Axis, Chart

__all__ = ["Plot", "PlotCurve", "Point", "plots"]


@dataclass(frozen=True, slots=True)
class Point:
    """One model: where it lies, the ends of its interval upwards, and its id in the suite."""

    x: float
    y: float
    low: float
    high: float
    model: str


@dataclass(frozen=True, slots=True)
class PlotCurve:
    """The models of one family that have both figures."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure before it is drawn.

    Attributes:
        title: Its caption.
        x_title: Title across, with unit, and how the figure was got.
        y_title: The same.
        log_x: Whether the axis is logarithmic.
        log_y: The same.
        curves: Those that have at least one point.
        missing: Why models have no point, and which; one sentence a reason.
    """

    title: str
    x_title: str
    y_title: str
    log_x: bool
    log_y: bool
    curves: tuple[PlotCurve, ...]
    missing: tuple[str, ...]


def plots(results: Results) -> tuple[Plot, ...]:
    """The figures of a run."""
    return tuple(_plot(figure, results) for figure in results.suite.figures)


def _plot(figure: Chart, results: Results) -> Plot:
    curves, missing = [], dict[str, list[str]]()
    for label, models in figure.lines.items():
        points = []
        for model in models:
            point = _point(figure, model, results, missing)
            if point is not None:
                points.append(point)
        if points:
            curves.append(PlotCurve(label, tuple(points)))
    return Plot(
        figure.title,
        _title(figure.x),
        _title(figure.y),
        figure.x.log,
        figure.y.log,
        tuple(curves),
        tuple(f"{', '.join(models)}: {why}" for why, models in missing.items()),
    )


def _point(
    figure: Chart, model: str, results: Results, missing: dict[str, list[str]]
) -> Point | None:
    found: list[Measurement] = []
    for axis in (figure.x, figure.y):
        it = results.figure(model, axis.metric)
        why = ""
        if it is None:
            cell = results.cell(model)
            why = cell.status if cell else "left out of this run"
        elif it.value is None:
            why = "; ".join(it.reasons)
        elif axis.log and it.value <= 0:
            why = f"{it.value:g} has no place on a logarithmic axis"
        if why:
            missing.setdefault(f"{METRICS[axis.metric].title} n/a: {why}", []).append(model)
        elif it is not None:
            found.append(it)
    if len(found) < 2:
        return None
    x, y = found
    value = y.value or 0.0
    low, high = (value if end is None else end for end in (y.low, y.high))
    up = figure.y.scale
    return Point((x.value or 0.0) * figure.x.scale, value * up, low * up, high * up, model)


def _title(axis: Axis) -> str:
    metric = METRICS[axis.metric]
    unit = axis.unit or ("" if metric.unit == "1" else metric.unit)
    return f"{axis.title or metric.title}{f', {unit}' if unit else ''} ({metric.method})"
