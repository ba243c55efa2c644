"""Starts the parts of a run, watches them, and makes one run of what they write.

It may be killed at any time: the parts go on where their engine lets them, and the same command
attaches to those that wait or run, starts again what has died, and takes over what was finished.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchbench.errors import OutputError
from benchbench.results import journal
from benchbench.results.aggregate import aggregated
from benchbench.results.whole import whole_records
from benchbench.running.collecting import Collector
from benchbench.running.resuming import journal_of
from benchbench.running.runner import header_of, now
from benchbench.running.watch import PartsWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchbench.results.schema import Results
    from benchbench.running.engine import Engine
    from benchbench.running.parts import Part
    from benchbench.running.plan import Plan, RunRequest
    from benchbench.running.runner import Progress

__all__ = ["Submission", "submitted"]


@dataclass(frozen=True, slots=True)
class Submission:
    """A run that is carried out in parts.

    Attributes:
        request: What was asked for.
        plan: What it comes to.
        parts: Its parts, in the order that they are started in.
        engine: What starts them.
        share: Whether timed parts run beside other work.
        cancels: Whether an interrupt ends the parts too.
    """

    request: RunRequest
    plan: Plan
    parts: Sequence[Part]
    engine: Engine
    share: bool = False
    cancels: bool = False


def submitted(
    order: Submission, root: Path, progress: Progress, keep: Callable[[Results, Path], None]
) -> tuple[Results, Path]:
    """Carry a run out in parts, and write its results.

    Args:
        order: What to run, and what starts it.
        root: Runs are kept in ``<root>/<suite>/<run id>/``.
        progress: Who watches.
        keep: Writes the reports.

    Returns:
        The results and the run's folder. Of a part that was ended before its time the results have
        a row with the reason; the run is then unfinished, and the same command goes on.

    Raises:
        OutputError: It cannot be written, or is being run already.
        BenchbenchError: A part cannot be started.
        KeyboardInterrupt: It was interrupted; what was finished has been written.
    """
    plan = replace(order.plan, fingerprint={**order.plan.fingerprint, "shared": order.share})
    header = partial(_header, plan, order.parts)
    book, folder = journal_of(root / plan.suite.name, plan, header, progress.damage)
    with book:
        collector = Collector(plan, folder, book, shared=order.share)
        watch = PartsWatch(order, folder, collector, progress)
        try:
            watch.begin()
            while not watch.step():
                time.sleep(watch.pause_s)
        except BaseException:
            watch.leave()
            with contextlib.suppress(OutputError):  # what stopped the run is what is told
                keep(aggregated(_records(folder)), folder)
            raise
        finally:
            order.engine.close()
        end = {"kind": "end", "time": now()}
        complete = not watch.has_failed
        found = aggregated([*_records(folder), *([end] if complete else [])])
        keep(found, folder)
        if complete:
            book.append(end)
    return found, folder


def _header(
    plan: Plan, parts: Sequence[Part], run_id: str, damaged: Sequence[str]
) -> dict[str, Any]:
    """The first line of the run's journal; every part's jobs are expected."""
    found = header_of(plan, run_id, damaged)
    expected = dict[str, int]()
    for part in parts:
        for job in part.jobs:
            expected[job.cell.id] = expected.get(job.cell.id, 0) + 1
    cells = [{**cell, "jobs": expected.get(cell["id"], 0)} for cell in found["cells"]]
    return {**found, "cells": cells}


def _records(folder: Path) -> list[dict[str, Any]]:
    return whole_records(journal.read(folder))
