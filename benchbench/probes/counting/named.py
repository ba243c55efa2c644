"""The first of many names, and how many more there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["first_of"]


def first_of(names: Sequence[str], most: int = 5) -> str:
    """``a, b and 3 more``: a deep network has dozens of layers.

    Args:
        names: Names, in the order of the network.
        most: How many of them are told.
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
