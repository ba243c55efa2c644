"""OpenMetrics text 1.0: https://prometheus.io/docs/specs/om/open_metrics_spec/."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchbench.report.banner import marks
from benchbench.report.exports.base import export, usable

if TYPE_CHECKING:
    from benchbench.metrics.figure import Figure
    from benchbench.results.schema import CellResult, Results

__all__ = ["openmetrics"]

UNITS = {"s": "seconds", "J": "joules", "W": "watts", "B": "bytes", "K": "kelvins", "Hz": "hertz"}
ENDS = {"low": "interval_low", "high": "interval_high"}


@export("openmetrics", "OpenMetrics text: a gauge a figure, by model, with its interval's ends")
def openmetrics(results: Results) -> dict[str, str]:
    """``openmetrics.txt``."""
    families: dict[str, list[str]] = {}
    for cell, metric, figure in usable(results):
        values = {"": figure.value, "low": figure.low, "high": figure.high}
        for end, value in values.items():
            if value is None:
                continue
            name = _name(metric) if not end else _name(metric, ENDS[end])
            lines = families.setdefault(name, _head(name, metric, end))
            lines.append(f"{name}{{{_labels(results, cell, metric)}}} {float(value)!r}")
    text = "\n".join(line for lines in families.values() for line in lines)
    return {"openmetrics.txt": f"{text}\n# EOF\n" if text else "# EOF\n"}


def _name(metric: Figure, end: str = "") -> str:
    parts = ["benchbench", metric.name, *([end] if end else [])]
    unit = UNITS.get(metric.unit, "")
    return re.sub(r"[^a-z0-9_]", "_", "_".join([*parts, *([unit] if unit else [])]).lower())


def _head(name: str, metric: Figure, end: str) -> list[str]:
    of = f"{end} end of the 95 % interval: " if end else ""
    lines = [f"# TYPE {name} gauge"]
    if unit := UNITS.get(metric.unit):
        lines.append(f"# UNIT {name} {unit}")
    return [*lines, f"# HELP {name} {_escaped(of + metric.title)} ({metric.method})"]


def _labels(results: Results, cell: CellResult, metric: Figure) -> str:
    labels = {
        "suite": results.suite.name,
        "model": cell.model,
        "device": cell.device,
        "method": metric.method,
        "run": str(results.run["id"]),
        "mode": str(results.run["mode"]),
        "data": results.data_of(cell)["name"],
        "conditions": ", ".join(marks(results)),
    }
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
