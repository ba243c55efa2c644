"""Trainings that other runs have finished: their accuracy and counts are taken over.

A journal holds what a training was for: predictions, curve, and the counts of the trained model.
Where the weights are gone, on another machine above all, neither they nor a repetition is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench import __version__
from benchbench.errors import ResultError
from benchbench.metrics.registry import METRICS
from benchbench.results import journal
from benchbench.results.whole import whole_records
from benchbench.running.cells import machine_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchbench.running.cells import Cell

__all__ = ["TAKEN", "TakenOver", "taken"]

TAKEN = "taken from"  # the fact that says where a cell's training was made

OF_THAT_RUN = {
    *("plan", "machine"),
    *("place", "part", "device", "shared", "node", "lost"),  # of one that ran in parts, or merged
}

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What another run has of a cell.

    Attributes:
        where: Which run, on which machine; for people.
        records: Its lines of the journal, made this run's: the training, and the counts where they
            are there.
    """

    where: str
    records: tuple[Record, ...]

    @property
    def has_counts(self) -> bool:
        """Whether the counts of the trained model are there."""
        return any(record["task"] == "count" for record in self.records)


def taken(
    cells: Sequence[Cell], folder: Path, fingerprint: Mapping[str, Any]
) -> dict[str, TakenOver]:
    """What the runs in a folder have of some cells, by the cell's id.

    Of each cell the newest run that has its counts beside its training, since another run's counts
    may be of other weights; where none has, the newest that has its training.

    Args:
        cells: Cells whose weights are not here.
        folder: Folder of all runs, whatever their suite.
        fingerprint: This machine's; what another one's clock said is not taken over.
    """
    found: dict[str, TakenOver] = {}
    for header, places, jobs in _journals(folder) if cells else ():
        machines = {"": header["fingerprint"], **places}
        for cell in cells:
            known = found.get(cell.id)
            if known is not None and known.has_counts:
                continue
            same = header["benchbench"] == __version__  # another one may count otherwise
            if records := _of_cell(cell, jobs, counts=same):
                new = _made_ours(cell, records, header["run"]["id"], machines, fingerprint)
                found[cell.id] = new if known is None or new.has_counts else known
    return found


def _journals(folder: Path) -> Iterator[tuple[Record, dict[str, Record], list[Record]]]:
    """Header, fingerprints by place, and finished jobs of each run, the newest first.

    Damaged ones are left out.
    """
    places = folder.glob(f"*/*/{journal.JOURNAL}")
    for place in sorted(places, key=lambda it: it.parent.name, reverse=True):
        try:
            records = whole_records(journal.read(place.parent))
        except (ResultError, ValueError):
            continue  # it is told where a run is taken up
        if records and records[0]["kind"] == "run":
            jobs = [it for it in records if it["kind"] == "job" and it["status"] == "ok"]
            machines = {it["place"]: it["fingerprint"] for it in records if it["kind"] == "place"}
            yield records[0], machines, jobs


def _of_cell(cell: Cell, jobs: Sequence[Record], *, counts: bool) -> list[Record]:
    """A run's training of a cell, and its counts where they are of it; empty without a training."""
    of_training = [it for it in jobs if it["task"] == "train" and _is_of(cell, it)]
    if not of_training:
        return []
    same = of_training[0]["cell"]
    counted = [it for it in jobs if counts and it["task"] == "count" and it["cell"] == same]
    return [of_training[0], *(it for it in counted[:1] if _is_of(cell, it))]


def _is_of(cell: Cell, record: Record) -> bool:
    return bool(cell.identity) and record.get("identity") == cell.identity.get(record["task"])


def _made_ours(
    cell: Cell,
    records: Sequence[Record],
    run: str,
    machines: Mapping[str, Record],
    fingerprint: Mapping[str, Any],
) -> TakenOver:
    """The records as lines of this run, without what only that machine's clock can tell.

    Args:
        cell: The cell.
        records: Its training and counts.
        run: Id of the run that they are of.
        machines: Fingerprints by place; the run's own under no name.
        fingerprint: This machine's.
    """
    there = [machines.get(record.get("place", ""), machines[""]) for record in records]
    where = str(
        records[0]["facts"].get(TAKEN)
        or f"run {run} on {there[0].get('cpu', 'an unknown processor')}"
    )
    here = machine_digest(fingerprint)
    ours = tuple(
        {
            **{key: it for key, it in record.items() if key not in OF_THAT_RUN},
            "job": f"{cell.id}-{record['task']}",
            "cell": cell.id,
            "facts": {**record["facts"], TAKEN: where},
            "seconds": 0.0,
            "measurements": [
                it if machine_digest(machine) == here else _without_its_clock(it, where)
                for it in record["measurements"]
            ],
        }
        for record, machine in zip(records, there, strict=True)
    )
    return TakenOver(where, ours)


def _without_its_clock(figure: Record, where: str) -> Record:
    """A figure that its machine is in is none of this one's: its value is in the reason alone."""
    known = METRICS.get(figure["name"])
    if figure["value"] is None or known is None or known.rests_on != "machine":
        return figure
    unit = "" if figure["unit"] == "1" else f" {figure['unit']}"
    return {
        **figure,
        "value": None,
        "n": 0,
        "low": None,
        "high": None,
        "valid": False,
        "reasons": [f"measured on another machine, {where}: {figure['value']:.4g}{unit} there"],
    }
