"""github-action-benchmark: its tools ``customSmallerIsBetter`` and ``customBiggerIsBetter``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchbench.report.banner import marks
from benchbench.report.exports.base import export, usable

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = ["github_action"]

FILES = {"lower": "customSmallerIsBetter.json", "higher": "customBiggerIsBetter.json"}


@export("github-action-benchmark", "JSON of github-action-benchmark, a file a direction")
def github_action(results: Results) -> dict[str, str]:
    """A list of name, unit, value and range for each direction, named after the action's tool.

    The action finds an earlier value by its name: that is the model's id, which no two share, with
    what a run's figures are not to be read without.
    """
    found: dict[str, list[dict[str, Any]]] = {file: [] for file in FILES.values()}
    under = "".join(f" ({mark})" for mark in marks(results))
    for cell, metric, figure in usable(results):
        line: dict[str, Any] = {
            "name": f"{cell.model}: {metric.title}{under}",
            "unit": metric.unit,
            "value": figure.value,
        }
        if figure.low is not None and figure.high is not None:
            line["range"] = f"{figure.low:.6g} to {figure.high:.6g}"
        line["extra"] = f"{metric.method}, n={figure.n}\n{cell.device}"
        found[FILES[metric.better]].append(line)
    return {file: json.dumps(lines, indent=1) + "\n" for file, lines in found.items()}
