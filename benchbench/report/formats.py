"""The files that a run writes: each format declares its own, in one file of this room."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from benchbench import extensions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.results.schema import Results

    Format = Callable[[Results], Mapping[str, str]]

__all__ = ["formats", "is_foreign", "report_format"]

ROOM = "benchbench.report"

_declared: dict[str, Format] = {}


def report_format(function: Format) -> Format:
    """Declare a format: a function of the results alone.

    Args:
        function: Gives the text of each file by its name, relative to the run's folder.
    """
    foreign = extensions.note("report format", function.__name__, function.__module__)
    name = f"{function.__module__}:{function.__name__}" if foreign else function.__module__
    _declared[name] = function
    return function


def formats() -> Sequence[Format]:
    """Every format, ours in the order of the names of their files, then those from outside."""
    _walk()
    extensions.load_installed("report format")
    return [_declared[name] for name in sorted(_declared, key=lambda name: (":" in name, name))]


def is_foreign(made: Format) -> bool:
    """Whether a format is from outside: what it raises then costs its own files alone."""
    return extensions.origin(made.__module__) != "benchbench"


@cache
def _walk() -> None:
    room = importlib.import_module(ROOM)
    for found in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{ROOM}.{found.name}")
