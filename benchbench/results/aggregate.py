"""Journal -> `Results`: merges the repeats of each cell and forms the ratios."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from benchbench.codec import restored
from benchbench.errors import ResultError
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.ratio import NoRatio, Ratio
from benchbench.metrics.registry import METRICS, ready, remember
from benchbench.results import journal
from benchbench.results.absent import absent
from benchbench.results.other_data import model_ratio
from benchbench.results.places import (
    chosen_place,
    current,
    merged_at,
    places_of,
    reference_place,
)
from benchbench.results.schema import CellResult, ModelRatio, Results, check_schema
from benchbench.results.whole import STATES
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["aggregated"]


def aggregated(records: Sequence[Mapping[str, Any]]) -> Results:
    """The result of a run from its journal's records, finished or not.

    Lines that were damaged are told in its `run`, under ``damaged``.

    Raises:
        ResultError: The journal has no header or is of another schema version.
    """
    if not records or records[0].get("kind") != "run":
        why = f": its first line is damaged: {records[0]['why']}" if _is_damaged(records) else ""
        raise ResultError(f"the journal has no header{why or ': nothing was run'}")
    header = records[0]
    check_schema(header, journal.JOURNAL)
    suite = restored(Suite, header["suite"])
    jobs = current([record for record in records if record["kind"] == "job"])
    places, reference = places_of(records), reference_place(jobs)
    damaged = [*header["run"].get("damaged", ()), *map(_damage, records)]
    damaged = [text for text in damaged if text]
    measured = [item for job in jobs for item in job["measurements"]]
    remember(absent(header["run"], measured))
    usual = 1 + suite.settings.repeats
    of_cell = dict[str, list[Any]]()
    for job in jobs:
        of_cell.setdefault(job["cell"], []).append(job)
    cells = tuple(
        _cell(cell, of_cell.get(cell["id"], []), cell.get("jobs", usual), places, reference)
        for cell in header["cells"]
    )
    run = {
        **header["run"],
        "finished": records[-1].get("time"),
        "complete": records[-1]["kind"] == "end",
        **({"damaged": damaged} if damaged else {}),
        **({"places": [*places.values()]} if places else {}),
        **({"shared": True} if any(job.get("shared") for job in jobs) else {}),
    }
    return Results(
        run,
        places[reference]["fingerprint"] if reference in places else header["fingerprint"],
        header["data"],
        suite,
        cells,
        tuple(_comparisons(suite, cells)),
        header["benchbench"],
    )


def _damage(record: Mapping[str, Any]) -> str:
    """What is told of a damaged line; empty of any other."""
    if record["kind"] != "damaged":
        return ""
    return f"line {record['line']} of the journal: {record['why']}; what it held is left out"


def _is_damaged(records: Sequence[Mapping[str, Any]]) -> bool:
    return bool(records) and records[0].get("kind") == "damaged"


def _cell(
    head: Mapping[str, Any],
    jobs: Sequence[Mapping[str, Any]],
    expected: int,
    places: Mapping[str, Mapping[str, Any]],
    reference: str,
) -> CellResult:
    found: dict[str, list[tuple[str, Measurement]]] = {}
    timed = [job for job in jobs if job["task"] == "time"]
    others = [job for job in jobs if job["task"] != "time"]
    at = {job["task"]: chosen_place(group, reference) for group in (timed, others) for job in group}
    chosen, shared = dict[str, str](), set[str]()
    for job in jobs:
        place = job.get("place", "")
        where = {"place": place, "machine": places[place]["machine"]} if place in places else {}
        for item in job["measurements"]:
            detail = {"repeat": job["repeat"], **where, **item["detail"]}
            figure = restored(Measurement, {**item, "detail": detail})
            found.setdefault(item["name"], []).append((place, figure))
            chosen.setdefault(item["name"], at[job["task"]])
            shared |= {item["name"]} if job.get("shared") else set()
    states = [job["status"] for job in jobs] + ["pending"] * (len(jobs) < expected)
    merged = {
        name: merged_at(figures, chosen[name], reference, shared=name in shared)
        for name, figures in found.items()
    }
    for probe in ready({"merged"}):
        merged |= {figure.name: figure for figure in probe.take({"merged": merged}).figures}
    mine = [job for job in jobs if job.get("place", "") == at[job["task"]]]
    return CellResult(
        head["id"],
        head["model"],
        next((job["device"] for job in (*timed, *jobs) if "device" in job), head["device"]),
        max(states, key=STATES.index),
        tuple(f"{_job_name(job)}: {job['reason']}" for job in jobs if job["reason"]),
        {key: value for job in mine for key, value in job["facts"].items()} | _told(jobs),
        {name: merged[name] for name in METRICS if name in merged},
        sum(job["seconds"] for job in jobs),
        head.get("data", ""),
    )


def _told(jobs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Which place did what of a cell; nothing of a run on one machine."""
    words = {"train": "trained on", "count": "counted on", "time": "timed on"}
    told = dict[str, dict[str, None]]()
    for job in jobs:
        if place := job.get("place"):
            told.setdefault(words[job["task"]], {})[place] = None
    return {key: " and ".join(names) for key, names in told.items()}


def _job_name(job: Mapping[str, Any]) -> str:
    name = f"repeat {job['repeat'] + 1}" if job["task"] == "time" else str(job["task"])
    return f"{name} on {job['place']}" if job.get("place") else name


def _comparisons(suite: Suite, cells: Sequence[CellResult]) -> list[ModelRatio]:
    """The ratios that tables and claims ask for; a refused one where both sides have a figure."""
    by_model = {cell.model: cell for cell in cells}
    wanted = [
        (metric, *table.ratio)
        for table, metric in product(suite.tables, METRICS)
        if table.ratio is not None
    ]
    wanted += [
        (claim.measure.metric, claim.measure.of, claim.measure.to)
        for claim in suite.claims
        if claim.measure
    ]
    out = []
    for metric, of, to in dict.fromkeys(wanted):
        over, under = by_model.get(of), by_model.get(to)
        if over is None or under is None:
            continue
        figures = over.measurements.get(metric), under.measurements.get(metric)
        if any(it is None or it.value is None for it in figures):
            continue
        match model_ratio(metric, over, under, (of, to)):
            case Ratio(value, low, high, n, why):
                out.append(ModelRatio(metric, of, to, value, low, high, n, why))
            case NoRatio(reason):
                out.append(ModelRatio(metric, of, to, None, None, None, 0, reason))
    return out
