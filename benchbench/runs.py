"""A stored run as `compare` needs it: benchbench's results, or pytest-benchmark's JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench import results
from benchbench.errors import ResultError
from benchbench.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchbench.gate.settings import Gate

__all__ = ["MACHINE", "Run", "load", "of"]

# What a figure of time depends on; more than that is in a fingerprint, and may differ.
MACHINE = ("cpu", "cores", "gpus", "system", "python", "torch", "spikingjelly", "malloc", "threads")


@dataclass(frozen=True, slots=True)
class Run:
    """One side of a comparison.

    Attributes:
        name: Where it is from.
        fingerprint: What its figures of time depend on.
        cells: Figures by name, by model or benchmark.
        gate: What its suite says of changes that matter; None where there is no suite.
    """

    name: str
    fingerprint: Mapping[str, Any]
    cells: Mapping[str, Mapping[str, Measurement]]
    gate: Gate | None = None


def load(path: Path) -> Run:
    """Read a run's folder, its ``results.json``, or a file of pytest-benchmark.

    Raises:
        ResultError: It cannot be read, or is neither.
    """
    if path.is_dir():
        return _ours(path)
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: cannot be read: {error}") from error
    if isinstance(data, dict) and "machine_info" in data and "benchmarks" in data:
        return _pytest_benchmark(path, data)
    return _ours(path)


def _ours(path: Path) -> Run:
    return of(results.load(path), str(path))


def of(found: results.Results, name: str) -> Run:
    """A run of benchbench."""
    fingerprint = {key: found.fingerprint.get(key) for key in MACHINE}
    fingerprint["data"] = found.data["digest"]
    cells = {cell.model: cell.measurements for cell in found.cells}
    return Run(name, fingerprint, cells, found.suite.gate)


def _pytest_benchmark(path: Path, data: Mapping[str, Any]) -> Run:
    """Its medians, seconds a round; one process, so no interval."""
    try:
        machine = data["machine_info"]
        fingerprint = {
            "cpu": machine.get("cpu", {}).get("brand_raw"),
            "system": f"{machine.get('system')} {machine.get('release')} {machine.get('machine')}",
            "python": machine.get("python_version"),
        }
        cells = {
            str(item["fullname"]): {"median": _median(path, item)} for item in data["benchmarks"]
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ResultError(f"{path}: not a file of pytest-benchmark: {error!r}") from error
    return Run(str(path), fingerprint, cells)


def _median(path: Path, item: Mapping[str, Any]) -> Measurement:
    """One benchmark's median.

    Raises:
        ResultError: It is not a positive number.
    """
    value = float(item["stats"]["median"])
    if not (math.isfinite(value) and value > 0):
        raise ResultError(f"{path}: the median of {item['fullname']} is {value}, not a time")
    return Measurement("median", value, "s", "timed", n=int(item["stats"]["rounds"]))
