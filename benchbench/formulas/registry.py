"""Every formula of energy: ours, one file each, and those from outside."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from benchbench import extensions
from benchbench.metrics.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.formulas.base import Part

__all__ = ["Basis", "Formula", "Kind", "formula", "formulas", "own"]

ROOM = "benchbench.formulas"
OUTSIDE = 720  # where formulas from outside stand in lists

Kind = Literal["counts", "watched", "layers"]
Function = TypeVar("Function", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class Basis:
    """What a formula rests on, and what it charges for.

    Attributes:
        technology: Circuits that its costs are of; empty where its source does not say.
        precision: Numbers that they are of.
        inside: What it charges for; what is not named costs nothing in it.
        parameters: Its parameters by name, with the source's values; a suite may set them
            (``formulas:``).
        kind: ``counts`` takes the counts of one sample and its parameters; ``watched`` is a context
            around one inference of a model that yields what gives its joules; ``layers`` takes a
            model's layers with what each was given, and its parameters.
        on_demand: Whether it is asked only where a suite's ``formulas:`` names it, since it takes
            long.
        neurons: SpikingJelly's classes of neurons whose states cost something in it, where it looks
            for those; empty where it looks for none.
    """

    technology: str = ""
    precision: str = ""
    inside: tuple[Part, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    kind: Kind = "counts"
    on_demand: bool = False
    neurons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula and the figure that it gives.

    Attributes:
        name: Short name.
        figure: Declaration of the figure, ``modelled_<name>``, joules.
        joules: The function, of the basis' kind; of ``counts`` and ``layers`` it returns joules.
        basis: What it rests on.
    """

    name: str
    figure: Figure
    joules: Callable[..., Any]
    basis: Basis

    def values(self, given: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
        """Its parameters, those that a suite has set in place of the source's."""
        return {**self.basis.parameters, **given.get(self.name, {})}

    def is_asked(self, given: Mapping[str, Mapping[str, float]]) -> bool:
        """Whether it is asked in a run whose suite has these ``formulas:``."""
        return not self.basis.on_demand or self.name in given


_own: dict[str, Formula] = {}
_foreign: dict[str, Formula] = {}


def formula(
    name: str,
    *,
    title: str,
    source: str,
    says: str,
    basis: Basis | None = None,
    place: int = OUTSIDE,
) -> Callable[[Function], Function]:
    """Declare a formula; it becomes the figure ``modelled_<name>`` in every run.

    The function takes a `benchbench.formulas.base.Counted` and, by their names, its parameters; it
    returns joules.

    Args:
        name: Short name.
        title: What it is called in tables.
        source: Where its costs are from.
        says: What it charges, in one sentence.
        basis: What it rests on.
        place: Where it stands in lists.
    """
    rests = basis or Basis()
    of = ", ".join(text for text in (rests.technology, rests.precision) if text)
    figure = Figure(
        f"modelled_{name}",
        f"Modelled energy: {title}",
        "J",
        "modelled",
        f"per inference, no sensor: {says}{f' ({of})' if of else ''}",
        place=place,
        source=source,
        otherwise="`formulas:` of the suite does not ask for it" if rests.on_demand else "",
    )

    def register(function: Function) -> Function:
        foreign = extensions.note("formula", name, function.__module__)
        (_foreign if foreign else _own)[name] = Formula(name, figure, function, rests)
        return function

    return register


@cache
def _walk() -> None:
    room = importlib.import_module(ROOM)
    for found in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{ROOM}.{found.name}")


def own() -> Sequence[Formula]:
    """Our own formulas, in their places."""
    _walk()
    return sorted(_own.values(), key=lambda it: (it.figure.place, it.name))


def formulas() -> Sequence[Formula]:
    """Every formula from outside, by name."""
    extensions.load_installed("formula")
    return [_foreign[name] for name in sorted(_foreign)]
