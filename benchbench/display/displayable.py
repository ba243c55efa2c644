"""What shows itself in a notebook and on a console, by what the reports are made with.

Results, comparisons and counts are plain data and know no report. A report declares for which of
them it makes the page, and a form of report for which protocol it draws one; both are found by
walking the room of the reports at the first display.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Displayable", "draws", "pages_of"]

ROOM = "benchbench.report"

Function = TypeVar("Function", bound="Callable[..., Any]")

_pages: dict[str, Callable[[Any], Any]] = {}
_forms: dict[str, Callable[[Any], Any]] = {}


class Displayable:
    """A base of what shows itself: the tables are those of the command line and the reports."""

    __slots__ = ()

    def __repr__(self) -> str:
        """One line, whatever is in it."""
        return f"<{type(self).__name__} {self._line()}>"

    def _repr_html_(self) -> str:
        """A fragment of HTML, for Jupyter and its like."""
        return str(self._drawn("html"))

    def __rich__(self) -> Any:  # noqa: ANN401 - whatever Rich can print
        """The tables that the command line prints, for `rich.print`."""
        return self._drawn("rich")

    def _line(self) -> str:
        """What stands in the `repr`, names by `ascii`, so that it is one line and neutral."""
        raise NotImplementedError

    def _drawn(self, form: str) -> Any:  # noqa: ANN401 - of the form
        _read()
        page = next(_pages[kind.__name__] for kind in type(self).__mro__ if kind.__name__ in _pages)
        return _forms[form](page(self))


def pages_of(kind: str) -> Callable[[Function], Function]:
    """Declare the function that makes the page of a kind of result.

    Args:
        kind: The name of the class, which stands once in the package. Not the class itself: a
            report of sensors must not import every sensor for the sake of being found.
    """

    def register(function: Function) -> Function:
        _pages[kind] = function
        return function

    return register


def draws(form: str) -> Callable[[Function], Function]:
    """Declare the function that draws a page.

    Args:
        form: What is asked for: ``html`` or ``rich``.
    """

    def register(function: Function) -> Function:
        _forms[form] = function
        return function

    return register


@cache
def _read() -> None:
    """Import every file of the room once, so that all have declared what they have."""
    room = importlib.import_module(ROOM)
    for found in pkgutil.iter_modules(room.__path__):
        importlib.import_module(f"{ROOM}.{found.name}")
