"""The vocabulary: every figure's name, unit, definition and probe, so no header hides one."""

from __future__ import annotations

from typing import Any

from benchbench.metrics import definitions, definitions_measured
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.metric import Metric

__all__ = ["METRICS", "PHASES", "PROBES", "Metric", "measured", "unavailable"]

PHASES = ("train", "infer")

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        *definitions.counted(),
        *definitions.stepped(),
        *definitions.trained(),
        *definitions_measured.modelled(),
        *definitions_measured.phased(),
        definitions_measured.latency(),
        definitions_measured.idle(),
    )
}

PROBES: tuple[str, ...] = tuple(dict.fromkeys(metric.probe for metric in METRICS.values()))


def measured(name: str, value: float, **fields: Any) -> Measurement:  # noqa: ANN401
    """A Measurement of the metric `name`, its unit and method from the vocabulary."""
    metric = METRICS[name]
    return Measurement(name, value, metric.unit, metric.method, **fields)


def unavailable(name: str, reason: str) -> Measurement:
    """The metric `name` as `n/a`, with the reason."""
    metric = METRICS[name]
    return Measurement.missing(name, metric.unit, metric.method, reason)
