"""The parts of a run, one look after the other: what is started, what has ended, what has died."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchbench.errors import OutputError
from benchbench.files import write_text
from benchbench.running.engine import EndedPart, PartState
from benchbench.running.launcher import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchbench.running.cells import Job
    from benchbench.running.collecting import Collector
    from benchbench.running.parts import Part
    from benchbench.running.runner import Progress
    from benchbench.running.submitter import Submission

__all__ = ["LEDGER", "PartsWatch"]

LEDGER = "jobs.json"  # ids of the parts, for whoever comes after this process
MOST_STARTS = 3  # of a part by one command, where the engine lost it
SHORTEST_S = 0.5  # between two looks; longer while nothing happens
SETTLING_S = 5.0  # a shared folder may show the last lines of a part later


@dataclass(slots=True)
class _WatchedPart:
    """A part, as far as it is known.

    Attributes:
        part: The part.
        id: Its id; empty where it has not been started, or has to be again.
        starts: Number of times that this command has started it.
        node: Node that it was last seen on.
        settled: Whether nothing more comes of it.
        failed: Whether it has not come to its own end.
        ended_s: When it was first seen to have ended, by the clock; None before.
    """

    part: Part
    id: str = ""
    starts: int = 0
    node: str = ""
    settled: bool = False
    failed: bool = False
    ended_s: float | None = None


class PartsWatch:
    """The parts of one run."""

    def __init__(
        self, order: Submission, folder: Path, collector: Collector, progress: Progress
    ) -> None:
        """Watch the parts of a run.

        Args:
            order: The run.
            folder: Its folder.
            collector: Takes over what the parts write.
            progress: Who is told.
        """
        self._order, self._engine, self._folder = order, order.engine, folder
        self._collector, self._progress = collector, progress
        self._all = [_WatchedPart(part) for part in order.parts]
        self._rounds = max((job.repeat + 1 for job in order.plan.jobs), default=1)
        self._told = set[str]()
        self.pause_s = SHORTEST_S

    @property
    def has_failed(self) -> bool:
        """Whether a part has not come to its own end."""
        return any(it.failed for it in self._all)

    def begin(self) -> None:
        """Attach to what an earlier process has started, and say how much there is to do."""
        known = self._engine.attach(self._folder, _ledger(self._folder))
        for it in self._all:
            it.id = known.get(it.part.name, "")
            self._collector.collect(it.part)
        jobs = [(it, job) for it in self._all for job in it.part.jobs]
        self._progress.begin(
            [self._shown(it.part, job) for it, job in jobs],
            [self._shown(it.part, job) for it, job in jobs if self._collector.has(it.part, job)],
        )
        states = self._engine.states([it.id for it in self._all if it.id])
        for it in self._all:  # what died while nobody watched is started again
            state = states.get(it.id, PartState("unknown"))
            if it.id and state.phase in {"ended", "unknown"}:
                it.id = ""

    def step(self) -> bool:
        """Look at every part once; whether nothing is left to wait for."""
        live = [it for it in self._all if not it.settled]
        states = self._engine.states([it.id for it in live if it.id])
        changed = False
        for it in live:
            state = states.get(it.id, PartState("unknown")) if it.id else PartState("queued")
            if it.id and state.phase != "queued":
                changed |= self._collected(it)
            it.node = state.node or it.node
            if self._collector.has_ended(it.part):
                it.settled = changed = True
            elif not it.id:
                changed |= self._start(it)
            elif state.phase in {"ended", "unknown"}:
                changed |= self._has_died(it)
            elif state.why and state.why not in self._told:  # of two hundred parts one says it
                self._told.add(state.why)
                self._progress.note(it.part.jobs[0], f"{it.part.name} waits: {state.why}")
        longest_s = self._engine.patience_s
        self.pause_s = SHORTEST_S if changed else min(longest_s, 1.2 * self.pause_s)
        return all(it.settled for it in self._all)

    def leave(self) -> None:
        """Take over what was finished until now, and end the parts where that was asked for."""
        with contextlib.suppress(OutputError):
            for it in self._all:
                self._collector.collect(it.part)
        if self._order.cancels or not self._engine.goes_on:
            self._engine.cancel([it.id for it in self._all if it.id and not it.settled])

    def _start(self, it: _WatchedPart) -> bool:
        others = [other for other in self._all if other.part.is_timed and other is not it]
        if it.part.waits and any(not o.settled for o in self._all if not o.part.is_timed):
            return False
        if it.part.is_timed:  # each on a node of its own: which one is known when it runs
            before = [other for other in others if other.part.replicate < it.part.replicate]
            if any(not (other.node or other.settled) for other in before):
                return False
        not_on = [o.node for o in others if o.node] if it.part.is_timed else []
        request, folder = self._order.request, self._folder

        def command(device: str) -> list[str]:
            return it.part.command(request, folder, device)

        started = self._engine.start(it.part, command, not_on)
        if started is None:
            return False
        it.id, it.ended_s = started, None
        it.starts += 1
        ids = {other.part.name: other.id for other in self._all if other.id}
        write_text(self._folder / LEDGER, json.dumps(ids, indent=1) + "\n")
        return True

    def _collected(self, it: _WatchedPart) -> bool:
        new = self._collector.collect(it.part)
        jobs = {job.id: job for job in it.part.jobs} if new else {}
        for record in new:
            if (job := jobs.get(record["job"])) is not None:
                outcome = Outcome(record["status"], record["reason"], seconds=record["seconds"])
                self._progress.finished(self._shown(it.part, job), outcome)
        return bool(new)

    def _has_died(self, it: _WatchedPart) -> bool:
        """A part has ended and its last line is not there."""
        if it.ended_s is None:
            it.ended_s = time.monotonic()
        if time.monotonic() - it.ended_s < SETTLING_S:
            return True
        refused = self._collector.refused(it.part)
        why = EndedPart("error", refused) if refused else self._engine.ended(it.part, it.id)
        if why.again and it.starts < MOST_STARTS:
            self._progress.note(it.part.jobs[0], f"{why.reason}; it is started again")
            it.id = ""
            return True
        self._lose(it, why)
        return True

    def _lose(self, it: _WatchedPart, why: EndedPart) -> None:
        it.settled = it.failed = True
        for job, reason in self._collector.lose(it.part, why.status, why.reason):
            self._progress.finished(self._shown(it.part, job), Outcome(why.status, reason))

    def _shown(self, part: Part, job: Job) -> Job:
        """A job under a number of its own, where several nodes do the same."""
        return replace(job, repeat=job.repeat + part.replicate * self._rounds)


def _ledger(folder: Path) -> Mapping[str, str]:
    try:
        found = json.loads((folder / LEDGER).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(it) for key, it in found.items()} if isinstance(found, dict) else {}
