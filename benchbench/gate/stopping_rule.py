"""When to stop: an exact test on pairs, looked at several times, with a fixed false-alarm rate.

Under "nothing changed" the two processes of a pair may be exchanged, so the logarithm of their
ratio is as likely positive as negative, whatever the noise looks like. Wilcoxon's signed-rank test
(Wilcoxon 1945) needs no more than that, and its probabilities are exact. It is looked at after each
pair; the chances of a false alarm of all looks add up to the rate at most (Bonferroni's bound over
looks, spent in proportion to the pairs; Lan & DeMets 1983, with the part that a look cannot use
carried on to the next).

Estimate and interval are those of the same test: Hodges & Lehmann 1963, over the means of all pairs
of observations.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Estimate",
    "StoppingRule",
    "detectable",
    "estimate",
    "least_pairs",
    "same",
    "separated",
    "signed_rank_tail",
]

LOOK_EVERY = 3  # ours: more looks cost more of the rate than they save pairs
SAME_PAIRS = 6  # ours: before this many no run is called the same
SAME_TAIL = 0.05  # ours: how sure "the same" is on either side


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """What a change of one figure must be to count.

    Attributes:
        pairs: Most pairs of processes: the budget, fixed beforehand.
        rate: Chance that this figure raises a false alarm, over all looks.
        threshold: Least change that matters, as a share.
        floor_s: Least change that matters, seconds a step.
    """

    pairs: int
    rate: float
    threshold: float
    floor_s: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What pairs say of a log-ratio.

    Attributes:
        middle: Hodges and Lehmann's estimate.
        low: Lower end of its interval; None where there are too few pairs for one.
        high: Upper end.
    """

    middle: float
    low: float | None
    high: float | None


@cache
def _subsets(n: int) -> tuple[int, ...]:
    """How many subsets of the ranks 1 to n have each sum."""
    counts = [1] + [0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for total in range(len(counts) - 1, rank - 1, -1):
            counts[total] += counts[total - rank]
    return tuple(counts)


def signed_rank_tail(n: int, total: int) -> float:
    """Chance that the ranks of the negative ones of n observations sum to `total` or less."""
    return math.fsum(_subsets(n)[: total + 1]) / 2**n if total >= 0 else 0.0


def _critical(n: int, rate: float) -> int:
    """The largest sum of ranks whose tail is within the rate; -1 where there is none."""
    total = -1
    while signed_rank_tail(n, total + 1) <= rate:
        total += 1
    return total


@cache
def _looks(pairs: int, rate: float) -> dict[int, int]:
    """After how many pairs one looks, and the largest sum of ranks that is a finding there."""
    spent, looks = 0.0, dict[int, int]()
    for n in sorted({*range(least_pairs(rate), pairs + 1, LOOK_EVERY), pairs}):
        critical = _critical(n, rate * n / pairs - spent)
        if critical >= 0:
            looks[n] = critical
            spent += signed_rank_tail(n, critical)
    return looks


def separated(logs: Sequence[float], rule: StoppingRule) -> bool:
    """Whether the log-ratios lie above nought, at one of the looks up to now.

    Args:
        logs: Log-ratios, one a pair, in the order of their coming; negated, the question is the
            other one.
        rule: Rule with the budget and the chance of a false yes over all looks.
    """
    return any(
        _negative_ranks(logs[:n]) <= critical
        for n, critical in _looks(rule.pairs, rule.rate).items()
        if n <= len(logs)
    )


def least_pairs(rate: float) -> int:
    """With fewer pairs, even all of them on one side say too little for this rate."""
    return math.ceil(-math.log2(rate))


def _negative_ranks(logs: Sequence[float]) -> int:
    """Sum of the ranks, by size, of those that are not positive."""
    ranked = sorted(logs, key=abs)
    return sum(rank for rank, value in enumerate(ranked, 1) if value <= 0)


def estimate(logs: Sequence[float], tail: float = 0.025) -> Estimate:
    """Hodges and Lehmann's estimate with the interval of the signed-rank test.

    Args:
        logs: Log-ratios, one a pair, at least one.
        tail: Chance that the truth lies beyond either end.
    """
    n = len(logs)
    means = sorted((logs[i] + logs[j]) / 2 for i in range(n) for j in range(i, n))
    middle = statistics.median(means)
    critical = _critical(n, tail)
    if critical < 0:
        return Estimate(middle, None, None)
    return Estimate(middle, means[critical], means[-1 - critical])


def same(logs: Sequence[float], threshold: float) -> bool:
    """Whether a change of the threshold, either way, can be left out already."""
    found = estimate(logs, SAME_TAIL)
    if len(logs) < SAME_PAIRS or found.low is None or found.high is None:
        return False
    return -math.log1p(threshold) < found.low and found.high < math.log1p(threshold)


def detectable(logs: Sequence[float], rule: StoppingRule, step_s: float) -> float:
    """The smallest change that the whole budget finds in 19 of 20 cases, as a share.

    By the normal approximation of the signed-rank test, whose efficiency is 3/pi (Hodges & Lehmann
    1956), from these pairs' own spread.

    Args:
        logs: Log-ratios, one a pair, at least two.
        rule: Rule with the budget, the rate, the threshold and the floor.
        step_s: Time of a step of the base, seconds.
    """
    normal = statistics.NormalDist()
    spread = statistics.stdev(logs) * math.sqrt(math.pi / 3 / rule.pairs)
    power = normal.inv_cdf(0.95)
    by_noise = (normal.inv_cdf(1 - rule.rate) + power) * spread
    least = max(math.log1p(rule.threshold), math.log1p(rule.floor_s / step_s))
    return math.expm1(max(by_noise, least + power * spread))
