"""One figure from the same figure of several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.metrics.measurement import Measurement
from benchbench.metrics.registry import METRICS
from benchbench.metrics.statistics import t_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["merge"]


def merge(repeats: Sequence[Measurement]) -> Measurement:
    """One figure from the same figure of several processes.

    The value is the mean with a t-interval, or the largest, as the figure declares it; each
    process's own value stays in ``detail["repeats"]``. Simulated and real figures are never merged,
    and neither are figures of machines or software that differ.

    Args:
        repeats: Figures of the same metric, one a process, at least one.
    """
    first = repeats[0]
    values = [item.value for item in repeats if item.value is not None]
    reasons = _reasons(repeats)
    detail: dict[str, Any] = {
        "repeats": [{"value": item.value, "valid": item.valid, **item.detail} for item in repeats]
    }
    if mixed := _mixed(repeats):
        return Measurement(
            first.name,
            None,
            first.unit,
            first.method,
            n=0,
            valid=False,
            reasons=(mixed,),
            detail=detail,
        )
    value, low, high = None, None, None
    declared = METRICS.get(first.name)
    if declared is not None and declared.merge == "largest":
        value = max(values, default=None)
    elif len(values) > 1:
        value, low, high = t_interval(values)
    elif values:
        value, low, high = values[0], first.low, first.high
    return Measurement(
        first.name,
        value,
        first.unit,
        first.method,
        n=len(values) if len(repeats) > 1 else first.n,
        low=low,
        high=high,
        valid=bool(values) and all(item.valid for item in repeats),
        reasons=reasons,
        provenance=first.provenance,
        detail=detail if len(repeats) > 1 else first.detail,
    )


def _mixed(repeats: Sequence[Measurement]) -> str:
    """Why some figures must not become one; empty where they may."""
    if len({item.provenance for item in repeats}) > 1:
        return "some repeats came from a simulated sensor and some from a real one"
    if len({item.detail.get("machine") for item in repeats}) > 1:
        return "the repeats are of machines whose fingerprints differ: they are never averaged"
    return ""


def _reasons(repeats: Sequence[Measurement]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for item in repeats:
        for reason in item.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    return tuple(
        reason if count == len(repeats) else f"{reason} ({count} of {len(repeats)})"
        for reason, count in counts.items()
    )
