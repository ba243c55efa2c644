"""What a gate leaves for the pull request that it was played for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchbench.cli.shown import add_to_summary
from benchbench.errors import BenchbenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["commented"]


@contextlib.contextmanager
def commented(file: Path | None, command: str) -> Iterator[Callable[[str], None]]:
    """Keep a comment of how a gate stands in a file, from its start to its end.

    Before anything runs it says that the gate is unfinished, so that a file that cannot be written
    is told at once, and a gate that is killed leaves no other's verdict.

    Args:
        file: File of the comment; None where none is asked for.
        command: Command line that plays the same gate again.

    Returns:
        Function that puts another text in its place.
    """
    if file is None:
        yield lambda _: None
        return
    from benchbench.files import write_text  # noqa: PLC0415 - `--help` needs none of it
    from benchbench.report.comment import not_run, started  # noqa: PLC0415 - as above

    write_text(file, started(command))
    try:
        yield lambda text: write_text(file, text)
    except BenchbenchError as error:
        text = not_run(str(error), command)
        write_text(file, text)
        add_to_summary(text)  # one that ran adds its whole table
        raise
