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
    jobs = [record for record in records if record["kind"] == "job"]
    damaged = [*header["run"].get("damaged", ()), *map(_damage, records)]
    damaged = [text for text in damaged if text]
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


def _damage(record: Mapping[str, Any]) -> str:
    """What is told of a damaged line; empty of any other."""
    if record["kind"] != "damaged":
        return ""
    return f"line {record['line']} of the journal: {record['why']}; what it held is left out"


def _is_damaged(records: Sequence[Mapping[str, Any]]) -> bool:
    return bool(records) and records[0].get("kind") == "damaged"


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
