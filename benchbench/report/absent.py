"""Why a figure that nobody measured is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS
from benchbench.report.banner import is_random
from benchbench.running.taken import TAKEN

if TYPE_CHECKING:
    from benchbench.metrics.figure import Figure
    from benchbench.results.schema import CellResult, Results

__all__ = ["NOT_THERE", "is_unknown", "missing", "why_absent"]

NOT_THERE = "the run has none of it: nobody asked for it, or benchbench did not have it yet"


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
    if cell is None or metric in cell.measurements:
        return []
    where = cell.facts.get(TAKEN)
    unknown = f"{where}, which it is taken from, has none of it" if where else NOT_THERE
    return [_own_reason(METRICS[metric], cell, results) or unknown]


def is_unknown(metric: str, cell: CellResult, results: Results) -> bool:
    """Whether a model that went well could have a figure, and nobody knows which.

    Args:
        metric: Name of the figure.
        cell: Cell of the model.
        results: The run.
    """
    if cell.status != "ok" or metric in cell.measurements:
        return False
    return not _own_reason(METRICS[metric], cell, results)


def _own_reason(figure: Figure, cell: CellResult, results: Results) -> str:
    """Why there can be none, by what model, settings and data are; empty where there could."""
    settings, trains = results.suite.settings, figure.phase == "train"
    cases = (
        (
            trains and cell.facts.get("task") == "none",
            "the model has no task (`task: none`): no step of it is trained",
        ),
        (
            trains and str(cell.facts.get("backend", "")).startswith("events"),
            "`backend: events` runs inference alone",
        ),
        (
            figure.phase and figure.phase not in settings.phases,
            f"the settings' phases are {', '.join(settings.phases) or 'none'}",
        ),
        (
            figure.rests_on == "data" and is_random(results.data_of(cell)["name"]),
            "the input is random numbers: nothing is counted that rests on data",
        ),
        (figure.otherwise, figure.otherwise),
        (
            figure.method in {"timed", "metered"} and not settings.repeats,
            "nothing was timed (`repeats: 0`)",
        ),
    )
    return next((text for holds, text in cases if holds), "")
