"""Which journal a run writes: that of an unfinished run of the same plan, or a new one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchbench import __version__
from benchbench.errors import OutputError, ResultError
from benchbench.files import digest_of
from benchbench.results import journal
from benchbench.results.whole import HEADER, misfit, whole_records
from benchbench.running.cells import UNNAMED, machine_digest, plan_digest
from benchbench.running.node import node

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.running.plan import Plan

__all__ = ["Header", "journal_of", "new_run"]

Record = dict[str, Any]


class Header(Protocol):
    """Makes the first line of a journal."""

    def __call__(self, run_id: str, damaged: Sequence[str]) -> Record:
        """The first line of the run of a name; `damaged` is what its results must tell."""


def journal_of(
    folder: Path, the_plan: Plan, header: Header, tell: Callable[[str], None]
) -> tuple[journal.Journal, Path]:
    """The journal of an unfinished run of the same plan, or of a new one, its first line written.

    Of a journal whose first line is damaged, those lines are taken up that prove by themselves
    that they are of this plan and this machine; it is kept as it was under another name.

    Args:
        folder: Folder of all runs of the suite.
        the_plan: What is run.
        header: Makes the first line.
        tell: Hears of damage.

    Raises:
        OutputError: It cannot be written, or another process is running this very plan: measured
            at the same time, the two would disturb each other.
    """
    plan, damaged = plan_digest(the_plan.jobs), list[str]()
    for place in sorted(folder.glob(f"*/{journal.JOURNAL}"), reverse=True):
        try:
            records, fault = _looked_at(place.parent, plan)
            if fault:
                found = _repaired(place.parent, records, fault, the_plan, header)
                if found is None:
                    continue
                text, goes_on = found
                tell(text)
                if not goes_on:
                    damaged.append(text)
                    continue
            elif not _goes_on(records, plan):
                continue
            elif other := _elsewhere(records[0], the_plan):
                tell(
                    f"{place.parent.name} is unfinished, and was measured with {other}: it is left "
                    "as it is"
                )
                continue
            return journal.Journal(place.parent), place.parent
        except journal.LockedError as error:
            raise OutputError(
                f"{error}, and measures the same: wait for it, end it, or give another --out"
            ) from error
        except (OutputError, ResultError):
            continue  # not to be read or written: not ours to take up
    place = new_run(folder)
    book = journal.Journal(place)
    book.append(header(place.name, damaged))
    return book, place


def new_run(folder: Path) -> Path:
    """A folder for a new run of a suite, named by this second."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    taken = len(list(folder.glob(f"{stamp}*")))
    return folder / (f"{stamp}-{taken}" if taken else stamp)


def _looked_at(folder: Path, plan: str) -> tuple[list[Record], str]:
    """A journal's records, and what is wrong with the first of them; empty where nothing is."""
    records = journal.read(folder)
    if not records:  # of an empty one nothing was lost
        return [], "it is torn" if (folder / journal.JOURNAL).stat().st_size else ""
    if records[0]["kind"] == "damaged":
        return records, str(records[0]["why"])
    if records[0]["kind"] != "run":
        return records, "it is not there"
    return records, misfit(records[0], HEADER, "it") if records[0].get("plan") == plan else ""


def _goes_on(records: Sequence[Record], plan: str) -> bool:
    """Whether a whole journal is of a run of this plan that has not ended."""
    return (
        bool(records)
        and records[0].get("plan") == plan
        and records[-1]["kind"] != "end"
        and not _outdated(whole_records(records))
    )


def _elsewhere(header: Record, the_plan: Plan) -> str:
    """What another machine or other software a run began with; empty where they are this one's."""
    then, now = header["fingerprint"], json.loads(json.dumps(the_plan.fingerprint, default=str))
    if any(job.task == "time" for job in the_plan.jobs):  # all its rounds are of one node
        then, now = {**then, **_node(header["run"])}, {**now, **node()}
    then, now = {**then, "benchbench": header["benchbench"]}, {**now, "benchbench": __version__}
    return ", ".join(
        f"{name} {then.get(name, 'none')} (now {now.get(name, 'none')})"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    )


def _node(run: Record) -> Record:
    return {"node": run["node"]} if "node" in run else {}


def _outdated(records: Sequence[Record]) -> bool:
    """Whether a finished job loaded code that is another now, and that no cell's id could have."""
    loaded = [record.get("facts", {}).get(UNNAMED, {}) for record in records]
    return any(
        not Path(file).is_file() or digest_of(Path(file)) != digest
        for files in loaded
        for file, digest in files.items()
    )


def _repaired(
    folder: Path, records: Sequence[Record], fault: str, the_plan: Plan, header: Header
) -> tuple[str, bool] | None:
    """What becomes of a journal whose first line is damaged.

    Returns:
        What is told, and whether the run goes on there; None where it is a run of another plan, or
        one that has ended, or that another process is just beginning: it is left as it is.

    Raises:
        LockedError: Another process is running this plan.
        OutputError: It cannot be written.
    """
    plan, machine = plan_digest(the_plan.jobs), machine_digest(the_plan.fingerprint)
    wanted = {job.id for job in the_plan.jobs}
    jobs = [it for it in records if it["kind"] == "job"]
    jobs = [it for it in whole_records(jobs) if it["kind"] == "job"]
    if records and records[-1]["kind"] == "end":
        return None
    if any(it.get("plan", plan) != plan or it["job"] not in wanted for it in jobs):
        return None
    # A line from before lines told plan and machine proves nothing: its times may be another's.
    proven = {
        it["job"]: it for it in jobs if it.get("plan") == plan and it.get("machine") == machine
    }
    kept = [] if _outdated([*proven.values()]) else [*proven.values()]
    aside = journal.free_name(folder)
    ending = (
        f"{len(kept)} finished job(s) below it prove to be of this run and are kept"
        if kept
        else "nothing below it proves to be of this run, and all is measured anew"
    )
    text = (
        f"the first line of {folder.name}/{journal.JOURNAL} is damaged ({fault}): it is kept as "
        f"{aside.name}, {ending}"
    )
    try:
        journal.replace(folder, aside, [header(folder.name, [text]), *kept] if kept else [])
    except journal.LockedError:
        if jobs:
            raise
        return None
    return text, bool(kept)
