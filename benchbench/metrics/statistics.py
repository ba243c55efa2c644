"""Intervals. The process is the sample: one window of one fresh process is one observation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchbench.metrics.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONFIDENCE", "PEAKS", "merge", "paired_ratio", "t_interval", "wilson"]

CONFIDENCE = 0.95
PEAKS = ("_rss", "_gpu_memory")  # the worst of all processes, not their mean


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % Student-t interval of independent observations.

    Args:
        values: At least two.

    Returns:
        Mean, lower end, upper end.

    Raises:
        ValueError: There are fewer than two values: no interval can be told.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that only a finished run needs

    n = len(values)
    if n < 2:
        raise ValueError("an interval needs two observations")
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance / n)
    return mean, mean - half, mean + half


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927), which stays inside 0 to 1.

    Args:
        hits: How many were right.
        total: Of how many, at least one.

    Returns:
        Lower and upper end.
    """
    z = 1.959963984540054  # the 97.5 % quantile of the normal distribution
    share, weight = hits / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return middle - half, middle + half


def merge(repeats: Sequence[Measurement]) -> Measurement:
    """One figure from the same figure of several processes.

    The value is the mean with a t-interval (the maximum, for a peak); each process's own value
    stays in ``detail["repeats"]``. Simulated and real figures are never merged.

    Args:
        repeats: At least one, all of the same metric.
    """
    first = repeats[0]
    values = [item.value for item in repeats if item.value is not None]
    reasons = _reasons(repeats)
    detail: dict[str, Any] = {
        "repeats": [{"value": item.value, "valid": item.valid, **item.detail} for item in repeats]
    }
    if len({item.provenance for item in repeats}) > 1:
        mixed = "some repeats came from a simulated sensor and some from a real one"
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
    if first.name.endswith(PEAKS):
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


def _reasons(repeats: Sequence[Measurement]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for item in repeats:
        for reason in item.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    return tuple(
        reason if count == len(repeats) else f"{reason} ({count} of {len(repeats)})"
        for reason, count in counts.items()
    )


def paired_ratio(
    over: Sequence[float],
    under: Sequence[float],
) -> tuple[float, float | None, float | None]:
    """Ratio of two models' figures, paired by round, with its 95 % interval.

    The rounds are interleaved, so a drift of the machine is in both figures of a pair and falls
    out of their ratio: the interval is Student's t over the log-ratios.

    Args:
        over: The numerator's values, one a round, positive.
        under: The denominator's, of the same rounds.

    Returns:
        Geometric mean of the ratios, lower and upper end (None with fewer than two pairs).
    """
    logs = [math.log(a / b) for a, b in zip(over, under, strict=True)]
    if len(logs) < 2:
        return math.exp(logs[0]), None, None
    mean, low, high = t_interval(logs)
    return math.exp(mean), math.exp(low), math.exp(high)
