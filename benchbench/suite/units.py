"""In which unit a table's row or a figure's axis shows its metric, and by which factor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS
from benchbench.metrics.units import factor

if TYPE_CHECKING:
    from benchbench.suite.tables import Axis, Row

__all__ = ["shown_in", "unit_fault"]


def shown_in(asked: Row | Axis) -> tuple[float, str]:
    """Factor from the metric's SI unit, and the unit to print; empty where there is none.

    A unit that nothing is known of, which only a figure from outside can have after the suite was
    checked, is not printed: the figure stands in its own.
    """
    own = METRICS[asked.metric].unit
    if asked.scale is not None or not asked.unit:
        scale, unit = (1.0 if asked.scale is None else asked.scale), asked.unit or own
    else:
        found = factor(own, asked.unit)
        scale, unit = (1.0, own) if found is None else (found, asked.unit)
    return scale, "" if unit == "1" else unit


def unit_fault(own: str, unit: str, scale: float | None) -> tuple[str, str] | None:
    """Which key of a row or an axis would print a figure under a wrong unit, and why.

    Args:
        own: The metric's SI unit.
        unit: Unit that is asked for; empty where none is.
        scale: Factor that is given; None where it follows from the unit.
    """
    known = factor(own, unit) if unit else None
    if scale is None:
        if not unit or known is not None:
            return None
        return "unit", f"{unit!r} is not known as {_words(own)}: give `scale`, the factor to it"
    if unit and known is not None and not math.isclose(scale, known, rel_tol=1e-9):
        why = f"expected {known:g}, the factor from {_words(own)} to {unit!r}, found {scale:g}"
        return "scale", f"{why}; leave it out and it follows"
    if not unit and own != "1" and scale != 1:
        return "scale", f"{scale:g} times a figure in {own} needs the `unit` that it is then in"
    return None


def _words(own: str) -> str:
    return "a unit of shares and counts" if own == "1" else f"a unit of {own}"
