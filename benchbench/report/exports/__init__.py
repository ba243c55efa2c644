"""A run in the formats of other tools: what they read, and nothing that was not got."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from benchbench.errors import BenchbenchError
from benchbench.report.exports.base import EXPORTS, export
from benchbench.zoo import hint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.results.schema import Results

__all__ = ["EXPORTS", "export", "exported", "names"]


@cache
def _walk() -> None:
    for found in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{found.name}")


def names() -> dict[str, str]:
    """Every format by name, with what it is for."""
    _walk()
    return {name: EXPORTS[name].says for name in sorted(EXPORTS)}


def exported(results: Results, name: str) -> Mapping[str, str]:
    """A run as the files of another tool.

    Args:
        results: The run.
        name: One of `names`.

    Returns:
        The text of each file by its name; where a tool is written to itself, what was done.

    Raises:
        BenchbenchError: There is no such format, or the run has nothing for it.
    """
    known = names()
    if name not in known:
        raise BenchbenchError(
            f"no export {name!r}{hint(name, known)}; there are {', '.join(known)}"
        )
    return EXPORTS[name].files(results)
