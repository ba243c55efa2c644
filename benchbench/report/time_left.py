"""How long a run still takes: from what its jobs took, and from what a training says of itself."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.running.cells import Job
    from benchbench.running.launcher import Outcome

__all__ = ["Left", "TimeLeft", "clock_text", "expected_s"]

_START_S = (
    6.0  # imports and the first allocation of a worker, on the machine that this was written on
)
_EPOCH_S = 60.0  # a guess; the training itself says how long it will take

_TOLD = re.compile(r"at most (\d{1,6}) min left")  # of `benchbench.training.epoch_callback`
_ROUNDED_S = 30.0  # whole minutes are told


def expected_s(job: Job) -> float:
    """How long a job will take, seconds: a guess from its settings, corrected as jobs finish."""
    settings = job.cell.settings
    if job.task == "train":
        recipe = settings.train
        if recipe is None:
            return _START_S
        epochs_s = recipe.epochs * _EPOCH_S
        budget_s = 60 * recipe.minutes if recipe.minutes else epochs_s
        return _START_S + recipe.seeds * min(epochs_s, budget_s)
    if job.task == "count":
        return _START_S + 0.5 * settings.train_steps + 0.05 * settings.images
    warm_s = min(settings.warmup_cap_s, 2 * settings.warmup_s)
    return _START_S + len(settings.phases) * (settings.window_s + warm_s)


def clock_text(seconds: float) -> str:
    """Minutes and seconds, with hours where there are some.

    >>> clock_text(61), clock_text(3661)
    ('1:01', '1:01:01')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@dataclass(frozen=True, slots=True)
class Left:
    """How far a run is at one moment.

    Attributes:
        seconds: Time that it still takes; never negative.
        share: Share of the work that is done, from 0 to 1, by time.
        late: What the present job takes longer than; empty where it does not.
    """

    seconds: float
    share: float
    late: str = ""

    def __str__(self) -> str:
        """In words; of a last job that takes longer than expected no figure is known."""
        about = "" if self.late and self.seconds < 1 else f"about {clock_text(self.seconds)} left"
        return "; ".join(it for it in (about, self.late and f"longer than {self.late}") if it)


class TimeLeft:
    """What is left of a run, second by second.

    A job takes what the same one took before (a repeat of the same cell), else what its settings
    let expect, scaled by what finished jobs of its task took; where the settings are the same that
    is their mean. What the present job has used already is subtracted, and a training that says
    how long it takes at most is believed. Failed jobs, and those that were taken from elsewhere,
    say nothing of the others.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        """Read the time from `now_s`."""
        self._now_s = now_s
        self._left: dict[str, Job] = {}
        self._kept: tuple[Job, ...] = ()
        self._began: dict[str, float] = {}  # of each job that runs
        self._told: dict[str, float] = {}  # when a training ends at the latest, as it says
        self._seen: defaultdict[str, list[float]] = defaultdict(list)
        self._took: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self._used_s = 0.0

    @property
    def count(self) -> int:
        """Number of jobs that have not ended."""
        return len(self._left)

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """Start with what is not done."""
        kept = {job.id for job in done}
        self._left = {job.id: job for job in jobs if job.id not in kept}
        self._kept = tuple(done)
        self._next()

    def phase(self, job: Job, name: str) -> None:
        """A job is in a phase, whose name may say how long it takes."""
        now = self._now_s()
        self._began.setdefault(job.id, now)
        if job.task == "train" and (told := _TOLD.search(name)):
            self._told[job.id] = now + 60.0 * int(told[1]) + _ROUNDED_S

    def finished(self, job: Job, outcome: Outcome) -> None:
        """A job has ended."""
        for of_running in (self._left, self._began, self._told):
            of_running.pop(job.id, None)
        self._used_s += outcome.seconds
        if outcome.status in {"ok", "invalid"} and outcome.seconds > 0:
            self._seen[_same(job)].append(outcome.seconds)
            self._took[job.task].append((outcome.seconds, expected_s(job)))
        self._next()

    def now(self) -> Left:
        """What is left at this moment."""
        now = self._now_s()
        used_s = self._used_s + sum(map(self._expected_s, self._kept))
        left_s, late = 0.0, ""
        for job in self._left.values():
            began = self._began.get(job.id)
            if began is None:
                left_s += self._expected_s(job)
                continue
            used_s += now - began
            of_job, than = self._of_running(job, now)
            left_s += max(0.0, of_job)
            late = late or (than if of_job < 0 else "")
        whole_s = used_s + left_s
        return Left(left_s, used_s / whole_s if whole_s else float(not self._left), late)

    def _next(self) -> None:
        """The next job's process starts now, before it says its first phase."""
        if self._left and not self._began:
            self._began[next(iter(self._left))] = self._now_s()

    def _of_running(self, job: Job, now: float) -> tuple[float, str]:
        """Time left of a job that runs, and what it exceeds where that is negative."""
        before = bool(self._took[job.task])
        rest_s = self._expected_s(job) - (now - self._began[job.id])
        than = "the ones before" if before else "expected"
        told = self._told.get(job.id)
        if told is None:
            return rest_s, than
        recipe = job.cell.settings.train
        if recipe and (recipe.seeds > 1 or recipe.slim) and rest_s > told - now:
            return rest_s, than  # it is one of several trainings that says so
        return told - now, "it said"

    def _expected_s(self, job: Job) -> float:
        if same := self._seen.get(_same(job)):
            return fmean(same)
        took = self._took[job.task]
        guessed_s = sum(guess for _, guess in took)
        return expected_s(job) * (sum(it for it, _ in took) / guessed_s if guessed_s else 1.0)


def _same(job: Job) -> str:
    return f"{job.cell.id}-{job.task}"
