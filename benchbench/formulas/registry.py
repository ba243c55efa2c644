"""Formulas from outside: joules of one inference from the counts of one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench import extensions
from benchbench.metrics.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.formulas.base import Counted

__all__ = ["Formula", "formula", "formulas"]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and the figure that it gives.

    Attributes:
        name: Short name.
        figure: Declaration of the figure, ``modelled_<name>``, joules.
        joules: Function of the counts of one sample.
    """

    name: str
    figure: Figure
    joules: Callable[[Counted], float]


_declared: dict[str, Formula] = {}


def formula(
    name: str, *, title: str, source: str, says: str
) -> Callable[[Callable[[Counted], float]], Callable[[Counted], float]]:
    """Declare a formula; it becomes the figure ``modelled_<name>`` in every run.

    Args:
        name: Short name.
        title: What it is called in tables.
        source: Where its costs are from.
        says: What it charges, in one sentence.
    """
    figure = Figure(
        f"modelled_{name}",
        f"Modelled energy: {title}",
        "J",
        "modelled",
        f"per inference, no sensor: {says}",
        place=708,
        source=source,
    )

    def register(function: Callable[[Counted], float]) -> Callable[[Counted], float]:
        extensions.note("formula", name, function.__module__)
        _declared[name] = Formula(name, figure, function)
        return function

    return register


def formulas() -> Sequence[Formula]:
    """Every formula that was declared, by name."""
    extensions.load_installed("formula")
    return [_declared[name] for name in sorted(_declared)]
