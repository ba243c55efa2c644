"""Rows of a csv file, strictly: a fault is an error with its row, the header being row 1."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, TextIO

from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["header_of", "listed", "quoted", "rows_of", "whole_number"]

MOST_DIGITS = 9  # ours: Python itself refuses to read some thousands of them
SHOWN_CHARACTERS, SHOWN_NAMES = 30, 8
MOST_LINE = 1 << 20  # a row of FER2013 has 9,000 characters


def header_of(place: str | Path, content: bytes) -> list[str]:
    """The names of the columns in lower case, without reading further than the first line.

    Raises:
        DataError: The file or its first line is empty, or has a name twice.
    """
    line = io.BytesIO(content).readline(MOST_LINE)
    names = [name.strip().lower() for _, fields in rows_of(place, line) for name in fields]
    if not any(names):
        what = "its first line is empty, where names of columns stand"
        raise DataError(place, what if content.strip() else "the file is empty")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice:
        raise DataError(place, f"two columns are called {quoted(twice)}, read without case", row=1)
    return names


def rows_of(place: str | Path, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The number of each row and its fields, the header included.

    Args:
        place: File that a message names.
        content: Text of the file in UTF-8.

    Raises:
        DataError: It is no text, a quote is not closed, or a row has another number of fields than
            the first.
    """
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    reader = csv.reader(_lines(text), strict=True)
    row, width = 1, None
    try:
        for fields in reader:
            width = len(fields) if width is None else width
            if len(fields) != width:
                counts = f"expected {width} fields, found {len(fields)}"
                raise DataError(place, f"{counts}; the file may be truncated here", row=row)
            yield row, fields
            row = reader.line_num + 1
    except csv.Error as error:
        raise DataError(place, f"not csv: {error}; a quote may not be closed", row=row) from error
    except UnicodeDecodeError as error:
        raise DataError(place, f"not UTF-8 text: {error.reason}") from error


def _lines(text: TextIO) -> Iterator[str]:
    """The lines of a text, none without an end.

    Raises:
        csv.Error: One is too long to be a row.
    """
    while line := text.readline(MOST_LINE):
        if len(line) == MOST_LINE:
            raise csv.Error(f"a line of more than {MOST_LINE:,} characters")
        yield line


def whole_number(text: str, limit: int) -> int | None:
    """A number from 0 to below a limit in plain digits; None for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return None
    return number if (number := int(text)) < limit else None


def listed(names: Sequence[str]) -> str:
    """Names as a message shows them: the first few, each shortened."""
    more = f" and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else ""
    short = [f"{it[:SHOWN_CHARACTERS]}..." if len(it) > SHOWN_CHARACTERS else it for it in names]
    return ", ".join(short[:SHOWN_NAMES]) + more


def quoted(text: str) -> str:
    """A text as a message shows it, shortened."""
    shown = text[:SHOWN_CHARACTERS]
    return repr(text) if shown == text else f"{shown!r}... ({len(text):,} characters)"
