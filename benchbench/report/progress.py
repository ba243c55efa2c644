"""What a person sees while a run goes on. Nothing is drawn inside a measured window."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.text import Text

from benchbench.display.text import neutral
from benchbench.report.outcome_line import outcome_line
from benchbench.report.time_left import TimeLeft, clock_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from benchbench.running.cells import Job
    from benchbench.running.launcher import Outcome

__all__ = ["LineProgress", "LiveProgress", "SilentProgress", "is_measured", "progress_on"]

TICK_S = 2.0  # as often as a training speaks
"""How often the time left moves where nothing is measured, seconds."""

BAR = 12  # letters of the bar: with the longest text beside it, it fits into 80 columns
LONGEST_TITLE, LONGEST_PHASE = 40, 160


@contextlib.contextmanager
def progress_on(console: Console) -> Iterator[LineProgress | LiveProgress]:
    """What fits the console: live on a terminal, a line a job elsewhere; clean afterwards.

    In a notebook it is a line a job: rich would otherwise leave an empty cell behind.
    """
    if not console.is_terminal or console.is_jupyter:
        yield LineProgress(console)
        return
    live = LiveProgress(console)
    try:
        yield live
    finally:
        live.close()


class SilentProgress:
    """Whoever calls from Python and asks for no progress hears nothing."""

    def damage(self, text: str) -> None:
        """Nothing is said; what concerns the results stands in them."""

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """Nothing is said."""

    def phase(self, job: Job, name: str) -> None:
        """Nothing is said."""

    def note(self, job: Job, text: str) -> None:
        """Nothing is said."""

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Nothing is said."""


class LineProgress:
    """Off a terminal: one line a finished job."""

    def __init__(self, console: Console, left: TimeLeft | None = None) -> None:
        """Write to `console`."""
        self._console = console
        self.left = left or TimeLeft()
        self.total = 0

    @property
    def done(self) -> int:
        """Number of jobs that have ended, those of an earlier run included."""
        return self.total - self.left.count

    def damage(self, text: str) -> None:
        """Print it."""
        self._say(text)

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """Say how much there is to do."""
        self.left.begin(jobs, done)
        self.total = len(jobs)
        kept = f", {len(done)} kept from an interrupted run" if done else ""
        self._say(f"{len(jobs)} jobs{kept}, about {clock_text(self.left.now().seconds)}")

    def phase(self, job: Job, name: str) -> None:
        """Phases are not shown."""
        self.left.phase(job, name)

    def note(self, job: Job, text: str) -> None:
        """Print it, indented below the jobs."""
        self._say(f"    {_line(f'{job.cell.model.id}: {text}')}")

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Print the job's line, with its figures."""
        self.left.finished(job, outcome)
        width = len(str(self.total))
        self._say(f"[{self.done:>{width}}/{self.total}] {outcome_line(job, outcome)}")

    def _say(self, text: str) -> None:
        self._console.print(Text(neutral(text)), soft_wrap=True)


class LiveProgress:
    """On a terminal: the lines of finished jobs, and below them a bar, phase and time left.

    It draws when a worker says that a phase begins, and every `TICK_S` while nothing is measured.
    From the word that a window, an idle baseline or any other phase that a clock or a sensor looks
    at begins, until the next word, the thread that draws sleeps and is not woken.
    """

    def __init__(
        self, console: Console, left: TimeLeft | None = None, tick_s: float = TICK_S
    ) -> None:
        """Draw on `console`, every `tick_s` seconds where nothing is measured."""
        self._lines = LineProgress(console, left)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._what = Text()
        self._tick_s = tick_s
        # Held while anything is drawn or changed: no tick comes after a window was announced.
        self._turn = threading.Condition()
        self._ticks, self._ends = True, False
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def damage(self, text: str) -> None:
        """Print it."""
        self._lines.damage(text)

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """Start to draw."""
        with self._turn:
            self._lines.begin(jobs, done)
            self._ticks = self._lines.left.count > 0
            self._live.start()
            self._draw()
        if self._thread.ident is None:
            self._thread.start()

    def phase(self, job: Job, name: str) -> None:
        """Redraw what runs now, and leave it alone where that is measured."""
        with self._turn:
            self._lines.phase(job, name)
            title = _line(job.cell.model.title, LONGEST_TITLE)
            self._what = Text.assemble(
                (title, "bold"), f"  {_what(job)}: {_line(name, LONGEST_PHASE)}"
            )
            self._ticks = not is_measured(job, name)
            self._draw()
            self._turn.notify()

    def note(self, job: Job, text: str) -> None:
        """Print it above."""
        with self._turn:
            self._lines.note(job, text)

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Print the job's line above; the next one starts."""
        with self._turn:
            self._lines.finished(job, outcome)
            # Whatever comes after the last job may be measured.
            self._what, self._ticks = Text(), self._lines.left.count > 0
            self._draw()
            self._turn.notify()

    def close(self) -> None:
        """Leave the terminal clean."""
        with self._turn:
            self._ends = True
            self._turn.notify()
        if self._thread.ident is not None:
            self._thread.join()
        self._live.stop()

    def _tick(self) -> None:
        with self._turn:
            while not self._ends:
                told = self._turn.wait(self._tick_s if self._ticks else None)
                if not told and self._ticks and not self._ends:
                    self._draw()

    def _draw(self) -> None:
        left, lines = self._lines.left.now(), self._lines
        most = BAR - 1 if lines.left.count else BAR  # it is full when the last job has ended
        full = min(most, int(BAR * left.share))
        rest = f", {left}" if lines.left.count else ""
        bar = f"[{'#' * full}{'-' * (BAR - full)}] {lines.done}/{lines.total} jobs{rest}"
        parts = [Text(bar), self._what] if self._what else [Text(bar)]
        self._live.update(Group(*parts), refresh=True)


def is_measured(job: Job, phase: str) -> bool:
    """Whether a clock or a sensor looks at a phase, as far as its name tells: if in doubt it does.

    A training is hours of which a tick takes nothing that counts, but for the trial of the quickest
    way; counting is exact whatever else goes on.
    """
    if job.task == "time":
        return phase != "build" and not phase.endswith("warm-up")
    return phase.endswith("quickest?")


def _what(job: Job) -> str:
    return {"train": "training", "count": "counting"}.get(
        job.task, f"timing {job.repeat + 1} of {job.cell.settings.repeats}"
    )


def _line(text: str, most: int = 10_000) -> str:
    """One line that is not too long, and steers no terminal."""
    text = neutral(" ".join(text.split()))
    return text if len(text) <= most else f"{text[: most - 3]}..."
