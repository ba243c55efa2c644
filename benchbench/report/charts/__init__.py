"""Drawings of a run for the HTML page: inline SVG in the page's own colours, dark and light.

Each drawing is a function of the results in a file of its own. What is left out is told below it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.display.text import all_neutral
from benchbench.report.charts.confusion import confusion_charts
from benchbench.report.charts.curves import curve_charts
from benchbench.report.charts.formulas import formula_charts
from benchbench.report.charts.frontier import frontier_charts
from benchbench.report.charts.layers import layer_charts
from benchbench.report.charts.power import power_charts
from benchbench.report.charts.repeats import repeat_charts
from benchbench.report.many import in_detail, some_of_all

if TYPE_CHECKING:
    from benchbench.report.charts.base import Illustration
    from benchbench.results.schema import Results

__all__ = ["charts"]

IN_DETAIL = (
    repeat_charts,
    power_charts,
    formula_charts,
    layer_charts,
    curve_charts,
    confusion_charts,
)


def charts(results: Results) -> tuple[Illustration, ...]:
    """The drawings of a run, in the order of the page; those with nothing to draw are left out."""
    few = in_detail(results)
    which = some_of_all(few, results)
    made = [make(few) for make in IN_DETAIL]
    if which:
        made = [it and replace(it, caption=(f"drawn: {which}", *it.caption)) for it in made]
    return all_neutral(tuple(it for it in (frontier_charts(results), *made) if it is not None))
