"""Runs a plan: one fresh process per job, a journal line after each, and takes up what is left."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from benchbench import __version__
from benchbench.data.check import check
from benchbench.errors import BenchbenchError, OutputError, ResultError
from benchbench.files import write_text
from benchbench.results.aggregate import assemble
from benchbench.results.schema import TRACES
from benchbench.running import journal, launcher
from benchbench.running.cells import (
    SCHEMA_VERSION,
    Cell,
    DataRef,
    Job,
    cells_of,
    jobs_of,
    plan_digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchbench.data import FaceData, Labels
    from benchbench.results.schema import Results
    from benchbench.suite.schema import Suite

__all__ = ["Asked", "Machine", "Mode", "Plan", "Progress", "hello", "plan", "run", "spec_of"]

HELLO_LIMIT_S = 120.0


class Progress(Protocol):
    """What a run tells whoever watches; never called inside a measured window."""

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """The run starts; `done` were finished by an earlier, interrupted one."""

    def phase(self, job: Job, name: str) -> None:
        """A job enters a phase."""

    def note(self, job: Job, text: str) -> None:
        """A job has something to say that is worth a line: an epoch has ended."""

    def finished(self, job: Job, outcome: launcher.Outcome) -> None:
        """A job has ended."""


Mode = Literal["full", "quick", "publish"]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as a worker found it, and the device on it that is used."""

    fingerprint: dict[str, Any]
    device: str


@dataclass(frozen=True, slots=True)
class Asked:
    """How a suite was asked to be run; named in every output.

    Attributes:
        mode: Whose settings count: ``full``, ``quick`` or ``publish``.
        changes: ``key=value`` of each setting that was changed for this run alone.
    """

    mode: Mode = "full"
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run is decided by before it starts.

    Attributes:
        suite: With the settings of this run.
        asked: How it was asked for.
        cells: The work.
        fingerprint: Of the machine, as a worker found it.
        data: What the report says of the data.
    """

    suite: Suite
    asked: Asked
    cells: tuple[Cell, ...]
    fingerprint: dict[str, Any]
    data: dict[str, Any]

    @property
    def jobs(self) -> list[Job]:
        """Every job, in order."""
        return jobs_of(self.cells)


def hello(log: Path, task: Literal["hello", "doctor"] = "hello") -> dict[str, Any]:
    """Ask a worker what machine this is: versions, processors, GPUs; a doctor wants UUIDs too.

    Raises:
        BenchbenchError: The worker cannot even start, e.g. torch is broken.
    """
    outcome = launcher.work({"task": task}, time_limit_s=HELLO_LIMIT_S, log=log)
    if outcome.status != "ok":
        raise BenchbenchError(f"the worker cannot start: {outcome.reason}")
    return outcome.facts


def plan(
    suite: Suite,
    folder: Path,
    machine: Machine,
    data: Mapping[Labels, FaceData],
    asked: Asked,
    only: Sequence[str] | None = None,
    ferplus: str | None = None,
) -> Plan:
    """Decide what a run will do.

    Args:
        suite: With the settings of this run.
        folder: Where its relative paths start.
        machine: What it runs on.
        data: What it runs on, loaded and checked, for each kind of labels that the suite has.
        asked: How it was asked for.
        only: Ids of the models to run; all, by default.
        ferplus: The file of FER+'s votes, where it was given.
    """
    references = {
        labels: DataRef(
            "synthetic_faces" if found.synthetic else found.source,
            found.digest,
            found.num_classes,
            suite.settings.seed,
            labels,
            ferplus,
        )
        for labels, found in data.items()
    }
    about, *also = (_about(found) for found in data.values())
    chosen = tuple(model for model in suite.models if only is None or model.id in only)
    part = replace(suite, models=chosen)
    wanted = tuple(cells_of(part, folder, machine.device, references))
    return Plan(suite, asked, wanted, machine.fingerprint, {**about, "also": also})


def _about(data: FaceData) -> dict[str, Any]:
    """What the report says of the data."""
    found = check(data)
    return {
        "name": data.name,
        "source": data.source.rpartition("/")[2],
        "synthetic": data.synthetic,
        "digest": data.digest,
        "samples": len(data),
        "classes": list(data.class_names),
        "warnings": list(data.warnings),
        "distribution": found.distribution,
        "faults": [f"{item.count:,} {item.text}" for item in found.findings if item.count],
    }


def spec_of(job: Job) -> dict[str, Any]:
    """What the worker is told."""
    return {
        "task": job.task,
        "job": f"{job.cell.model.id}-{job.id}",
        "repeat": job.repeat,
        "cell": asdict(job.cell),
    }


def run(
    the_plan: Plan, root: Path, progress: Progress, keep: Callable[[Results, Path], None]
) -> tuple[Results, Path]:
    """Run what is not done yet, and write the results.

    Args:
        the_plan: From `plan`.
        root: Runs are kept in ``<root>/<suite>/<run id>/``.
        progress: Who watches.
        keep: Writes the reports; called at the end, and when the run is interrupted.

    Returns:
        The results and the run's folder.

    Raises:
        OutputError: The journal cannot be written.
        KeyboardInterrupt: After what was finished has been written.
    """
    jobs = the_plan.jobs
    book, folder = _open(root / the_plan.suite.name, plan_digest(jobs))
    with book:
        records = journal.read(folder)
        if not records:
            book.append(_header(the_plan, folder.name, plan_digest(jobs)))
        kept = {record["job"] for record in records if record["kind"] == "job"}
        progress.begin(jobs, [job for job in jobs if job.id in kept])
        try:
            for job in jobs:
                if job.id not in kept:
                    book.append(_record(job, _work(job, folder, progress)))
            book.append({"kind": "end", "time": _now()})
        finally:
            found = assemble(journal.read(folder))
            keep(found, folder)
    return found, folder


def _work(job: Job, folder: Path, progress: Progress) -> launcher.Outcome:
    outcome = launcher.work(
        spec_of(job),
        time_limit_s=job.time_limit_s,
        log=folder / "logs" / f"{job.cell.model.id}-{job.id}.log",
        on_phase=lambda name: progress.phase(job, name),
        on_note=lambda text: progress.note(job, text),
        on_trace=lambda name, text: write_text(folder / TRACES / name, text),
    )
    progress.finished(job, outcome)
    return outcome


def _open(folder: Path, digest: str) -> tuple[journal.Journal, Path]:
    """The journal of an unfinished run of the same plan, or of a new one."""
    for place in sorted(folder.glob(f"*/{journal.JOURNAL}"), reverse=True):
        try:
            records = journal.read(place.parent)
            started_for_this = bool(records) and records[0].get("plan") == digest
            if started_for_this and records[-1]["kind"] != "end":
                return journal.Journal(place.parent), place.parent
        except (OutputError, ResultError, KeyError):
            continue  # damaged, or written by a run that is alive: not ours to take up
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    taken = len(list(folder.glob(f"{stamp}*")))
    place = folder / (f"{stamp}-{taken}" if taken else stamp)
    return journal.Journal(place), place


def _header(the_plan: Plan, run_id: str, digest: str) -> dict[str, Any]:
    return {
        "kind": "run",
        "schema": SCHEMA_VERSION,
        "benchbench": __version__,
        "plan": digest,
        "run": {
            "id": run_id,
            "mode": the_plan.asked.mode,
            "changes": list(the_plan.asked.changes),
            "started": _now(),
            "command": shlex.join(["benchbench", *sys.argv[1:]]),
        },
        "fingerprint": the_plan.fingerprint,
        "data": the_plan.data,
        "suite": asdict(the_plan.suite),
        "cells": [
            {
                "id": cell.id,
                "model": cell.model.id,
                "device": cell.device,
                "jobs": sum(job.cell.id == cell.id for job in the_plan.jobs),
            }
            for cell in the_plan.cells
        ],
    }


def _record(job: Job, outcome: launcher.Outcome) -> dict[str, Any]:
    return {
        "kind": "job",
        "job": job.id,
        "cell": job.cell.id,
        "task": job.task,
        "repeat": job.repeat,
        "time": _now(),
        **asdict(outcome),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
