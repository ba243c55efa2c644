"""Results -> the points of each figure that the suite asks for; no drawing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchbench.display.text import all_neutral
from benchbench.metrics.registry import METRICS
from benchbench.report.banner import conditions
from benchbench.suite.units import shown_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results
    from benchbench.suite.tables import Axis, Chart

__all__ = ["Coordinate", "Plot", "PlotCurve", "Point", "plots"]


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A figure on its axis: the value and the ends of its interval, in the axis's unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """One model: where it lies, its id in the suite, and how it is marked.

    Attributes:
        x: Across.
        y: Upwards.
        model: Its id.
        simulated: Whether a sensor was.
        front: Whether it is on the Pareto front.
    """

    x: Coordinate
    y: Coordinate
    model: str
    simulated: bool = False
    front: bool = False

    @property
    def label(self) -> str:
        """What stands beside it."""
        return f"{self.model} (simulated)" if self.simulated else self.model


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
        conditions: What must be read with it, inside the drawing too: quick, synthetic, simulated.
    """

    title: str
    x_title: str
    y_title: str
    log_x: bool
    log_y: bool
    curves: tuple[PlotCurve, ...]
    missing: tuple[str, ...]
    conditions: tuple[str, ...] = ()

    @property
    def caption(self) -> tuple[str, ...]:
        """The lines below it."""
        drawn = ("bars: 95 % intervals", *self.conditions) if self.curves else ()
        best = [point.model for curve in self.curves for point in curve.points if point.front]
        front = (f"Pareto front, ringed, by the values alone: {', '.join(best)}",) if best else ()
        return (*drawn, *front, *(f"not shown: {text}" for text in self.missing))


def plots(results: Results) -> tuple[Plot, ...]:
    """The figures of a run."""
    return all_neutral(tuple(_plot(figure, results) for figure in results.suite.figures))


def _plot(figure: Chart, results: Results) -> Plot:
    curves, missing = [], dict[str, list[str]]()
    shown: list[Measurement] = []
    for label, models in figure.lines.items():
        points = []
        for model in models:
            found = _figures(figure, model, results, missing)
            if len(found) == 2:
                x, y = map(_coordinate, (figure.x, figure.y), found)
                simulated = any(it.provenance == "simulated" for it in found)
                points.append(Point(x, y, model, simulated))
                shown += found
        if points:
            curves.append(PlotCurve(label, tuple(points)))
    if figure.front:
        curves = _with_front(curves, figure)
    return Plot(
        figure.title,
        _title(figure.x),
        _title(figure.y),
        figure.x.log,
        figure.y.log,
        tuple(curves),
        tuple(f"{', '.join(models)}: {why}" for why, models in missing.items()),
        tuple(conditions(results, shown)),
    )


def _with_front(curves: Sequence[PlotCurve], figure: Chart) -> list[PlotCurve]:
    """The same with the points marked that no other beats."""
    signs = [1 if METRICS[axis.metric].better == "higher" else -1 for axis in (figure.x, figure.y)]
    every = [_worth(point, signs) for curve in curves for point in curve.points]

    def marked(point: Point) -> Point:
        x, y = _worth(point, signs)
        beaten = any(a >= x and b >= y and (a, b) != (x, y) for a, b in every)
        return replace(point, front=not beaten)

    return [replace(curve, points=tuple(map(marked, curve.points))) for curve in curves]


def _worth(point: Point, signs: Sequence[int]) -> tuple[float, float]:
    return signs[0] * point.x.value, signs[1] * point.y.value


def _figures(
    figure: Chart, model: str, results: Results, missing: dict[str, list[str]]
) -> list[Measurement]:
    """The figures of a model that have a place on their axis; why the others have none is told."""
    found: list[Measurement] = []
    for axis in (figure.x, figure.y):
        it = results.figure(model, axis.metric)
        why = ""
        if it is None:
            cell = results.cell(model)
            why = f"n/a: {cell.status if cell else 'left out of this run'}"
        elif it.value is None:
            why = f"n/a: {'; '.join(it.reasons)}"
        elif not it.valid:
            why = f"invalid: {'; '.join(it.reasons) or 'no reason was given'}"
        elif axis.log and it.value <= 0:
            why = f"n/a: {it.value:g} has no place on a logarithmic axis"
        if why:
            missing.setdefault(f"{METRICS[axis.metric].title} {why}", []).append(model)
        elif it is not None:
            found.append(it)
    return found


def _coordinate(axis: Axis, it: Measurement) -> Coordinate:
    """A figure in the axis's unit; what cannot be below 0 has no interval that is."""
    value = it.value or 0.0
    low, high = (value if end is None else end for end in (it.low, it.high))
    if not METRICS[axis.metric].signed:
        low = max(low, 0.0)
    scale, _ = shown_in(axis)
    return Coordinate(value * scale, low * scale, high * scale)


def _title(axis: Axis) -> str:
    metric = METRICS[axis.metric]
    _, unit = shown_in(axis)
    return f"{axis.title or metric.title}{f', {unit}' if unit else ''} ({metric.method})"
