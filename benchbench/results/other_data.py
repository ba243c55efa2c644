"""Which figures of models that were measured on different data are set against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.metrics.ratio import NoRatio, Ratio, ratio
from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchbench.results.schema import CellResult

__all__ = ["model_ratio", "other_data"]

OTHER_DATA = "they were measured on different data"


def other_data(metric: str, cells: Iterable[CellResult]) -> str:
    """Why no model is the best by a figure, where they were measured on different data.

    Args:
        metric: Name of the figure. One that rests on the model alone may always be compared.
        cells: The models.

    Returns:
        The reason; empty where they may be.
    """
    declared = METRICS.get(metric)
    if declared is not None and declared.rests_on == "model":
        return ""
    return OTHER_DATA if len({cell.data for cell in cells}) > 1 else ""


def model_ratio(
    metric: str, over: CellResult, under: CellResult, names: tuple[str, str]
) -> Ratio | NoRatio:
    """One model's figure over another's.

    Time and energy a sample of one data set over those of another are a ratio that says so: the
    same recordings may be there as events and as frames. What rests on the data has none.

    Args:
        metric: Name of the figure.
        over: The numerator's model.
        under: The denominator's.
        names: What the two are called in a reason.
    """
    found = ratio(over.measurements.get(metric), under.measurements.get(metric), names=names)
    why = other_data(metric, (over, under))
    if not why or isinstance(found, NoRatio):
        return found
    declared = METRICS.get(metric)
    if declared is None or declared.rests_on != "machine":
        return NoRatio(why)
    return replace(found, reason="; ".join(filter(None, (found.reason, why))))
