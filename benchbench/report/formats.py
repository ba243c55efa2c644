"""The files that a run writes: each format declares its own, in one file of this room."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.results.schema import Results

    Format = Callable[[Results], Mapping[str, str]]

__all__ = ["formats", "report_format"]

ROOM = "benchbench.report"

_declared: dict[str, Format] = {}


def report_format(function: Format) -> Format:
    """Declare a format: a function of the results alone.

    Args:
        function: Gives the text of each file by its name, relative to the run's folder.
    """
    _declared[function.__module__] = function
    return function


@cache
def formats() -> Sequence[Format]:
    """Every format, in the order of the names of their files; they are read at the first call."""
    room = importlib.import_module(ROOM)
    for found in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{ROOM}.{found.name}")
    return [_declared[name] for name in sorted(_declared)]
