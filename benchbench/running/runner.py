"""Runs a plan: one fresh process per job, a journal line after each, and takes up what is left."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchbench import __version__, extensions
from benchbench.codec import plain
from benchbench.errors import OutputError
from benchbench.files import write_text
from benchbench.metrics.registry import foreign_figures
from benchbench.results import journal
from benchbench.results.aggregate import aggregated
from benchbench.results.journal import SCHEMA_VERSION
from benchbench.results.schema import TRACES
from benchbench.results.whole import whole_records
from benchbench.running import launcher
from benchbench.running.cells import ANYWHERE, machine_digest, plan_digest
from benchbench.running.git import commit_of
from benchbench.running.node import node
from benchbench.running.resuming import journal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.results.schema import Results
    from benchbench.running.cells import Job
    from benchbench.running.plan import Plan

__all__ = ["Progress", "command_line", "header_of", "now", "run"]


class Progress(Protocol):
    """What a run tells whoever watches; never called inside a measured window."""

    def damage(self, text: str) -> None:
        """An earlier run's journal is damaged or of another machine; told before `begin`."""

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """The run starts; `done` were finished by an earlier, interrupted one."""

    def phase(self, job: Job, name: str) -> None:
        """A job enters a phase."""

    def note(self, job: Job, text: str) -> None:
        """A job has something to say that is worth a line: an epoch has ended."""

    def finished(self, job: Job, outcome: launcher.Outcome) -> None:
        """A job has ended."""


def run(
    the_plan: Plan, root: Path, progress: Progress, keep: Callable[[Results, Path], None]
) -> tuple[Results, Path]:
    """Run what is not done yet, and write the results.

    Args:
        the_plan: What to run, see `benchbench.running.plan`.
        root: Runs are kept in ``<root>/<suite>/<run id>/``.
        progress: Who watches.
        keep: Writes the reports; called at the end, and when the run is interrupted.

    Returns:
        The results and the run's folder.

    Raises:
        OutputError: Journal or reports cannot be written, or the same is being run already; what
            was finished is kept.
        KeyboardInterrupt: It was interrupted; what was finished has been written.
    """
    jobs = the_plan.jobs
    header = partial(header_of, the_plan)
    book, folder = journal_of(root / the_plan.suite.name, the_plan, header, progress.damage)
    proof = _proof(the_plan)
    with book:
        kept = {record["job"] for record in _records(folder) if record["kind"] == "job"}
        progress.begin(jobs, [job for job in jobs if job.id in kept])
        try:
            for job in jobs:
                if job.id in kept:
                    continue
                record = the_plan.taken.get(job.id)
                if record is None:
                    record = _record(job, _work(job, folder, progress))
                else:
                    progress.note(job, f"taken from {job.cell.elsewhere}")
                    progress.finished(job, launcher.Outcome("ok", ""))
                book.append(record | proof)
        except BaseException:
            with contextlib.suppress(OutputError):  # what stopped the run is what is told
                keep(aggregated(_records(folder)), folder)
            raise
        # The end stands in the journal once the reports do: where they cannot be written, the same
        # command measures nothing again and writes them.
        end = {"kind": "end", "time": now()}
        found = aggregated([*_records(folder), end])
        keep(found, folder)
        book.append(end)
    return found, folder


def _records(folder: Path) -> list[dict[str, Any]]:
    return whole_records(journal.read(folder))


def _work(job: Job, folder: Path, progress: Progress) -> launcher.Outcome:
    if job.cell.misfit:
        outcome = launcher.Outcome("error", job.cell.misfit)
        progress.finished(job, outcome)
        return outcome
    outcome = launcher.work(
        job.order,
        time_limit_s=job.time_limit_s,
        log=folder / "logs" / f"{job.cell.model.id}-{job.id}.log",
        on_phase=lambda name: progress.phase(job, name),
        on_note=lambda text: progress.note(job, text),
        on_trace=lambda name, text: write_text(folder / TRACES / name, text),
    )
    progress.finished(job, outcome)
    return outcome


def header_of(the_plan: Plan, run_id: str, damaged: Sequence[str]) -> dict[str, Any]:
    """The first line of a run's journal.

    Args:
        the_plan: What is run.
        run_id: Name of its folder.
        damaged: What its results must tell of an earlier journal.
    """
    jobs = the_plan.jobs
    of_cell = Counter(job.cell.id for job in jobs)
    return {
        "kind": "run",
        "schema": SCHEMA_VERSION,
        "benchbench": __version__,
        "plan": plan_digest(jobs),
        "run": {
            "id": run_id,
            "mode": the_plan.asked.mode,
            "changes": list(the_plan.asked.changes),
            "started": now(),
            "command": command_line(),
            **({"revision": commit} if (commit := commit_of(Path.cwd())) else {}),
            **_added(),
            **node(),
            **({"damaged": list(damaged)} if damaged else {}),
        },
        "fingerprint": the_plan.fingerprint,
        "data": the_plan.data,
        "suite": asdict(the_plan.suite),
        "cells": [
            {
                "id": cell.id,
                "model": cell.model.id,
                "device": cell.device,
                "data": cell.data.digest if cell.data else "",
                "jobs": of_cell[cell.id],
                **({"identity": of} if (of := cell.identity.get(ANYWHERE)) else {}),
            }
            for cell in the_plan.cells
        ],
    }


def _added() -> dict[str, Any]:
    """What was added from outside, and what its figures mean: kept with the run."""
    figures = [plain(figure) for figure in foreign_figures()]
    added = [plain(found) for found in extensions.known()]
    named = {"extensions": added} if added else {}
    return named | ({"figures": figures} if figures else {})


def command_line() -> str:
    """What was typed: the command line's words, or which program called from Python."""
    program = Path(sys.argv[0] or "")
    if program.stem == "benchbench" or program.parts[-2:] == ("benchbench", "__main__.py"):
        return shlex.join(["benchbench", *sys.argv[1:]])
    return f"benchbench.run(...) in {program.name}" if program.name else "benchbench.run(...)"


def _proof(the_plan: Plan) -> dict[str, str]:
    """What tells in each line what run it is of, whatever happens to the first."""
    return {
        "plan": plan_digest(the_plan.jobs),
        "machine": machine_digest(the_plan.fingerprint),
    }


def _record(job: Job, outcome: launcher.Outcome) -> dict[str, Any]:
    return {
        "kind": "job",
        "job": job.id,
        "cell": job.cell.id,
        "task": job.task,
        "repeat": job.repeat,
        "time": now(),
        **node(),
        **({"identity": of} if (of := job.cell.identity.get(job.task)) else {}),
        **asdict(outcome),
    }


def now() -> str:
    """This moment, as a journal has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
