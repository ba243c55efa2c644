"""Runs of several machines -> one stored run, in which each figure knows the run that it is of."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from benchbench import __version__
from benchbench.errors import ResultError
from benchbench.results import journal
from benchbench.results.aggregate import aggregated
from benchbench.results.places import PlaceNames
from benchbench.results.schema import check_schema
from benchbench.results.stored import of_journal
from benchbench.results.traces import with_trace
from benchbench.results.whole import whole_records
from benchbench.running.resuming import new_run
from benchbench.running.runner import command_line, now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchbench.results.schema import Results

__all__ = ["merged"]

Record = dict[str, Any]


def merged(
    runs: Sequence[Path], root: Path, keep: Callable[[Results, Path], None]
) -> tuple[Results, Path]:
    """One run out of several, which stay as they are.

    Args:
        runs: Folders of runs of one suite, with their journals.
        root: The new run is kept in ``<root>/<suite>/<run id>/``.
        keep: Writes the reports.

    Returns:
        The results and the new run's folder.

    Raises:
        ResultError: A run cannot be read, or they are not of one suite, its settings and data.
        OutputError: It cannot be written.
    """
    if len({it.resolve() for it in runs}) < max(2, len(runs)):
        raise ResultError("merge: give two runs or more, each once")
    read = [_records(run) for run in runs]
    heads = [records[0] for records in read]
    # Every pair: two runs may have a model that the first one has not.
    for (one, first), (other, second) in combinations(zip(runs, heads, strict=True), 2):
        if why := _unlike(first, second):
            raise ResultError(f"{other}: {why} than in {one}: such runs are not merged")
    labels = _labels(runs, heads)
    folder = new_run(root / heads[0]["suite"]["name"])
    cells = _cells(heads)
    with journal.Journal(folder) as book:
        book.append(_header(heads, cells, folder))
        names = PlaceNames()
        for run, label, records in zip(runs, labels, read, strict=True):
            for record in _of_run(run, label, records, names, cells, folder):
                book.append(record)
        end = {"kind": "end", "time": now()}
        whole = all(records[-1]["kind"] == "end" for records in read)
        lines = [*whole_records(journal.read(folder)), *([end] if whole else [])]
        found = aggregated(lines)
        keep(found, folder)
        if whole:
            book.append(end)
    return found, folder


def _records(run: Path) -> list[Record]:
    """The journal of a run.

    Raises:
        ResultError: There is none, or its first line is not whole.
    """
    try:
        records = whole_records(journal.read(run))
    except ValueError as error:
        raise ResultError(f"{run / journal.JOURNAL}: no record of a run: {error}") from error
    if not records or records[0]["kind"] != "run":
        raise ResultError(f"{run / journal.JOURNAL}: its first line is not there, or is damaged")
    check_schema(records[0], str(run / journal.JOURNAL))
    of_journal(run)  # refuses what is no whole run: another machine's may be anything
    return records


def _unlike(one: Record, other: Record) -> str:
    """What differs between two runs and must not; empty where nothing does."""
    for key in ("name", "settings", "models"):
        if one["suite"].get(key) != other["suite"].get(key):
            return f"the suite's {key} are other ones"
    if one["run"]["mode"] != other["run"]["mode"]:
        return f"it was run in another mode ({other['run']['mode']})"
    if one["data"]["digest"] != other["data"]["digest"]:
        return "it was measured on other data"
    mine = {cell["model"]: cell for cell in one["cells"]}
    for cell in other["cells"]:
        same = mine.get(cell["model"], cell)
        if cell.get("data") != same.get("data"):
            return f"{cell['model']} was measured on other data"
        if cell["device"] == same["device"] and cell["id"] != same["id"]:
            return f"{cell['model']} has another source, other packages or another checkpoint"
    return ""


def _cells(heads: Sequence[Record]) -> dict[str, Record]:
    """The cells of all runs by their models, in the suite's order, with the jobs of all of them."""
    found = dict[str, Record]()
    for head in heads:
        for cell in head["cells"]:
            jobs = found.get(cell["model"], {}).get("jobs", 0) + cell.get("jobs", 0)
            found[cell["model"]] = {**cell, **found.get(cell["model"], {}), "jobs": jobs}
    order = [model["id"] for model in heads[0]["suite"]["models"]]
    return {name: found[name] for name in order if name in found}


def _labels(runs: Sequence[Path], heads: Sequence[Record]) -> list[str]:
    """A name for each run: two machines may have begun theirs in the same second.

    Raises:
        ResultError: One is a copy of another.
    """
    out = list[str]()
    for index, head in enumerate(heads):
        if head in heads[:index]:
            other = runs[heads.index(head)]
            raise ResultError(f"{runs[index]}: the same run as {other}: it counts once")
        name = str(head["run"]["id"])
        out.append(name if name not in out else f"{name} ({index + 1})")
    return out


def _header(heads: Sequence[Record], cells: dict[str, Record], folder: Path) -> Record:
    first = heads[0]
    damaged = [text for head in heads for text in head["run"].get("damaged", ())]
    once = {"node", "damaged"} | {  # what is of one of them alone
        key
        for key in ("revision", "extensions", "figures")
        if any(head["run"].get(key) != first["run"].get(key) for head in heads)
    }
    changes = dict.fromkeys(text for head in heads for text in head["run"].get("changes", ()))
    return {
        **first,
        "benchbench": __version__,
        "plan": "",  # a merged run is none that a command takes up
        "run": {
            **{key: it for key, it in first["run"].items() if key not in once},
            "id": folder.name,
            "changes": [*changes],
            "started": min(str(head["run"].get("started", "")) for head in heads),
            "command": command_line(),
            "merged": [str(head["run"]["id"]) for head in heads],
            **({"damaged": damaged} if damaged else {}),
        },
        "cells": [*cells.values()],
    }


def _of_run(
    run: Path,
    label: str,
    records: Sequence[Record],
    names: PlaceNames,
    cells: dict[str, Record],
    folder: Path,
) -> Iterator[Record]:
    """The lines of a run as lines of the merged one, and before them the places that they name."""
    head = records[0]
    models = {cell["id"]: cell for cell in head["cells"]}
    known = {it["place"]: it for it in records if it["kind"] == "place"}
    for record in records[1:]:
        if record["kind"] == "damaged":
            yield record
        if record["kind"] != "job" or record["cell"] not in models:
            continue
        there = known.get(record.get("place", ""))
        wanted = f"run {label}" if there is None else f"{there['place']} of run {label}"
        fingerprint = head["fingerprint"] if there is None else there["fingerprint"]
        place, new = names.named(wanted, fingerprint)
        if new and not record.get("lost"):
            yield new
        cell = models[record["cell"]]
        ours = cells[cell["model"]]["id"]
        yield {
            **{key: it for key, it in record.items() if key not in {"plan", "machine", "node"}},
            "job": record["job"].replace(record["cell"], ours, 1),
            "cell": ours,
            **({} if record.get("lost") else {"place": place}),
            "part": f"{label} {record.get('part', '')}".strip(),
            "device": record.get("device", cell["device"]),
            "measurements": [
                with_trace(it, place.replace(" ", "-"), run, folder)
                for it in record["measurements"]
            ],
        }
