"""Accuracy against what it costs: parameters and modelled energy, the Pareto front ringed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.metrics.place import any_apart
from benchbench.metrics.registry import METRICS
from benchbench.report.charts.base import (
    WIDTH,
    Illustration,
    Panel,
    Scale,
    axis_across,
    axis_up,
    drawing,
    finite,
    polyline,
    short,
    titled,
    words,
)
from benchbench.report.format import model_title, si

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.results.schema import Results

__all__ = ["frontier_charts"]

COSTS = (
    *("params", "macs_effective", "infer_energy", "modelled_compute_fp32", "modelled_memory"),
    "modelled_hierarchy",
)
TOP, HEIGHT, LEFT, RIGHT = 14, 250, 44, 16
NAMED = 6  # models: more have a number, and the caption has their names
DRAWN = 60  # models: of more the front alone has bars and numbers
FEW = 20  # of a front that is that long, spread over it
ENOUGH = 2  # of one model there is no front


@dataclass(frozen=True, slots=True)
class _Spot:
    """A model between its cost and its accuracy, %, with the ends of its interval.

    Attributes:
        title: The model's.
        data: SHA-256 of what it was measured on; empty where that is the run's.
        mark: What stands beside it: its title, or its number.
        cost: What it costs, in the figure's unit.
        accuracy: Accuracy, %.
        low: Lower end of its 95 % interval, %.
        high: Upper end, %.
        simulated: Whether a simulated sensor stands behind the cost.
    """

    title: str
    data: str
    mark: str
    cost: float
    accuracy: float
    low: float
    high: float
    simulated: bool


def frontier_charts(results: Results) -> Illustration | None:
    """Accuracy over each cost that two models have; a suite that draws its own front has it."""
    if any(figure.front for figure in results.suite.figures):
        return None
    found = {name: spots for name in COSTS if len(spots := _spots(name, results)) >= ENOUGH}
    panels = tuple(_panel(name, spots) for name, spots in found.items())
    marked = [it for spots in found.values() for it in _marked(spots, _front(spots))]
    named = {it.mark: it.title for it in marked if it.mark != it.title}
    numbers = "; ".join(f"{number}: {named[number]}" for number in sorted(named, key=int))
    long = any(len(spots) > DRAWN for spots in found.values())
    simulated = any(it.simulated for spots in found.values() for it in spots)
    if not panels:
        return None
    return Illustration(
        "Accuracy against cost",
        panels,
        (
            "ringed and joined: the Pareto front, by the values alone; bars: 95 % intervals",
            *(["SIMULATED sensors stand behind some of the energies"] if simulated else []),
            *([f"numbered: at most {FEW} of a front; small dots: all others"] if long else []),
            *([numbers] if numbers else []),
            *_of_other_data(results),
        ),
    )


def _of_other_data(results: Results) -> list[str]:
    if len(results.all_data) == 1:
        return []
    return ["a front for each data set: accuracies on different data are not comparable"]


def _spots(name: str, results: Results) -> list[_Spot]:
    spots: list[_Spot] = []
    for figure in (name, "accuracy"):  # those of machines that differ have no front in common
        of_all = [it for cell in results.cells if (it := cell.measurements.get(figure))]
        if of_all and any_apart(of_all):
            return spots
    for number, cell in enumerate(results.cells, 1):
        cost, share = cell.measurements.get(name), cell.measurements.get("accuracy")
        if cost is None or share is None or not cost.valid or not share.valid:
            continue
        if share.value is None or not cost.value or cost.value < 0 or not finite(cost.value):
            continue
        low, high = (share.value if it is None else it for it in (share.low, share.high))
        simulated = cost.provenance == "simulated"
        title = model_title(results, cell)
        mark = title if len(results.cells) <= NAMED else str(number)
        ends = 100 * low, 100 * high
        spots.append(_Spot(title, cell.data, mark, cost.value, 100 * share.value, *ends, simulated))
    return spots


def _panel(name: str, spots: Sequence[_Spot]) -> Panel:
    metric = METRICS[name]
    costs = [it.cost for it in spots]
    low, high = min(it.low for it in spots), max(it.high for it in spots)
    room = (high - low) * 0.08 or 1.0
    across = Scale(min(costs) / 1.6, max(costs) * 1.6, LEFT, WIDTH - RIGHT, log=True)
    up = Scale(low - room, high + room, TOP + HEIGHT, TOP)
    front = _front(spots)
    unit = "" if metric.unit == "1" else metric.unit
    parts = [*axis_across(across, TOP, TOP + HEIGHT, unit), *axis_up(up, LEFT, WIDTH - RIGHT)]
    parts += [
        polyline([(across.at(it.cost), up.at(it.accuracy)) for it in one], "line dashed")
        for one in _fronts(spots)
    ]
    if len(spots) > DRAWN:  # a dot each would be most of the page
        places = "".join(f"M{across.at(it.cost)} {up.at(it.accuracy)}h0" for it in spots)
        parts.append(f'<path class="dust" d="{places}"/>')
        if any(it.simulated for it in spots):
            parts.append(words(LEFT + 4, TOP + 12, "SIMULATED sensor behind some dots"))
    ringed = {*front}
    for it in _marked(spots, front):
        x, y = across.at(it.cost), up.at(it.accuracy)
        label = f"{it.title} (simulated)" if it.simulated else it.title
        says = f"{label}: {it.accuracy:.2f} % [{it.low:.2f}, {it.high:.2f}], {si(it.cost, unit)}"
        ends = up.at(it.low), up.at(it.high)
        marks = [
            f'<line class="bar" x1="{x}" x2="{x}" y1="{ends[0]}" y2="{ends[1]}"/>',
            f'<circle class="s0" cx="{x}" cy="{y}" r="4"/>',
        ]
        if it in ringed:
            marks.append(f'<circle class="ring" cx="{x}" cy="{y}" r="8"/>')
        right = x > (LEFT + WIDTH) / 2
        at = x - 11 if right else x + 11
        beside = f"{it.mark} (simulated)" if it.simulated else it.mark
        marks.append(words(at, y - 6, short(beside), anchor="end" if right else "start"))
        parts.append(titled(says, *marks))
    title = f"Accuracy, %, over {metric.title[:1].lower()}{metric.title[1:]} ({metric.method})"
    says = f"{title}; on the Pareto front: {', '.join(it.title for it in front)}"
    return Panel(title, drawing(TOP + HEIGHT + 22, says, parts))


def _marked(spots: Sequence[_Spot], front: Sequence[_Spot]) -> Sequence[_Spot]:
    """Those that have a mark of their own: all, or of very many the front, thinned where long."""
    if len(spots) <= DRAWN:
        return spots
    step = -(-len(front) // FEW)
    return front[::step]


def _front(spots: Sequence[_Spot]) -> list[_Spot]:
    """Those on the fronts of all data sets."""
    return [it for one in _fronts(spots) for it in one]


def _fronts(spots: Sequence[_Spot]) -> list[list[_Spot]]:
    """A front for each data set that models were measured on."""
    sets = dict.fromkeys(it.data for it in spots)
    return [_front_of([it for it in spots if it.data == data]) for data in sets]


def _front_of(spots: Sequence[_Spot]) -> list[_Spot]:
    """Those that no other model beats in accuracy at the same cost or less, the cheapest first."""
    front: list[_Spot] = []
    for it in sorted(spots, key=lambda it: (it.cost, -it.accuracy)):
        last = front[-1] if front else None
        as_good = last is not None and (it.cost, it.accuracy) == (last.cost, last.accuracy)
        if last is None or it.accuracy > last.accuracy or as_good:
            front.append(it)
    return front
