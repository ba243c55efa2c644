"""Examples of docstrings as blocks of code: a line that begins with ``>>>`` is no quotation."""

from __future__ import annotations

import re

import griffe

__all__ = ["Doctests", "fenced"]

EXAMPLE = re.compile(r"^>>> .*(?:\n.*\S.*)*", re.MULTILINE)  # up to the next empty line


def fenced(text: str) -> str:
    """The text with each of its examples in a fence."""
    return EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", text)


class Doctests(griffe.Extension):
    """What mkdocstrings reads of a docstring has fences."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """One class or function was read; called by griffe."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
