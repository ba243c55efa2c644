"""The log of a process that was started from here: its last line, and an end to its length."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LOOK_S", "LogError", "check_length", "last_line", "shorten"]

MOST = 1 << 28  # bytes; a model that never stops warning would fill the disk
KEPT = 1 << 20  # of one that was longer
TAIL = 1 << 16  # of the end, in which the last line is looked for
SHOWN = 500  # characters of it
LOOK_S = 5.0  # between two looks at the length


class LogError(ValueError):
    """A process has written more than a log holds; a row of the report says so."""


def last_line(log: Path) -> str:
    """The last thing that a process has said; empty where it said nothing.

    Raises:
        OSError: The log cannot be read.
    """
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:SHOWN] if lines else ""


def check_length(log: Path) -> None:
    """Refuse a log that is too long.

    Raises:
        LogError: It is.
    """
    if _is_too_long(log):
        raise LogError(
            f"it wrote more than {MOST >> 20} MiB to its output and errors; what it wrote first is "
            f"in its log, {log.name}"
        )


def shorten(log: Path) -> None:
    """Of a log that is too long the begin stays: it says what went wrong first."""
    if _is_too_long(log):
        with contextlib.suppress(OSError):
            os.truncate(log, KEPT)


def _is_too_long(log: Path) -> bool:
    try:
        return log.stat().st_size > MOST
    except OSError:
        return False
