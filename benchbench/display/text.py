"""Text of anybody's that is shown: what would steer a terminal or a page does nothing in it."""

from __future__ import annotations

import codecs
import re
import reprlib
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ASCII", "all_neutral", "first_of", "in_ascii", "mapped", "neutral", "shown"]

T = TypeVar("T")

# Control characters but line feed and tab; marks that turn the direction of text or end a line
# unseen; halves of surrogate pairs, which no file in UTF-8 can hold.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_PLAIN = {
    "±": "+/-",
    "×": "x",  # noqa: RUF001 - as below
    "µ": "u",
    "μ": "u",
    "–": "-",  # noqa: RUF001 - it is what is replaced
    "—": "-",
    "…": "...",
    "²": "^2",
    "★": "*",
}
LONGEST = 60  # characters of a wrong value


def neutral(text: str) -> str:
    r"""The text with each character that is not seen, but would be obeyed, as its escape.

    >>> print(neutral("\x1b[31mred\r"))
    \x1b[31mred\x0d
    """
    return _UNSEEN.sub(lambda found: _escape(found[0]), text)


def all_neutral(value: T) -> T:
    """A dataclass, or a tuple, with every text in it neutral."""
    return mapped(value, neutral)


def in_ascii(text: str) -> str:
    """The text in the characters that every terminal has."""
    return text.encode("ascii", ASCII).decode()


def mapped(value: T, change: Callable[[str], str]) -> T:
    """A dataclass, or a tuple, with every text in it changed."""
    if isinstance(value, str):
        return change(value)  # type: ignore[return-value]  # T is str here
    if isinstance(value, tuple):
        return tuple(mapped(it, change) for it in value)  # type: ignore[return-value]  # as above
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            item.name: new
            for item in fields(value)
            if (new := mapped(old := getattr(value, item.name), change)) != old
        }
        return replace(value, **changed) if changed else value
    return value


def shown(value: object) -> str:
    """A wrong value as a message quotes it: shortened, and on one line."""
    text = _Short().repr(value)
    return neutral(text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...")


class _Short(reprlib.Repr):
    """Repr that never writes out a large value to shorten it afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = LONGEST
        self.maxlevel = 3

    def repr_int(self, x: int, level: int) -> str:
        if abs(x) >= 10**100:  # Python itself refuses to write some thousands of digits
            return f"a whole number of {x.bit_length():,} bits"
        return super().repr_int(x, level)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """What an encoding does not have, in the characters that it has."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part: Any = error.object[error.start : error.end]
    text = "".join(_PLAIN.get(it) or it.encode("ascii", "backslashreplace").decode() for it in part)
    return text, error.end


ASCII = "benchbench.ascii"
"""Name of the error handler of streams that cannot write every character."""

codecs.register_error(ASCII, _in_ascii)


def first_of(names: Sequence[str], most: int = 5) -> str:
    """``a, b and 3 more``: a deep network has dozens of layers.

    Args:
        names: Names, in the order of the network.
        most: How many of them are told.
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
