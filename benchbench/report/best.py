"""Which figure of a row is the best, for sure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.place import any_apart
from benchbench.metrics.ratio import NoRatio, ratio
from benchbench.metrics.registry import METRICS
from benchbench.report.absent import is_unknown
from benchbench.results.other_data import other_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import CellResult, Results

__all__ = ["best_of", "intervals_apart", "sure_best"]


def sure_best(results: Results, metric: str, cells: Sequence[CellResult | None]) -> int | None:
    """Which of several models is the best by a figure for sure.

    Args:
        results: The run.
        metric: Name of the figure.
        cells: The models; None for one that was left out.

    Returns:
        Index of the best as `best_of` has it; None where they were measured on different data too,
        and where a model that went well was not asked for it: it may be the better one.
    """
    figures = [cell.measurements.get(metric) if cell else None for cell in cells]
    having = [cell for cell, it in zip(cells, figures, strict=True) if cell and it]
    unknown = any(cell and is_unknown(metric, cell, results) for cell in cells)
    return None if unknown or other_data(metric, having) else best_of(figures)


def best_of(figures: Sequence[Measurement | None]) -> int | None:
    """Which of a row's figures is the best for sure.

    Args:
        figures: One figure of several models.

    Returns:
        Index of the best by the figure's own direction; None where fewer than two are valid, where
        two are equal, where the next one is not apart by more than chance, or where they are of
        nodes or machines that are not set against each other.
    """
    usable = [(i, it) for i, it in enumerate(figures) if it and it.valid and it.value is not None]
    if len(usable) < 2 or not METRICS[usable[0][1].name].ranked:
        return None
    higher = METRICS[usable[0][1].name].better == "higher"
    ordered = sorted(usable, key=lambda it: it[1].value or 0.0, reverse=higher)
    (index, best), (_, second) = ordered[:2]
    if any_apart([it for _, it in usable]):
        return None
    if best.provenance != second.provenance or not _apart(best, second):
        return None
    return index


def _apart(best: Measurement, second: Measurement) -> bool:
    if best.value == second.value:
        return False
    if METRICS[best.name].rests_on == "machine":
        match ratio(best, second):
            case NoRatio():
                return False
            case found:
                return found.low is not None and not found.low <= 1 <= (found.high or 0.0)
    return intervals_apart(best, second)


def intervals_apart(one: Measurement, other: Measurement) -> bool:
    """Whether two figures that no machine stands behind differ by more than their intervals.

    One without an interval was counted exactly: it is as wide as a point.
    """
    (_, end), (start, _) = sorted(_ends(it) for it in (one, other))
    return end < start


def _ends(figure: Measurement) -> tuple[float, float]:
    value = figure.value or 0.0
    return (
        value if figure.low is None else figure.low,
        value if figure.high is None else figure.high,
    )
