"""Every selector that there is: each sensor's file declares its own, and no other file names it.

A sensor is one file in `benchbench.meters`: a `Meter`, and under ``@meter`` the function that opens
it. The files are found by walking the room at the first question, so a sensor imports what is heavy
(a driver's library) only when it is opened. Whoever else calls ``@meter`` is served as well, at any
time.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeVar

from benchbench import extensions
from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchbench.meters.base import Meter

__all__ = [
    "Processor",
    "Registration",
    "Request",
    "expected",
    "find",
    "is_selector",
    "meter",
    "registrations",
]

ROOM = "benchbench.meters"
LAST = 100  # place of a sensor that does not say where it stands

Processor = Literal["cpu", "gpu"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a run asks for.

    Attributes:
        selector: Selector as the suite spells it: ``auto``, ``rapl``, ``nvml:1``.
        device: Compute device as torch spells it: ``cpu``, ``cuda``, ``cuda:1``.
        uuid: UUID of the compute device as NVML spells it; None on a CPU, or where it is unknown.
    """

    selector: str
    device: str
    uuid: str | None

    @property
    def choice(self) -> str:
        """What stands after the colon; empty where nothing does, as for ``auto``."""
        return self.selector.partition(":")[2]

    @property
    def processor(self) -> Processor:
        """What kind of device computes."""
        return "gpu" if self.device.startswith("cuda") else "cpu"


F = TypeVar("F", bound="Callable[[Request], Meter]")


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A meter that can be chosen.

    Attributes:
        forms: Spellings of its selectors for people: ``jetson`` and ``jetson:<rail>``.
        open: Function that opens it; raises MeterError with the reason where it cannot.
        place: Place in the list of selectors; those of one place stand in alphabetical order.
        automatic: Rank among the sensors that ``auto`` tries, by what computes; none where ``auto``
            never tries it.
        there: Function that tells, by anything true, whether this machine has it; ``auto`` passes
            over it where not.
        hint: Advice where ``auto`` finds no sensor of what computes, and this one is there.
        foreign: Whether it is from outside.
    """

    forms: tuple[str, ...]
    open: Callable[[Request], Meter]
    place: int
    automatic: Mapping[Processor, int]
    there: Callable[[], object]
    hint: str
    foreign: bool = False


_Shape = tuple[str, str, bool]  # the word before the colon, the colon, whether something follows
_declared: dict[_Shape, Registration] = {}


def meter(
    *forms: str,
    place: int = LAST,
    automatic: Mapping[Processor, int] | None = None,
    there: Callable[[], object] = lambda: True,
    hint: str = "",
) -> Callable[[F], F]:
    """Declare the function that opens a sensor; it stays as it is.

    The forms say what may be written: ``jetson`` alone forbids a choice after the colon,
    ``jetson:<rail>`` alone requires one, and both together leave it open.

    Args:
        forms: Spellings of its selectors, as an error message lists them.
        place: Place in that list.
        automatic: Rank among the sensors that ``auto`` tries for a ``cpu`` or a ``gpu``.
        there: Function that tells whether this machine has it; one that only says why it is
            missing when it is opened counts as there.
        hint: Advice where ``auto`` finds no sensor of what computes, and this one is there.

    Raises:
        MeterError: Another function opens one of these selectors already.
    """

    def register(function: F) -> F:
        for form in forms:
            known = _declared.get(_shape(form))
            if known is not None and _source(known.open) != _source(function):
                raise MeterError(
                    f"meter {form!r} of {_source(function)} is registered already by "
                    f"{_source(known.open)}: rename one of the two"
                )
        foreign = extensions.note("meter", ", ".join(forms), function.__module__)
        made = Registration(forms, function, place, automatic or {}, there, hint, foreign)
        _declared.update((_shape(form), made) for form in forms)
        return function

    return register


def registrations() -> list[Registration]:
    """Every meter, in the order in which lists show them."""
    _read()
    return sorted(set(_declared.values()), key=lambda made: (made.place, made.forms))


def find(selector: str) -> Registration | None:
    """The meter that a selector chooses; None where it chooses none."""
    _read()
    return _declared.get(_shape(selector))


def is_selector(selector: str) -> bool:
    """Whether `benchbench.meters.open_meter` knows it; the sensor itself may still be missing."""
    return find(selector) is not None


def expected() -> str:
    """Every selector as an error message lists them: ``auto, none, ... or nvml:<...>``."""
    *forms, last = (form for made in registrations() for form in made.forms)
    return f"{', '.join(forms)} or {last}"


def _read() -> None:
    """Ours first, so that a clash is the stranger's; then what packages offer."""
    _walk()
    extensions.load_installed("meter")


@cache
def _walk() -> None:
    for found in pkgutil.iter_modules(importlib.import_module(ROOM).__path__):
        importlib.import_module(f"{ROOM}.{found.name}")


def _shape(selector: str) -> _Shape:
    kind, colon, choice = selector.partition(":")
    return kind, colon, bool(choice)


def _source(function: Callable[[Request], Meter]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
