"""Who wins under which formula: modelled joules, a line a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.place import any_apart
from benchbench.metrics.registry import METRICS
from benchbench.report.best import intervals_apart
from benchbench.report.charts.base import (
    WIDTH,
    Illustration,
    Panel,
    Scale,
    axis_across,
    drawing,
    finite,
    shape,
    short,
    titled,
    words,
)
from benchbench.report.format import model_title, si
from benchbench.report.modelled import charges_for_computing, flips
from benchbench.results.other_data import other_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.results.schema import Results

__all__ = ["formula_charts"]

WIDE = WIDTH * 2
ROW, LEFT, RIGHT = 26, 210, 220
# In place of a winner:
SAME, ELSEWHERE, ON_OTHER_DATA = "the same", "of machines that differ", "on data that differ"
UNRESOLVED = "not resolved"
NOBODY = {SAME, ELSEWHERE, ON_OTHER_DATA, UNRESOLVED}
SERIES = 6  # models that have a mark of their own
ENOUGH = 2  # of one model there is no winner


def formula_charts(results: Results) -> Illustration | None:
    """Modelled energy of each model under each formula, the winner named."""
    titles = {cell.model: model_title(results, cell) for cell in results.cells}
    rows = {name: found for name in METRICS if len(found := _joules(name, results)) >= ENOUGH}
    if not rows:
        return None
    models = [model for model in titles if any(model in found for found in rows.values())]
    every = [value for found in rows.values() for value in found.values()]
    legend = min(len(models), SERIES)
    top = 14.0 + 18 * ((legend + 1) // 2)
    bottom = top + ROW * len(rows)
    scale = Scale(min(every) / 1.5, max(every) * 1.5, LEFT, WIDE - RIGHT, log=True)
    parts = [words(WIDE - RIGHT + 12, top - 2, "needs least", kind="soft")]
    for number, model in enumerate(models[:SERIES]):
        x, at = 8 + (WIDE / 2) * (number % 2), 12.0 + 18 * (number // 2)
        parts += [shape(number, x, at - 4), words(x + 12, at, short(titles[model], 48))]
    parts += axis_across(scale, top + 6, bottom + 4, "J")
    winners, among = dict[str, str](), dict[frozenset[str], set[str]]()
    for number, (name, found) in enumerate(rows.items()):
        y = top + ROW * number + 18
        least = min(found, key=found.__getitem__)
        tied = len(set(found.values())) == 1
        figures = {cell.model: it for cell in results.cells if (it := cell.measurements.get(name))}
        having = [cell for cell in results.cells if cell.model in figures]
        other = ON_OTHER_DATA if other_data(name, having) else ""
        far = ELSEWHERE if any_apart([*figures.values()]) else other
        near = any(
            not intervals_apart(figures[least], figures[model]) for model in found if model != least
        )
        sure = not tied and not far and not near
        winners[name] = titles[least] if sure else far or (SAME if tied else UNRESOLVED)
        if sure and charges_for_computing(name):
            among.setdefault(frozenset(found), set()).add(least)
        parts += [words(LEFT - 10, y + 4, short(_name(name), 32), anchor="end")]
        parts += [
            titled(
                f"{_name(name)}: {titles[model]} {si(joules, 'J')} per inference, modelled",
                _mark(
                    models.index(model),
                    scale.at(joules),
                    y,
                    wins=model == least and sure,
                ),
            )
            for model, joules in found.items()
        ]
        parts += [words(WIDE - RIGHT + 12, y + 4, short(winners[name], 28))]
    says = "; ".join(
        f"{_name(name)}: {who}" + ("" if who in NOBODY else " needs least")
        for name, who in winners.items()
    )
    return Illustration(
        "Who wins under which formula",
        (
            Panel(
                "Joules per inference, modelled, not measured",
                drawing(bottom + 24, says, parts, WIDE),
            ),
        ),
        (
            "the mark of the model that needs least is filled; none of the formulas is the truth",
            _told(among),
            *(
                [f"the other {len(models) - SERIES} models are dots"]
                if len(models) > SERIES
                else []
            ),
        ),
    )


def _told(among: Mapping[frozenset[str], set[str]]) -> str:
    """Whether the winner flips under formulas that charge for computing."""
    if flips(among):
        return "the winner flips with the formula: none of them alone decides"
    if not among:
        return "under none of them it is resolved who needs least"
    if len(set[str]().union(*among.values())) > 1:
        return "who needs least depends on which of the models a formula has a figure of"
    return "the same one needs least under each that charges for computing and resolves it"


def _mark(number: int, x: float, y: float, *, wins: bool) -> str:
    """A model's mark: filled where it needs least; a dot where there are more models than marks."""
    if number < SERIES:
        return shape(number, x, y, hollow=not wins)
    return f'<circle class="other" cx="{x:g}" cy="{y:g}" r="{5 if wins else 2.5}"/>'


def _joules(name: str, results: Results) -> Mapping[str, float]:
    """Joules under a formula, by model; none where the figure is not a formula's energy."""
    metric = METRICS[name]
    if not metric.source or metric.unit != "J":
        return {}
    found = ((cell.model, cell.measurements.get(name)) for cell in results.cells)
    return {model: it.value for model, it in found if it and it.value and finite(it.value)}


def _name(figure: str) -> str:
    title = METRICS[figure].title
    return title.partition(": ")[2] or title
