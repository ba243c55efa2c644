"""A run of several nodes or machines: what each of them found, and the spread between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from benchbench.metrics.measurement import Measurement
from benchbench.metrics.place import spots
from benchbench.metrics.ratio import NoRatio, ratio
from benchbench.metrics.registry import METRICS
from benchbench.metrics.statistics import paired_ratio, t_interval
from benchbench.report.format import Grid, Line, interval_text, number, ratio_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchbench.results.schema import Results

__all__ = ["between_places"]

TITLE = (
    "Spread between nodes: each node's own figures, and where several have one fingerprint the "
    "95 % interval of their mean (Student's t over nodes, not over rounds)"
)
APART = "fingerprints differ"


@dataclass(frozen=True, slots=True)
class _NodeRatio:
    """The ratio of two models on one node, or the mean over nodes.

    Attributes:
        value: The ratio.
        low: Lower end of its 95 % interval; None where there is none.
        high: Upper end.
        machine: Digest of the node's fingerprint.
    """

    value: float
    low: float | None
    high: float | None
    machine: str = ""


def between_places(results: Results) -> list[Grid]:
    """A line a figure that several places have, and a line a ratio that a suite asks for.

    Each place's ratios are paired by its own rounds. Nothing is averaged, and there is no interval,
    where fingerprints differ.
    """
    by_figure = {
        (cell.model, name): by_place
        for cell in results.cells
        for name, figure in cell.measurements.items()
        if METRICS[name].rests_on == "machine"
        if len(by_place := _by_place(figure)) > 1
    }
    if not by_figure:
        return []
    places = [*dict.fromkeys(chain.from_iterable(by_figure.values()))]
    lines = [
        _figure_line(results.suite.model(model).title, name, by_place, places)
        for (model, name), by_place in by_figure.items()
    ]
    pairs = dict.fromkeys(table.ratio for table in results.suite.tables if table.ratio)
    names = dict.fromkeys(name for _, name in by_figure)
    for of, to in pairs:
        titles = " : ".join(results.suite.model(model).title for model in (of, to))
        for name in names:
            sides = by_figure.get((of, name), {}), by_figure.get((to, name), {})
            if found := _ratios(*sides):
                lines.append(_ratio_line(titles, name, found, places))
    header = ("model", "figure", *places, "mean of nodes")
    return [Grid(TITLE, header, tuple(lines), text_columns=0)]


def _by_place(figure: Measurement) -> dict[str, Measurement]:
    """A figure's own, and those that are kept beside it, by their places."""
    own = sorted(place for place, _ in spots(figure))
    found = {own[0]: figure} if len(own) == 1 else {}
    for it in figure.detail.get("places", ()):
        found[it["place"]] = Measurement(
            *(figure.name, it["value"], figure.unit, figure.method, it["n"], it["low"], it["high"]),
            *(it["valid"], tuple(it["reasons"]), it["provenance"], {"repeats": it["repeats"]}),
        )
    return {place: it for place, it in found.items() if it.value is not None}


def _machines(figures: Sequence[Measurement]) -> set[str]:
    return {machine for figure in figures for _, machine in spots(figure)}


def _figure_line(
    title: str, name: str, by_place: Mapping[str, Measurement], places: Sequence[str]
) -> Line:
    figures = [*by_place.values()]
    alike = len(_machines(figures)) == 1 and len({it.provenance for it in figures}) == 1
    mean = APART
    if alike:
        value, low, high = t_interval([it.value or 0.0 for it in figures])
        mean = f"{number(value)} [{number(low)}, {number(high)}], {len(figures)} nodes"
    metric = METRICS[name]
    unit = "" if metric.unit == "1" else f", {metric.unit}"
    cells = (_text(by_place.get(place)) for place in places)
    return Line((title, metric.title + unit, *cells, mean))


def _text(figure: Measurement | None) -> str:
    if figure is None or figure.value is None:
        return "n/a"
    text = number(figure.value)
    text += interval_text(figure, number)
    text += "" if figure.valid else " (invalid)"
    return text + (" (simulated)" if figure.provenance == "simulated" else "")


def _ratios(
    over: Mapping[str, Measurement], under: Mapping[str, Measurement]
) -> dict[str, _NodeRatio | str]:
    """Each place's ratio of two models with its interval, or the reason why it has none."""
    return dict(_each_ratio(over, under))


def _each_ratio(
    over: Mapping[str, Measurement], under: Mapping[str, Measurement]
) -> Iterator[tuple[str, _NodeRatio | str]]:
    for place in over:
        if place not in under:
            continue
        match ratio(over[place], under[place]):
            case NoRatio(reason):
                yield place, reason
            case found:
                ends = found.value, found.low, found.high
                machine = next(iter(_machines([over[place]])), "")
                yield place, _NodeRatio(*ends, machine)


def _ratio_line(
    titles: str, name: str, found: Mapping[str, _NodeRatio | str], places: Sequence[str]
) -> Line:
    good = [it for it in found.values() if isinstance(it, _NodeRatio)]
    mean = "n/a"
    if len(good) > 1 and len({it.machine for it in good}) > 1:
        mean = APART
    elif len(good) > 1:
        value, low, high = paired_ratio([it.value for it in good], [1.0] * len(good))
        mean = f"{ratio_text(_NodeRatio(value, low, high))}, {len(good)} nodes"
    cells = []
    for place in places:
        it = found.get(place, "n/a")
        cells.append(ratio_text(it) if isinstance(it, _NodeRatio) else f"n/a: {it}")
    return Line((titles, METRICS[name].title, *cells, mean))
