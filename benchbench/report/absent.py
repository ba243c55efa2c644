"""Why a figure that nobody measured is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS
from benchbench.report.banner import is_random

if TYPE_CHECKING:
    from benchbench.results.schema import CellResult, Results

__all__ = ["missing", "why_absent"]


def missing(metric: str, cell: CellResult | None, results: Results) -> tuple[str, list[str]]:
    """What stands in place of a figure that nobody measured, and why.

    Args:
        metric: Name of the figure.
        cell: Cell of a model; None where nothing of it was kept.
        results: The run.
    """
    if cell and cell.status != "ok":
        return cell.status, []
    return "n/a", why_absent(metric, cell, results)


def why_absent(metric: str, cell: CellResult | None, results: Results) -> list[str]:
    """Why nobody measured a figure of a cell that went well.

    Args:
        metric: Name of the figure.
        cell: Cell of a model; None where nothing of it was kept.
        results: The run.
    """
    figure = METRICS[metric]
    if cell is None or metric in cell.measurements:
        return []
    if figure.phase == "train" and cell.facts.get("task") == "none":
        return ["the model has no task (`task: none`): no step of it is trained"]
    if figure.phase == "train" and str(cell.facts.get("backend", "")).startswith("events"):
        return ["`backend: events` runs inference alone"]
    phases = results.suite.settings.phases
    if figure.phase and figure.phase not in phases:
        return [f"the settings' phases are {', '.join(phases) or 'none'}"]
    if figure.rests_on == "data" and is_random(results.data_of(cell)["name"]):
        return ["the input is random numbers: nothing is counted that rests on data"]
    return [figure.otherwise] if figure.otherwise else []
