"""Pairs of processes -> a verdict on one figure: slower, faster, the same, or not clear yet."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchbench.gate import stopping_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.gate.paired import PairedTimes
    from benchbench.gate.stopping_rule import StoppingRule

__all__ = ["Decision", "Judgement", "judge"]

Decision = Literal["slower", "faster", "same", "unclear", "not comparable"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the pairs of one figure say.

    Attributes:
        verdict: Decision that they come to.
        pairs: Number of pairs.
        base_s: A step of the base, seconds; None where there is none.
        candidate_s: The same of the candidate.
        value: Time of a step, candidate over base; None without a pair.
        low: Lower end of its 95 % interval; None where there are too few pairs.
        high: Upper end.
        detectable: The smallest slowdown that the whole budget finds in 19 of 20 cases, as a
            share; None where it cannot be told.
        reason: Sentence that a reader must know with the verdict.
    """

    verdict: Decision
    pairs: int = 0
    base_s: float | None = None
    candidate_s: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    reason: str = ""

    @property
    def clear(self) -> bool:
        """Whether further pairs would not be looked at."""
        return self.verdict != "unclear"


def judge(pairs: Sequence[PairedTimes], rule: StoppingRule, *, longer: bool = False) -> Judgement:
    """The verdict after these pairs.

    A change counts where the sides are separated AND it reaches the threshold AND it reaches the
    floor. A figure is the same where a change of the threshold, either way, can be left out.

    Args:
        pairs: Observations in the order of their coming, at least one.
        rule: What a change must be to count.
        longer: Whether the suite has a longer budget than this one.
    """
    logs = [pair.log_ratio for pair in pairs]
    found = stopping_rule.estimate(logs)
    base_s, candidate_s = (
        statistics.median(pair.step_s[side] for pair in pairs) for side in (0, 1)
    )
    change = math.expm1(found.middle)
    reached = abs(found.middle) >= math.log1p(rule.threshold)
    large = reached and abs(change) * base_s >= rule.floor_s
    apart = stopping_rule.separated(logs if found.middle > 0 else [-log for log in logs], rule)
    seen = stopping_rule.detectable(logs, rule, base_s) if len(logs) > 1 else None
    verdict: Decision = "unclear"
    if apart and large:
        verdict = "slower" if change > 0 else "faster"
    elif stopping_rule.same(logs, rule.threshold):
        verdict = "same"
    low, high = (None if end is None else math.exp(end) for end in (found.low, found.high))
    reason = _reason(verdict, seen, rule, len(logs), apart=apart)
    if verdict == "unclear" and large and not apart and _beyond(found, rule):
        more = "--long may settle it" if longer else "a larger budget (--pairs) may settle it"
        reason = f"{reason}; the interval lies beyond the threshold: {more}"
    return Judgement(
        verdict, len(logs), base_s, candidate_s, math.exp(found.middle), low, high, seen, reason
    )


def _beyond(found: stopping_rule.Estimate, rule: StoppingRule) -> bool:
    """Whether the whole interval is a change of the threshold, one way or the other."""
    if found.low is None or found.high is None:
        return False
    least = math.log1p(rule.threshold)
    return found.low >= least or found.high <= -least


def _reason(
    verdict: Decision, seen: float | None, rule: StoppingRule, pairs: int, *, apart: bool
) -> str:
    """The smallest effect that would be found, and why there is no other verdict."""
    if verdict in {"slower", "faster"} or seen is None:
        return ""
    text = f"{rule.pairs} pairs find a slowdown of {100 * seen:.1f} % in 19 of 20 gates"
    if verdict == "same":
        return text
    if pairs < (least := stopping_rule.least_pairs(rule.rate)):
        return f"{pairs} pairs cannot tell anything, {least} could"
    if apart:
        return f"apart, but by less than the threshold or the floor; {text}"
    return f"neither a change nor the lack of one is shown; {text}"
