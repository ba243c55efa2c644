"""Journal -> `Results`: merges the repeats of each cell and forms the ratios."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from benchbench.errors import ResultError
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.registry import METRICS, measured, unavailable
from benchbench.metrics.statistics import PEAKS, merge, paired_ratio
from benchbench.results.schema import CellResult, Comparison, Results, check_schema, suite_of
from benchbench.running import journal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchbench.suite.schema import Suite

__all__ = ["assemble"]


def assemble(records: Sequence[Mapping[str, Any]]) -> Results:
    """The result of a run from its journal's records, finished or not.

    Raises:
        ResultError: The journal has no header or is of another schema version.
    """
    if not records or records[0].get("kind") != "run":
        raise ResultError("the journal has no header: nothing was run")
    header = records[0]
    check_schema(header, journal.JOURNAL)
    suite = suite_of(header["suite"])
    jobs = [record for record in records if record["kind"] == "job"]
    usual = 1 + suite.settings.repeats
    cells = tuple(
        _cell(cell, [job for job in jobs if job["cell"] == cell["id"]], cell.get("jobs", usual))
        for cell in header["cells"]
    )
    run = {
        **header["run"],
        "finished": records[-1].get("time"),
        "complete": records[-1]["kind"] == "end",
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
    order = ("ok", "pending", "invalid", "error", "oom", "timeout", "crash")
    found: dict[str, list[Measurement]] = {}
    for job in jobs:
        for item in job["measurements"]:
            found.setdefault(item["name"], []).append(
                Measurement.from_json(
                    {**item, "detail": {"repeat": job["repeat"], **item["detail"]}}
                )
            )
    states = [job["status"] for job in jobs] + ["pending"] * (len(jobs) < expected)
    merged = {name: merge(figures) for name, figures in found.items()}
    merged |= derived(merged)
    return CellResult(
        head["id"],
        head["model"],
        head["device"],
        max(states, key=order.index),
        tuple(f"{_job_name(job)}: {job['reason']}" for job in jobs if job["reason"]),
        {key: value for job in jobs for key, value in job["facts"].items()},
        {name: merged[name] for name in METRICS if name in merged},
        sum(job["seconds"] for job in jobs),
    )


def derived(figures: Mapping[str, Measurement]) -> dict[str, Measurement]:
    """Figures that are quotients of two others: accuracy per joule and per SynOp."""
    out = {}
    for name, under in (
        ("accuracy_per_joule", "infer_energy"),
        ("accuracy_per_synop", "synops_exact"),
    ):
        over, cost = figures.get("accuracy"), figures.get(under)
        if over is None or cost is None or over.value is None:
            continue
        if not cost.value:
            out[name] = unavailable(name, "; ".join(cost.reasons) or f"{under} is 0")
            continue
        ends = [end / cost.value if end is not None else None for end in (over.low, over.high)]
        out[name] = measured(
            name,
            over.value / cost.value,
            n=over.n,
            low=ends[0],
            high=ends[1],
            valid=over.valid and cost.valid,
            reasons=tuple(dict.fromkeys((*over.reasons, *cost.reasons))),
            provenance=cost.provenance,
        )
    return out


def _job_name(job: Mapping[str, Any]) -> str:
    return f"repeat {job['repeat'] + 1}" if job["task"] == "time" else str(job["task"])


def _comparisons(suite: Suite, cells: Sequence[CellResult]) -> list[Comparison]:
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
        pairs = _pairs(by_model.get(of, {}).get(metric), by_model.get(to, {}).get(metric))
        if pairs:
            over, under = zip(*pairs, strict=True)
            out.append(Comparison(metric, of, to, *paired_ratio(over, under), len(pairs)))
    return out


def _pairs(over: Measurement | None, under: Measurement | None) -> list[tuple[float, float]]:
    """The positive values of both sides, by round where both have rounds."""
    if over is None or under is None or not over.value or not under.value:
        return []
    if "repeats" not in over.detail or over.name.endswith(PEAKS):
        return [(over.value, under.value)]
    rounds = [
        {item["repeat"]: item["value"] for item in side.detail.get("repeats", [])}
        for side in (over, under)
    ]
    return [
        (rounds[0][key], rounds[1][key])
        for key in rounds[0]
        if rounds[0][key] and rounds[1].get(key)
    ]
