"""What a stored run must hold beyond what its dataclasses say, before anything is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.codec import plain
from benchbench.display.text import neutral, shown
from benchbench.errors import ResultError
from benchbench.suite.checks import check_names
from benchbench.suite.limits import check_places, check_ratios

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.results.schema import CellResult, Results

__all__ = ["RUN", "STATES", "check_whole", "misfit", "whole_records"]

# Kinds: a tuple of types; a list of one kind; a mapping of one kind under ``*``; else keys, those
# with a question mark optional. What is not named may be anything.
TEXT, FLAG, COUNT, NUMBER = (str,), (bool,), (int,), (int, float)
MAYBE = (int, float, type(None))

ONE_DATA: dict[str, Any] = {
    "name": TEXT,
    "source": TEXT,
    "synthetic": FLAG,
    "digest": TEXT,
    "samples": (int, type(None)),
    "warnings": [TEXT],
    "distribution?": {"*": {"*": COUNT}},
    "faults?": [TEXT],
    "shape?": TEXT,
    "identity?": TEXT,
}
DATA = {**ONE_DATA, "also?": [ONE_DATA]}
EXTENSION = dict.fromkeys(("kind", "name", "package", "version", "problem"), TEXT)
HEADER_RUN: dict[str, Any] = {
    "id": TEXT,
    "mode": TEXT,
    "command": TEXT,
    "started?": TEXT,
    "revision?": TEXT,
    "changes?": [TEXT],
    "extensions?": [EXTENSION],
    "figures?": [{}],
    "damaged?": [TEXT],
    "node?": TEXT,
}
PLACE: dict[str, Any] = {"name": TEXT, "machine": TEXT, "fingerprint": {}}
RUN = {**HEADER_RUN, "complete": FLAG, "places?": [PLACE], "shared?": FLAG}
CURVE: dict[str, Any] = {
    "epoch": COUNT,
    "loss": NUMBER,
    "loss_public?": MAYBE,
    "accuracy_train?": MAYBE,
    "mse_train?": MAYBE,
    "accuracy_public?": MAYBE,
    "mse_public?": MAYBE,
    "accuracy_public_after_stdp": MAYBE,
    "seconds": NUMBER,
    "stdp?": [{"layer": TEXT, "spikes_in": NUMBER, "spikes_out": NUMBER, "weight_change": NUMBER}],
}
DETAIL: dict[str, Any] = {
    "repeats?": [{"value": MAYBE, "repeat?": COUNT, "valid?": FLAG}],
    "repeat?": COUNT,
    "coverage?": NUMBER,
    "T?": COUNT,
    "curve?": [CURVE],
    "seeds?": [{"seed": COUNT, "value": MAYBE, "guesses?": TEXT}],
    "offset_w?": NUMBER,
    "shapes?": TEXT,
    "place?": TEXT,
    "machine?": TEXT,
    "places?": [
        {
            "place": TEXT,
            "machine": TEXT,
            "value": MAYBE,
            "low": MAYBE,
            "high": MAYBE,
            "n": COUNT,
            "valid": FLAG,
            "reasons": [TEXT],
            "provenance": TEXT,
            "repeats": [{"repeat": COUNT, "value": MAYBE, "valid": FLAG}],
        }
    ],
}
CONFUSION: dict[str, Any] = {
    "classes": [TEXT],
    "confusion": [[NUMBER]],
    "recall": [MAYBE],
    "split": TEXT,
    "largest_class": NUMBER,
}
SCALES: dict[str, Any] = {"bin": NUMBER, "before": [NUMBER], "after": [NUMBER]}
COUNTED: dict[str, Any] = {
    **dict.fromkeys(("name", "kind"), TEXT),
    **dict.fromkeys(("params", "macs_dense", "macs_valid", "share"), NUMBER),
    "calls?": (int, type(None)),
    "shape_in?": (list, type(None)),
    "shape_out?": (list, type(None)),
}
LAYERS: dict[str, dict[str, Any]] = {  # of the figures whose layers are read again
    "macs_dense": COUNTED,
    "macs_effective": {"name": TEXT, "macs_effective": NUMBER, "density": NUMBER},
    "synops_exact": {"name": TEXT, "synops": NUMBER},
    "firing_rate": {"name": TEXT, "rate": NUMBER},
    "activation_sparsity": {"name": TEXT, "sparsity": NUMBER},
}
FIGURE: dict[str, Any] = {"name": TEXT, "unit": TEXT, "method": TEXT, "detail": {}}
HEADER: dict[str, Any] = {
    "benchbench": TEXT,
    "run": HEADER_RUN,
    "fingerprint": {},
    "data": DATA,
    "suite": {},
    "cells": [
        {"id": TEXT, "model": TEXT, "device": TEXT}
        | {"data?": TEXT, "jobs?": COUNT, "identity?": TEXT}
    ],
}
JOB: dict[str, Any] = {
    "job": TEXT,
    "cell": TEXT,
    "task": TEXT,
    "repeat": COUNT,
    "status": TEXT,
    "reason": TEXT,
    "seconds": NUMBER,
    "facts": {},
    "measurements": [FIGURE],
}
PLACED: dict[str, Any] = {
    "place": TEXT,
    "wanted": TEXT,
    "machine": TEXT,
    "fingerprint": {},
}
MOST_LETTERS = 600  # of what is told of one result
STATES = ("ok", "pending", "invalid", "error", "oom", "timeout", "crash")


def misfit(value: Any, kind: Any, place: str) -> str:  # noqa: ANN401 - whatever JSON holds
    """Where a value is not of a kind, and what stands there; empty where all of it is."""
    if isinstance(kind, tuple):
        fits = isinstance(value, kind) and (bool in kind or not isinstance(value, bool))
        return "" if fits else f"{place} is {shown(value)}"
    if isinstance(kind, list):
        if not isinstance(value, list | tuple):
            return f"{place} is {shown(value)}, not a list"
        inner = ((it, kind[0], f"{place}[{index}]") for index, it in enumerate(value))
    elif not isinstance(value, dict):
        return f"{place} is {shown(value)}, not a mapping"
    elif "*" in kind:
        inner = ((it, kind["*"], f"{place}.{key}") for key, it in value.items())
    else:
        missing = [key for key in kind if not key.endswith("?") and key not in value]
        if missing:
            return f"{place} has no {missing[0]!r}"
        named = {key.removesuffix("?"): it for key, it in kind.items()}
        inner = ((value[key], it, f"{place}.{key}") for key, it in named.items() if key in value)
    return next((text for one in inner if (text := misfit(*one))), "")


def whole_records(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A journal's records; those of jobs that lack something count as damaged.

    So do a job that stands there twice, which would count as two processes, and all that follows a
    second first line.

    Raises:
        ValueError: The first, which says what was run, lacks something.
    """
    out: list[dict[str, Any]] = []
    done = set[tuple[Any, ...]]()
    runs = 0
    for number, record in enumerate(records, 1):
        kind, fault = record["kind"], ""
        runs += kind == "run"
        if kind == "run" and (fault := misfit(record, HEADER, "the first line")):
            raise ValueError(fault)
        if kind == "job":
            fault = misfit(record, JOB, "it") or _of_job(record, done)
        if kind == "place":
            fault = misfit(record, PLACED, "it")
        if runs > 1:
            fault = "it is of a second run, which begins in the middle"
        out.append({"kind": "damaged", "line": number, "why": fault} if fault else record)
    return out


def _of_job(record: dict[str, Any], done: set[tuple[Any, ...]]) -> str:
    """What is wrong with a job that lacks nothing, beside those that were done before it."""
    if record["status"] not in STATES:
        return f"it has the status {shown(record['status'])}"
    job = (record.get("part"), record.get("place"), record["job"])
    if record.get("lost"):
        return ""
    if job in done:
        return f"the job {shown(record['job'])} stands there already"
    done.add(job)
    return ""


def check_whole(results: Results, name: str) -> None:
    """Refuse a result that lacks something that reports and comparisons are made of.

    Raises:
        ResultError: It does; the message says what.
    """
    fault = misfit(results.run, RUN, "run") or misfit(results.data, DATA, "data")
    fault = fault or _of_suite(results) or _of_cells(results)
    if fault:
        text = neutral(fault)[:MOST_LETTERS]  # any key may stand in it
        raise ResultError(f"{name}: not a whole result of benchbench: {text}")


def _of_suite(results: Results) -> str:
    document = plain(results.suite)
    keys = ("models", "tables", "figures", "claims")
    listed = {**document, **{key: [_listed(it) for it in document[key]] for key in keys}}
    found = check_places(listed) + check_names(listed) + check_ratios(listed)
    return next((f"suite.{'.'.join(map(str, place))}: {text}" for place, text in found), "")


def _listed(value: Any) -> Any:  # noqa: ANN401 - what `plain` gives
    """The same with lists in place of tuples, as a file has them."""
    if isinstance(value, dict):
        return {key: _listed(it) for key, it in value.items()}
    return [*map(_listed, value)] if isinstance(value, tuple | list) else value


def _of_cells(results: Results) -> str:
    ids, seen = {model.id for model in results.suite.models}, set[str]()
    for cell in results.cells:
        if cell.model not in ids or cell.model in seen or cell.status not in STATES:
            what = f"{shown(cell.model)} with the status {shown(cell.status)}"
            return f"the cell of {what} stands twice, or is none of its suite's"
        seen.add(cell.model)
        if fault := _of_figures(cell):
            return f"{cell.model}: {fault}"
    return ""


def _of_figures(cell: CellResult) -> str:
    for name, it in cell.measurements.items():
        if it.name != name:
            return f"{shown(name)} holds the figure {shown(it.name)}"
        detail = dict(it.detail)
        fault = misfit(detail, DETAIL, name)
        if "confusion" in detail:
            fault = fault or misfit(detail, CONFUSION, name)
            fault = fault or _uneven(detail, ("confusion", "recall"))
            if not fault and len(detail["classes"]) > len(detail["confusion"]):
                fault = "there are more classes than rows of confusion"
            fault = fault or _no_square(detail["confusion"])
        if name in LAYERS and "layers" in detail:
            fault = fault or misfit(detail, {"layers": [LAYERS[name]]}, name)
        if "bin" in detail:
            fault = fault or misfit(detail, SCALES, name) or _uneven(detail, ("before", "after"))
        if fault:
            return fault
    return misfit(
        {key: it for key, it in cell.facts.items() if isinstance(it, dict)},
        {"*": {"*": TEXT}},
        "facts",
    )


def _no_square(rows: list[list[Any]]) -> str:
    if any(len(row) != len(rows) for row in rows):
        return "confusion is no square"
    return ""


def _uneven(detail: dict[str, Any], keys: tuple[str, ...]) -> str:
    sizes = {len(detail[key]) for key in keys}
    return f"{', '.join(keys)} are not of one length" if len(sizes) > 1 else ""
