"""A stored run as `compare` needs it: benchbench's results, or pytest-benchmark's JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.comparing.conditions import conditions
from benchbench.errors import ResultError
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.merging import merge
from benchbench.metrics.place import spots
from benchbench.metrics.registry import METRICS, measured
from benchbench.results import schema, stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchbench.suite.gate import Gate

__all__ = ["MACHINE", "StoredRun", "load", "of"]

# What a figure of time depends on; more than that is in a fingerprint, and may differ.
MACHINE = ("cpu", "cores", "gpus", "system", "python", "torch", "spikingjelly", "malloc", "threads")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One side of a comparison.

    Attributes:
        name: Where it is from.
        fingerprint: What its figures of time depend on.
        cells: Figures by name, by model or benchmark.
        gate: What its suite says of changes that matter; None where there is no suite.
        machines: Fingerprint of each machine of a merged run, by its digest.
        conditions: What else its figures depend on, by a name for each, by model.
        failed: Why a model has no full result, by model.
    """

    name: str
    fingerprint: Mapping[str, Any]
    cells: Mapping[str, Mapping[str, Measurement]]
    gate: Gate | None = None
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    def machine_of(self, figure: Measurement | None) -> Mapping[str, Any]:
        """What a figure of time depends on."""
        digests = [machine for _, machine in spots(figure)] if figure else []
        there = [self.machines[digest] for digest in digests if digest in self.machines]
        return there[0] if there else self._own

    @property
    def _own(self) -> Mapping[str, Any]:
        return {key: self.fingerprint.get(key) for key in MACHINE}


def load(path: Path) -> StoredRun:
    """Read a run's folder, its ``results.json``, or pytest-benchmark's JSON.

    A folder of pytest-benchmark's files is one side: each file is one process, and several have an
    interval.

    Raises:
        ResultError: It cannot be read, or is none of these.
    """
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if files and not (path / schema.RESULTS).is_file():
            return _merged(
                path, [_pytest_benchmark(file, stored.read_json(file)) for file in files]
            )
        return _ours(path)
    data = stored.read_json(path)
    return _pytest_benchmark(path, data) if _is_pytest_benchmark(data) else _ours(path)


def _is_pytest_benchmark(data: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return isinstance(data, dict) and "machine_info" in data and "benchmarks" in data


def _ours(path: Path) -> StoredRun:
    return of(stored.load(path), str(path))


def of(found: schema.Results, name: str) -> StoredRun:
    """A run of benchbench."""
    fingerprint = {key: found.fingerprint.get(key) for key in MACHINE}
    cells = {cell.model: cell.measurements for cell in found.cells}
    depends = {cell.model: conditions(found, cell.model) for cell in found.cells}
    failed = {it.model: f"{it.status}: {'; '.join(it.reasons)}" for it in found.failed}
    machines = {
        it["machine"]: {key: it["fingerprint"].get(key) for key in MACHINE}
        for it in found.run.get("places", ())
    }
    return StoredRun(name, fingerprint, cells, found.suite.gate, machines, depends, failed)


def _pytest_benchmark(path: Path, data: Any) -> StoredRun:  # noqa: ANN401 - whatever JSON holds
    """Its medians, seconds a step, and what the fixture `benchmark_model` counted."""
    if not _is_pytest_benchmark(data):
        raise ResultError(f"{path}: not a file of pytest-benchmark")
    try:
        machine = data["machine_info"]
        fingerprint = {
            "cpu": machine.get("cpu", {}).get("brand_raw"),
            "system": f"{machine.get('system')} {machine.get('release')} {machine.get('machine')}",
            "python": machine.get("python_version"),
        }
        cells = {
            str(item["fullname"]): {"median": _median(path, item)} | _counted(item)
            for item in data["benchmarks"]
        }
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ResultError(f"{path}: not a file of pytest-benchmark: {error!r}") from error
    return StoredRun(str(path), fingerprint, cells)


def _median(path: Path, item: Mapping[str, Any]) -> Measurement:
    """One benchmark's median.

    Raises:
        ResultError: It is not a positive number.
    """
    value = float(item["stats"]["median"])
    if not (math.isfinite(value) and value > 0):
        raise ResultError(f"{path}: the median of {item['fullname']} is {value}, not a time")
    return Measurement("median", value, "s", "timed", n=int(item["stats"]["rounds"]))


def _counted(item: Mapping[str, Any]) -> dict[str, Measurement]:
    """What is in ``extra_info`` under the name of a counted figure."""
    return {
        name: measured(name, value)
        for name, value in item.get("extra_info", {}).items()
        if name in METRICS and METRICS[name].method == "counted" and isinstance(value, int | float)
    }


def _merged(path: Path, files: Sequence[StoredRun]) -> StoredRun:
    """Several processes as one side.

    Raises:
        ResultError: They are of different machines.
    """
    first = files[0]
    for file in files:
        if file.fingerprint != first.fingerprint:
            raise ResultError(f"{file.name}: another machine than that of {first.name}")
    names = dict.fromkeys(name for file in files for name in file.cells)
    cells = {}
    for name in names:
        figures = [file.cells[name] for file in files if name in file.cells]
        cells[name] = {
            key: merge([one[key] for one in figures if key in one]) for key in figures[0]
        }
    return StoredRun(str(path), first.fingerprint, cells)
