"""Journal -> `Results`: merges the repeats of each cell and forms the ratios."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from benchbench.codec import restored
from benchbench.errors import ResultError
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.merging import merge
from benchbench.metrics.ratio import NoRatio, Ratio, ratio
from benchbench.metrics.registry import METRICS, ready, remember
from benchbench.results import journal
from benchbench.results.absent import absent
from benchbench.results.schema import CellResult, ModelRatio, Results, check_schema
from benchbench.results.whole import HEADER, JOB, STATES, misfit
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["aggregated"]


def aggregated(records: Sequence[Mapping[str, Any]]) -> Results:
    """The result of a run from its journal's records, finished or not.

    Lines that were damaged are told in its `run`, under ``damaged``.

    Raises:
        ResultError: The journal has no header or is of another schema version, or what is in it is
            no record of a run.
    """
    if not records:
        raise ResultError("the journal has no header: nothing was run")
    header = records[0]
    if header.get("kind") != "run":
        why = f": {header['why']}" if header.get("kind") == "damaged" else ""
        raise ResultError(
            f"{journal.JOURNAL}: its first line, which says what was run, is damaged{why}"
        )
    check_schema(header, journal.JOURNAL)
    if fault := misfit(header, HEADER, "the first line"):
        raise ResultError(f"{journal.JOURNAL}: {fault}")
    try:
        return _result(header, _whole(records))
    except ValueError as error:
        raise ResultError(f"{journal.JOURNAL}: no record of a run: {error}") from error


def _whole(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records, those of jobs that lack something as damaged ones."""
    out: list[Mapping[str, Any]] = []
    for number, record in enumerate(records, 1):
        fault = misfit(record, JOB, "it") if record["kind"] == "job" else ""
        if not fault and record["kind"] == "job" and record["status"] not in STATES:
            fault = f"the status {record['status']!a}"
        out.append({"kind": "damaged", "line": number, "why": fault} if fault else record)
    return out


def _result(header: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Results:
    suite = restored(Suite, header["suite"])
    jobs = [record for record in records if record["kind"] == "job"]
    damaged = [f"line {it['line']}: {it['why']}" for it in records if it["kind"] == "damaged"]
    measured = [item for job in jobs for item in job["measurements"]]
    remember(absent(header["run"], measured))
    usual = 1 + suite.settings.repeats
    cells = tuple(
        _cell(cell, [job for job in jobs if job["cell"] == cell["id"]], cell.get("jobs", usual))
        for cell in header["cells"]
    )
    run = {
        **header["run"],
        "finished": records[-1].get("time"),
        "complete": records[-1]["kind"] == "end",
        **({"damaged": damaged} if damaged else {}),
    }
    return Results(
        run,
        header["fingerprint"],
        header["data"],
        suite,
        cells,
        tuple(_comparisons(suite, cells)),
        header["benchbench"],
    )


def _cell(head: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]], expected: int) -> CellResult:
    found: dict[str, list[Measurement]] = {}
    for job in jobs:
        for item in job["measurements"]:
            found.setdefault(item["name"], []).append(
                restored(
                    Measurement, {**item, "detail": {"repeat": job["repeat"], **item["detail"]}}
                )
            )
    states = [job["status"] for job in jobs] + ["pending"] * (len(jobs) < expected)
    merged = {name: merge(figures) for name, figures in found.items()}
    for probe in ready({"merged"}):
        merged |= {figure.name: figure for figure in probe.take({"merged": merged}).figures}
    return CellResult(
        head["id"],
        head["model"],
        head["device"],
        max(states, key=STATES.index),
        tuple(f"{_job_name(job)}: {job['reason']}" for job in jobs if job["reason"]),
        {key: value for job in jobs for key, value in job["facts"].items()},
        {name: merged[name] for name in METRICS if name in merged},
        sum(job["seconds"] for job in jobs),
        head.get("data", ""),
    )


def _job_name(job: Mapping[str, Any]) -> str:
    return f"repeat {job['repeat'] + 1}" if job["task"] == "time" else str(job["task"])


def _comparisons(suite: Suite, cells: Sequence[CellResult]) -> list[ModelRatio]:
    """The ratios that tables and claims ask for; a refused one where both sides have a figure."""
    by_model = {cell.model: cell.measurements for cell in cells}
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
        over, under = (by_model.get(model, {}).get(metric) for model in (of, to))
        if over is None or under is None or over.value is None or under.value is None:
            continue
        match ratio(over, under, names=(of, to)):
            case Ratio(value, low, high, n, why):
                out.append(ModelRatio(metric, of, to, value, low, high, n, why))
            case NoRatio(reason):
                out.append(ModelRatio(metric, of, to, None, None, None, 0, reason))
    return out
