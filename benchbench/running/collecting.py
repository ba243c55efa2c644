"""The journals of a run's parts -> the journal of the run, line by line as they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.errors import ResultError
from benchbench.results import journal
from benchbench.results.places import PlaceNames
from benchbench.results.traces import with_trace
from benchbench.results.whole import whole_records
from benchbench.running.cells import ANYWHERE
from benchbench.running.parts import PARTS
from benchbench.running.runner import now

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.running.cells import Job
    from benchbench.running.launcher import Status
    from benchbench.running.parts import Part
    from benchbench.running.plan import Plan

__all__ = ["Collector"]

Record = dict[str, Any]
HERE = "this machine"  # place of a part that ran outside of a cluster


@dataclass(slots=True)
class _Source:
    """A journal of a part, as far as it was read.

    Attributes:
        header: Its first line.
        read: Bytes that were read.
        has_ended: Whether its last line was there.
        fault: Why nothing of it is taken; empty where all is.
    """

    header: Record = field(default_factory=dict)
    read: int = 0
    has_ended: bool = False
    fault: str = ""


class Collector:
    """Takes over what the parts have written, each line once, and says what is missing."""

    def __init__(self, plan: Plan, folder: Path, book: journal.Journal, *, shared: bool) -> None:
        """Know what the run's journal has already.

        Args:
            plan: The plan of the whole run.
            folder: Folder of the run.
            book: Its open journal.
            shared: Whether timed parts run beside other work.

        Raises:
            ResultError: The run's journal cannot be read.
        """
        self._book, self._folder, self._suite = book, folder, plan.suite.name
        self._shared = shared
        self._cells = {cell.model.id: cell for cell in plan.cells}
        self._sources: dict[Path, _Source] = {}
        self._has: set[tuple[str, str, str]] = set()
        self._done: set[tuple[str, str]] = set()
        records = whole_records(journal.read(folder))
        self._names = PlaceNames(it for it in records if it["kind"] == "place")
        for record in records:
            if record["kind"] == "job" and not record.get("lost"):
                self._note(record)

    def has(self, part: Part, job: Job) -> bool:
        """Whether a job of a part is done."""
        return (part.name, job.id) in self._done

    def has_ended(self, part: Part) -> bool:
        """Whether a part has come to its own end, and all of its jobs are here."""
        return any(it.has_ended and not it.fault for it in self._of(part))

    def refused(self, part: Part) -> str:
        """Why nothing is taken of what a part wrote last; empty where it is not refused."""
        return next((it.fault for it in reversed(self._of(part))), "")

    def collect(self, part: Part) -> list[Record]:
        """Take over what a part has written since.

        Returns:
            The lines that are new in the run's journal.

        Raises:
            OutputError: The run's journal cannot be written.
        """
        folder = self._folder / PARTS / part.name
        out = []
        for file in sorted(folder.glob(f"{self._suite}/*/{journal.JOURNAL}")):
            source = self._sources.setdefault(file, _Source())
            try:
                records, source.read = journal.read_on(file, source.read)
                records = whole_records(records)
            except (ResultError, ValueError):
                continue  # not there yet, or not whole: its run tells it, and starts anew
            for record in records:
                if record["kind"] == "run":
                    source.header, source.fault = record, self._unlike(record)
                elif record["kind"] == "end":
                    source.has_ended = True
                elif record["kind"] == "job" and source.header and not source.fault:
                    out += self._taken(record, part, source, file.parent)
        return out

    def lose(self, part: Part, status: Status, reason: str) -> list[tuple[Job, str]]:
        """Put down that a part has ended before its time: a line for each cell and task.

        Args:
            part: The part.
            status: What it comes to.
            reason: Why.

        Returns:
            The first job of each cell and task that is missing, and the reason.

        Raises:
            OutputError: The run's journal cannot be written.
        """
        first: dict[tuple[str, str], Job] = {}
        for job in part.jobs:
            if not self.has(part, job):
                first.setdefault((job.cell.id, job.task), job)
        for job in first.values():
            self._book.append(
                {
                    "kind": "job",
                    "job": job.id,
                    "cell": job.cell.id,
                    "task": job.task,
                    "repeat": job.repeat,
                    "time": now(),
                    "part": part.name,
                    "lost": True,
                    "status": status,
                    "reason": reason,
                    "measurements": [],
                    "facts": {},
                    "seconds": 0.0,
                }
            )
        return [(job, reason) for job in first.values()]

    def _of(self, part: Part) -> list[_Source]:
        """A part's journals, the newest last."""
        folder = self._folder / PARTS / part.name
        return [self._sources[file] for file in sorted(self._sources) if folder in file.parents]

    def _unlike(self, header: Record) -> str:
        """What a part ran that was not planned: it may have waited for hours."""
        for head in header["cells"]:
            cell = self._cells.get(head["model"])
            if cell is None:
                continue
            planned = cell.identity.get(ANYWHERE), cell.data.digest if cell.data else ""
            # A part of an older benchbench tells neither.
            found = head.get("identity", planned[0]), head.get("data", planned[1])
            if found != planned:
                return (
                    f"{cell.model.id}'s code or data was changed after the run was submitted: "
                    "nothing of this part is taken; give the same command again, for a new run"
                )
        return ""

    def _note(self, record: Record) -> None:
        self._has.add((record["part"], record["place"], record["job"]))
        self._done.add((record["part"], record["job"]))

    def _taken(self, record: Record, part: Part, source: _Source, run: Path) -> list[Record]:
        """A job's line as one of the whole run; none of what is there already."""
        head = next((it for it in source.header["cells"] if it["id"] == record["cell"]), None)
        cell = self._cells.get(head["model"]) if head else None
        if cell is None or head is None:
            return []
        there = source.header["fingerprint"]
        node = record.get("node") or source.header["run"].get("node") or HERE
        device = head["device"]
        wanted = node if device == "cpu" else f"{node}, {device}"
        place, new = self._names.named(wanted, there)
        job = record["job"].replace(record["cell"], cell.id, 1)
        if (part.name, place, job) in self._has:
            return []
        if new:
            self._book.append(new)
        ours = {
            **{key: it for key, it in record.items() if key not in {"plan", "machine", "node"}},
            "job": job,
            "cell": cell.id,
            "place": place,
            "part": part.name,
            "device": device,
            "measurements": [
                with_trace(it, part.name, run, self._folder) for it in record["measurements"]
            ],
            **({"shared": True} if self._shared and record["task"] == "time" else {}),
        }
        self._book.append(ours)
        self._note(ours)
        return [ours]
