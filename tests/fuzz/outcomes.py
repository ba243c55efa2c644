"""What may come of a damaged file: a sentence, or what it says; soon, and nothing else."""

from __future__ import annotations

import io
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from benchbench.display.text import neutral
from benchbench.errors import BenchbenchError, SuiteError
from benchbench.report import csv, html, markdown
from benchbench.report.page import page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchbench.results.schema import Results

__all__ = ["HANG_S", "HangError", "Outcome", "limited", "said", "shown_whole", "written"]

HANG_S = 5.0  # of the processor
WAITS = 20  # times as long it may take on a machine that is busy
LONGEST = 4000  # characters of a message
Outcome = Literal["accepted", "refused"]


class HangError(Exception):
    """An example took longer than it may."""


@contextmanager
def limited(seconds: float = HANG_S) -> Iterator[None]:
    """End what takes too long, so that it is a fault and no wait.

    Processor time counts, since a machine may be busy with other things; whoever waits for a pipe
    uses none, and is ended later.
    """

    def over(*_: object) -> None:
        raise HangError(f"more than {seconds:g} s")

    clocks = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = {number: signal.signal(number, over) for number in clocks}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITS * seconds)
    try:
        yield
    finally:
        for number, clock in clocks.items():
            signal.setitimer(clock, 0)
            signal.signal(number, before[number])


def said(error: BenchbenchError) -> Outcome:
    """A refusal is a sentence that a terminal can show."""
    faults = error.faults if isinstance(error, SuiteError) else ()
    assert all(fault.line >= 1 for fault in faults)
    lines = [*map(str, faults)] or [str(error)]
    for line in lines:  # neutral, as the command line prints them
        assert 0 < len(line) < LONGEST, f"{len(line)} characters"
        neutral(line).encode()
    return "refused"


def shown_whole(results: Results) -> None:
    """Every form of its report that draws nothing."""
    the_page = page(results)
    text = markdown.text_of(the_page) + csv.render(results)
    console = Console(file=io.StringIO(), width=160)
    console.print(results)
    if not any(plot.curves for plot in the_page.plots):
        text += html.render(results)
    text.encode()


def written(file: Path, content: bytes) -> Path:
    """A file with that content."""
    file.write_bytes(content)
    return file
