"""Intervals. The process is the sample: one window of one fresh process is one observation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CONFIDENCE",
    "difference_error",
    "holm",
    "mcnemar",
    "paired_difference",
    "paired_ratio",
    "t_interval",
    "welch_ratio",
    "wilson",
]

CONFIDENCE = 0.95
Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % Student-t interval of independent observations.

    Args:
        values: Observations, at least two.

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
        total: Number of trials, at least one.

    Returns:
        Lower and upper end.
    """
    share, weight = hits / total, Z * Z / total
    middle = (share + weight / 2) / (1 + weight)
    half = Z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return middle - half, middle + half


def mcnemar(first_alone: int, second_alone: int) -> float:
    """The exact test of McNemar (1947): do two classifiers err equally often on the same samples?

    Args:
        first_alone: Samples that only the first has right.
        second_alone: Samples that only the second has right.

    Returns:
        The two-sided probability of a difference so large or larger where there is none.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - 0.5 s that few runs need

    total = first_alone + second_alone
    return float(binomtest(first_alone, total).pvalue) if total else 1.0


def paired_difference(first_alone: int, second_alone: int, total: int) -> tuple[float, float]:
    """The 95 % interval of the difference of two shares of right answers on the same samples.

    Wald's interval of paired proportions with Agresti and Min's (2005) adjustment: half a sample is
    added to each of the four cells.

    Args:
        first_alone: Samples that only the first has right.
        second_alone: Samples that only the second has right.
        total: All samples, at least one.

    Returns:
        Lower and upper end of the first's share less the second's.
    """
    one, other, count = first_alone + 0.5, second_alone + 0.5, total + 2
    middle = (one - other) / count
    half = Z * math.sqrt(one + other - (one - other) ** 2 / count) / count
    return middle - half, middle + half


def difference_error(first: float, second: float, total: int) -> float:
    """Half of the 95 % interval of the difference of two shares, each of so many other samples.

    Args:
        first: A share, 0 to 1.
        second: Another.
        total: Samples behind each of them.
    """
    return Z * math.sqrt((first * (1 - first) + second * (1 - second)) / total)


def holm(chances: Sequence[float]) -> list[float]:
    """Probabilities of several tests, adjusted for their number (Holm 1979).

    Args:
        chances: The probability that each test gives, in any order.

    Returns:
        In the same order, what may be compared with one level for all of them.
    """
    adjusted: dict[int, float] = {}
    least = 0.0
    for rank, index in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        least = max(least, min(1.0, (len(chances) - rank) * chances[index]))
        adjusted[index] = least
    return [adjusted[index] for index in range(len(chances))]


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


def welch_ratio(
    base: Sequence[float], new: Sequence[float]
) -> tuple[float, float | None, float | None]:
    """Ratio of two independent groups of positive figures, new over base.

    Args:
        base: One a process.
        new: The same of the other run.

    Returns:
        Ratio of the geometric means, and the ends of Welch's 95 % interval (Welch 1947, degrees of
        freedom by Satterthwaite); None where a side has fewer than two.
    """
    logs = [[math.log(value) for value in side] for side in (base, new)]
    means = [math.fsum(side) / len(side) for side in logs]
    gap = means[1] - means[0]
    if min(len(side) for side in logs) < 2:
        return math.exp(gap), None, None
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that only an interval needs

    parts = [
        math.fsum((value - mean) ** 2 for value in side) / (len(side) - 1) / len(side)
        for side, mean in zip(logs, means, strict=True)
    ]
    total = math.fsum(parts)
    if total == 0:
        return math.exp(gap), math.exp(gap), math.exp(gap)
    freedom = total**2 / math.fsum(
        part**2 / (len(side) - 1) for part, side in zip(parts, logs, strict=True)
    )
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(total)
    return math.exp(gap), math.exp(gap - half), math.exp(gap + half)
