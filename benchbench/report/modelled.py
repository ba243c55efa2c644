"""Modelled energy: every formula, how far they are apart, who wins under each, and thresholds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchbench.formulas.registry import own
from benchbench.formulas.thresholds import PUBLISHED
from benchbench.metrics.place import any_apart
from benchbench.metrics.registry import METRICS
from benchbench.report.best import intervals_apart
from benchbench.report.format import Grid, Line, model_title, number
from benchbench.results.other_data import other_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.formulas.registry import Basis
    from benchbench.formulas.thresholds import Published
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import CellResult, Results

__all__ = ["charges_for_computing", "flips", "modelled", "thresholds"]

SAME, UNRESOLVED = "the same", "not resolved"  # in place of a winner
MANY = 4  # models; of more the console leaves the break-evens out


def modelled(results: Results) -> list[Grid]:
    """Joules by formula, one line an energy model, who is cheapest under each, and their spread."""
    lines, winners = [], dict[frozenset[str], set[str]]()  # of those that were set side by side
    apart: dict[str, dict[str, float]] = {cell.model: {} for cell in results.cells}
    for name, metric in METRICS.items():
        figures = _figures(name, results) if metric.source else {}
        if not figures:
            continue
        having = [cell for cell in results.cells if cell.model in figures]
        far = any_apart([*figures.values()]) or other_data(name, having)
        near = len(figures) > 1 and not far
        winner = _least(figures, results) if near else ""
        if winner not in {"", SAME, UNRESOLVED} and charges_for_computing(name):
            winners.setdefault(frozenset(figures), set()).add(winner)
        lines.append(_line(name, figures, winner, results))
        if charges_for_computing(name):
            for model, figure in figures.items():
                apart[model][_name(name)] = figure.value or 0.0
    if not lines:
        return []
    spreads = [_spread(apart[cell.model]) for cell in results.cells]
    if any(spreads):
        text = "of those that charge for computing; no average of them means anything"
        lines.append(Line(("largest over smallest", *spreads, "", "", "", "", text)))
    titles = [model_title(results, cell) + _steps(cell) for cell in results.cells]
    title = "Energy by formula, mJ per inference: modelled, not measured"
    if flips(winners):
        title += ". The winner flips with the model: none of them alone decides"
    header = ("", *titles, "least", "charges for", "costs of", "sees of the mult-adds", "source")
    return [Grid(title, header, tuple(lines), text_columns=5)]


def flips(winners: Mapping[frozenset[str], set[str]]) -> bool:
    """Whether formulas that charge for computing name several winners among the same models.

    Args:
        winners: Who needs least for sure, by the models that were set side by side.
    """
    return any(len(of_these) > 1 for of_these in winners.values())


def _line(name: str, figures: Mapping[str, Measurement], winner: str, results: Results) -> Line:
    of = _bases().get(name)
    cells = [
        _millijoules(figures[cell.model]) if cell.model in figures else "n/a"
        for cell in results.cells
    ]
    seen = min(figure.detail.get("coverage", 1.0) for figure in figures.values())
    inside = ", ".join(of.inside) if of else ""
    costs = ", ".join(text for text in (of.technology, of.precision) if text) if of else ""
    changed = _changed(figures, of.parameters if of else {})
    source = METRICS[name].source + (f"; {changed}" if changed else "")
    return Line((_name(name), *cells, winner, inside, costs, f"{100 * seen:.1f} %", source))


def charges_for_computing(name: str) -> bool:
    """Whether a formula's figure may be set beside others; one of movement alone may not."""
    of = _bases().get(name)
    return not of or "compute" in of.inside


def _bases() -> dict[str, Basis]:
    return {it.figure.name: it.basis for it in own()}


def thresholds(results: Results) -> list[Grid]:
    """For each spiking model: where it lies against each break-even, and what it would need."""
    grids, many = [], len(results.cells) > MANY
    for cell in results.cells:
        lines = [*_published_lines(cell), *_formula_lines(cell)]
        if lines:
            title = (
                f"Where {model_title(results, cell)} lies against break-evens: below one it is "
                "cheaper than the other network, by that source alone"
            )
            header = ("of", "here", "break-even", "verdict", "of what", "source", "valid for")
            grids.append(Grid(title, header, tuple(lines), text_columns=4, detail=many))
    return grids


def _published_lines(cell: CellResult) -> list[Line]:
    lines = []
    for published in PUBLISHED:
        figure = cell.measurements.get(published.figure)
        if figure is None or figure.value is None:
            continue
        limits = dict.fromkeys((published.low, published.high))
        source = published.source + (", second-hand" if published.second_hand else "")
        lines.append(
            Line(
                (
                    METRICS[published.figure].title,
                    number(figure.value),
                    " to ".join(f"{it:g}" for it in limits),
                    _verdict(figure, published, cell),
                    "published",
                    source,
                    published.valid,
                )
            )
        )
    return lines


def _verdict(figure: Measurement, published: Published, cell: CellResult) -> str:
    """Below, above, between; a figure whose interval holds the limit is not resolved."""
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    if low is None or high is None:
        return "n/a"
    if high < published.low:
        word = "below"
    elif low > published.high:
        word = "above"
    elif published.low < low and high < published.high:
        word = "between"
    else:
        word = "not resolved"
    steps = _steps_of(cell)
    if not published.steps or steps in published.steps:
        return word
    return f"{word}; T is not known" if steps is None else f"{word}; outside its range: T = {steps}"


def _formula_lines(cell: CellResult) -> list[Line]:
    """The density of spikes that the network would need under each formula that has one."""
    lines = []
    for name, metric in METRICS.items():
        figure = cell.measurements.get(name)
        if not metric.source or figure is None or figure.detail.get("break_even") is None:
            continue
        needed, found = figure.detail["break_even"], _density(cell)
        if found is None:
            continue
        low, here, high = found
        verdict = "below" if high < needed else "above" if low > needed else UNRESOLVED
        shown = "never" if needed <= 0 else f"{100 * needed:.2f} %"
        lines.append(
            Line(
                (
                    "Density of spikes",
                    f"{100 * here:.2f} %",
                    shown,
                    verdict,
                    _name(name),
                    metric.source,
                    "against its ReLU twin, run once",
                )
            )
        )
    return lines


def _density(cell: CellResult) -> tuple[float, float, float] | None:
    """Share of non-zero inputs of the layers that spikes feed, between the ends of its interval.

    It is the accumulates that spikes triggered, by a number that is the same for every image.
    """
    figure, synops = (
        cell.measurements.get(name) for name in ("break_even_compute", "synops_exact")
    )
    found = figure.detail.get("density") if figure else None
    if found is None:
        return None
    here = float(found)
    if synops is None or not synops.value or synops.low is None or synops.high is None:
        return here, here, here
    return here * synops.low / synops.value, here, here * synops.high / synops.value


def _figures(name: str, results: Results) -> dict[str, Measurement]:
    return {
        cell.model: figure
        for cell in results.cells
        if (figure := cell.measurements.get(name)) and figure.value
    }


def _spread(joules: Mapping[str, float]) -> str:
    """How many times the smallest the largest is, and which they are."""
    if len(joules) < 2:
        return ""
    least, most = min(joules, key=joules.__getitem__), max(joules, key=joules.__getitem__)
    return f"{number(joules[most] / joules[least])} x ({most} : {least})"


def _changed(figures: Mapping[str, Measurement], usual: Mapping[str, float]) -> str:
    """The parameters that a suite has set otherwise than the source, for people."""
    used: dict[str, float] = {}
    for figure in figures.values():
        used |= figure.detail.get("parameters", {})
    return ", ".join(f"{key} = {it:g}" for key, it in used.items() if it != usual.get(key, it))


def _least(figures: Mapping[str, Measurement], results: Results) -> str:
    """The titles of those that need least, or that all need the same, or that it is not resolved.

    It is not where the interval of a further one reaches theirs.
    """
    least = min(figures.values(), key=lambda figure: figure.value or 0.0)
    found = [
        model
        for model, figure in figures.items()
        if math.isclose(figure.value or 0.0, least.value or 0.0)
    ]
    if len(found) == len(figures):
        return SAME
    others = (figure for model, figure in figures.items() if model not in found)
    if not all(intervals_apart(least, other) for other in others):
        return UNRESOLVED
    return ", ".join(results.suite.model(model).title for model in found)


def _name(figure: str) -> str:
    title = METRICS[figure].title
    return title.partition(": ")[2] or title


def _millijoules(figure: Measurement) -> str:
    return number(1e3 * (figure.value or 0.0))


def _steps_of(cell: CellResult) -> int | None:
    """How many time steps the formulas were given; None where the run does not say it."""
    figure = cell.measurements.get("modelled_compute_fp32")
    steps = figure.detail.get("T") if figure else None
    return None if steps is None else int(steps)


def _steps(cell: CellResult) -> str:
    steps = _steps_of(cell)
    return f" [T = {steps}]" if steps and steps > 1 else ""
