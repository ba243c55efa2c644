"""Bencher Metric Format: https://bencher.dev/docs/reference/bencher-metric-format/."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchbench.report.exports.base import export, named, usable

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = ["bencher"]


@export("bencher", "Bencher Metric Format (BMF) JSON, by model and figure, with intervals")
def bencher(results: Results) -> dict[str, str]:
    """``bencher.json``: benchmarks are the models, measures are the figures in SI units."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for cell, metric, figure in usable(results):
        ends = {"lower_value": figure.low, "upper_value": figure.high}
        numbers = {key: end for key, end in ends.items() if end is not None}
        measures = found.setdefault(f"{named(results)}/{cell.model}", {})
        measures[metric.name] = {"value": float(figure.value or 0.0), **numbers}
    return {"bencher.json": json.dumps(found, indent=1) + "\n"}
