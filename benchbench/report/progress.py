"""What a person sees while a run goes on. Nothing is drawn inside a measured window."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table
from rich.text import Text

from benchbench.display.text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from benchbench.running.cells import Job
    from benchbench.running.launcher import Outcome

__all__ = ["LineProgress", "LiveProgress", "SilentProgress", "expected_s", "progress_on"]

_START_S = (
    6.0  # imports and the first allocation of a worker, on the machine that this was written on
)


_EPOCH_S = 60.0  # a guess; the training itself says how long it will take


def expected_s(job: Job) -> float:
    """How long a job will take, seconds: a guess from its settings, corrected as jobs finish."""
    settings = job.cell.settings
    if job.task == "train":
        recipe = settings.train
        epochs_s = recipe.epochs * _EPOCH_S if recipe else 0.0
        budget_s = 60 * recipe.minutes if recipe and recipe.minutes else epochs_s
        return _START_S + min(epochs_s, budget_s)
    if job.task == "count":
        return _START_S + 0.5 * settings.train_steps + 0.05 * settings.images
    warm_s = min(settings.warmup_cap_s, 2 * settings.warmup_s)
    return _START_S + len(settings.phases) * (settings.window_s + warm_s)


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


class _Clock:
    """Time left: what was expected of the rest, scaled by how wrong the guess was so far."""

    def __init__(self) -> None:
        self._expected_s: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._left: dict[str, Job] = {}

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        kept = {job.id for job in done}
        self._left = {job.id: job for job in jobs if job.id not in kept}

    def finished(self, job: Job, seconds: float) -> None:
        self._seen[f"{job.cell.id}-{job.task}"] = seconds
        self._left.pop(job.id, None)

    def left_s(self) -> float:
        return sum(
            self._seen.get(f"{job.cell.id}-{job.task}", expected_s(job))
            for job in self._left.values()
        )

    @property
    def count(self) -> int:
        return len(self._left)


def _what(job: Job) -> str:
    return f"repeat {job.repeat + 1}" if job.task == "time" else job.task


def _line(number: int, total: int, job: Job, outcome: Outcome) -> str:
    what = _what(job)
    reason = f": {outcome.reason}" if outcome.reason else ""
    width = len(str(total))
    return (
        f"[{number:>{width}}/{total}] {job.cell.model.id} {what}: {outcome.status} "
        f"({outcome.seconds:.0f} s){reason}"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


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

    def __init__(self, console: Console) -> None:
        """Write to `console`."""
        self._console = console
        self._clock = _Clock()
        self._total = 0

    def damage(self, text: str) -> None:
        """Print it."""
        self._console.print(Text(neutral(text)), soft_wrap=True)

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """Say how much there is to do."""
        self._clock.begin(jobs, done)
        self._total = len(jobs)
        kept = f", {len(done)} kept from an interrupted run" if done else ""
        self._console.print(Text(f"{len(jobs)} jobs{kept}, about {_clock(self._clock.left_s())}"))

    def phase(self, job: Job, name: str) -> None:
        """Phases are not shown."""

    def note(self, job: Job, text: str) -> None:
        """Print it, indented below the jobs."""
        self._console.print(Text(neutral(f"    {job.cell.model.id}: {text}")), soft_wrap=True)

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Print the job's line."""
        self._clock.finished(job, outcome.seconds)
        text = _line(self._total - self._clock.count, self._total, job, outcome)
        self._console.print(Text(neutral(text)), soft_wrap=True)


class LiveProgress:
    """On a terminal: the lines of finished jobs, and below them cell, phase and time left.

    It draws when a worker says that a phase begins, and at no other time: no thread refreshes it
    while the worker measures.
    """

    def __init__(self, console: Console) -> None:
        """Draw on `console`."""
        self._lines = LineProgress(console)
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._clock = _Clock()
        self._began_s = time.monotonic()

    def damage(self, text: str) -> None:
        """Print it."""
        self._lines.damage(text)

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """Start to draw."""
        self._lines.begin(jobs, done)
        self._clock.begin(jobs, done)
        self._live.start()

    def phase(self, job: Job, name: str) -> None:
        """Redraw the line of what runs now."""
        row = Table.grid(padding=(0, 2))
        row.add_row(
            Text(neutral(job.cell.model.title), style="bold"),
            _what(job),
            Text(neutral(name)),
            f"about {_clock(self._clock.left_s())} left, {self._clock.count} jobs",
        )
        self._live.update(row, refresh=True)

    def note(self, job: Job, text: str) -> None:
        """Print it above."""
        self._lines.note(job, text)

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Print the job's line above."""
        self._clock.finished(job, outcome.seconds)
        self._lines.finished(job, outcome)

    def close(self) -> None:
        """Leave the terminal clean."""
        self._live.stop()
