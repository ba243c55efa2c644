"""NeuroBench's result files: keys and types of ``Benchmark.save_benchmark_results`` (2.x)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from benchbench.report.banner import marks
from benchbench.report.exports.base import export

if TYPE_CHECKING:
    from benchbench.results.schema import CellResult, Results

__all__ = ["neurobench", "results_of"]

KEYS = {
    "Footprint": "footprint",
    "ParameterCount": "params",
    "ConnectionSparsity": "weight_sparsity",
    "ClassificationAccuracy": "accuracy",
    "ActivationSparsity": "activation_sparsity",
}
WHOLE = ("footprint", "params")


@export("neurobench", "NeuroBench's result JSON, one file a model")
def neurobench(results: Results) -> dict[str, str]:
    """``neurobench-<model>.json`` for each model; a metric that was not got is left out.

    Its files have no place for a word: that a run was a quick one, or on drawn data, is in their
    names.
    """
    under = "".join(f"-{re.sub(r'[^A-Za-z0-9]+', '_', mark)}" for mark in marks(results))
    return {
        f"neurobench-{cell.model}{under}.json": json.dumps(results_of(cell), indent=4) + "\n"
        for cell in results.cells
    }


def results_of(cell: CellResult) -> dict[str, Any]:
    """A cell as NeuroBench's harness gives it.

    Its ``Dense`` is our ``macs_valid``, over all time steps; ``Effective_ACs`` are the accumulates
    of spikes, ``Effective_MACs`` those mult-adds of other layers whose input is not 0.
    """
    values = {
        name: figure.value
        for name, figure in cell.measurements.items()
        if figure.value is not None and figure.valid
    }
    found: dict[str, Any] = {
        key: int(values[name]) if name in WHOLE else float(values[name])
        for key, name in KEYS.items()
        if name in values
    }
    if {"macs_valid", "macs_effective"} <= {*values}:
        spikes = float(values.get("synops_exact", 0.0))
        found["SynapticOperations"] = {
            "Effective_MACs": float(values["macs_effective"]) - spikes,
            "Effective_ACs": spikes,
            "Dense": float(values["macs_valid"]),
        }
    return found
