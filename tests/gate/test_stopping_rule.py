"""The gate's statistics: exact probabilities, a rate that holds, and what can be detected."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchbench.gate import stopping_rule
from benchbench.gate.judge import Judgement, judge
from benchbench.gate.paired import PairedTimes
from benchbench.gate.stopping_rule import StoppingRule

RULE = StoppingRule(pairs=12, rate=0.01, threshold=0.02, floor_s=0.0)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=12, unique_by=abs).filter(all))
def test_the_tail_is_that_of_scipys_exact_test(logs: list[float]) -> None:
    """The one-sided p-value of Wilcoxon's signed-rank test."""
    negative = stopping_rule._negative_ranks(logs)
    theirs = stats.wilcoxon(logs, alternative="greater", method="exact").pvalue
    assert stopping_rule.signed_rank_tail(len(logs), negative) == pytest.approx(theirs)


def test_the_rate_over_all_looks_is_kept_exactly() -> None:
    """Of all signs that 12 pairs without a difference can have, at most the rate raise an alarm."""
    sizes = [1.0 + 0.01 * i for i in range(12)]
    random.Random(0).shuffle(sizes)  # noqa: S311 - a simulation
    for rate in (0.0025, 0.01, 0.05):
        rule = StoppingRule(12, rate, 0.0, 0.0)
        alarms = sum(
            stopping_rule.separated([s * size for s, size in zip(signs, sizes, strict=True)], rule)
            for signs in itertools.product((1, -1), repeat=12)
        )
        assert 0 < alarms / 2**12 <= rate


@pytest.mark.parametrize("noise", ["normal", "cauchy", "bimodal"])
def test_no_noise_raises_more_alarms_than_the_rate(noise: str) -> None:
    """Heavy tails or two modes, which the mean and Student's t do not survive, change nothing."""
    generator, rule = random.Random(noise), StoppingRule(12, 0.05, 0.0, 0.0)  # noqa: S311 - a simulation
    draw = {
        "normal": lambda: generator.gauss(0, 0.01),
        "cauchy": lambda: 0.01 * math.tan(math.pi * (generator.random() - 0.5)),
        "bimodal": lambda: generator.choice((-0.2, 0.2)) + generator.gauss(0, 0.001),
    }[noise]
    alarms = sum(stopping_rule.separated([draw() for _ in range(12)], rule) for _ in range(4000))
    assert alarms / 4000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_the_estimate_is_hodges_and_lehmanns() -> None:
    """The median of the means of all pairs of observations, with the test's own interval."""
    logs = [0.01, 0.03, 0.02, 0.05, -0.01, 0.04, 0.025, 0.035]
    means = sorted((a + b) / 2 for i, a in enumerate(logs) for b in logs[i:])
    found = stopping_rule.estimate(logs)
    assert found.middle == pytest.approx(statistics.median(means))
    assert found.low is not None
    assert found.high is not None
    assert stats.wilcoxon([log - found.low + 1e-9 for log in logs], method="exact").pvalue <= 0.05
    assert stats.wilcoxon([log - found.low - 1e-9 for log in logs], method="exact").pvalue > 0.05
    assert stopping_rule.estimate(logs[:3]).low is None


def test_what_is_called_detectable_is_detected() -> None:
    """A slowdown of that size is found in about 19 of 20 simulated gates."""
    generator, found = random.Random(1), 0  # noqa: S311 - a simulation
    draws = [generator.gauss(0, 0.02) for _ in range(2000)]
    size = math.log1p(stopping_rule.detectable(draws, RULE, 0.01))
    for _ in range(1000):
        pairs = [pair_of(size + generator.gauss(0, 0.02)) for _ in range(RULE.pairs)]
        found += judge(pairs, RULE).verdict == "slower"
    assert 0.90 <= found / 1000 <= 0.99


def pair_of(log: float, base_s: float = 0.01) -> PairedTimes:
    """A pair with that log-ratio."""
    return PairedTimes(((base_s,),), ((base_s * math.exp(log),),))


def verdict(change: float, rule: StoppingRule = RULE, base_s: float = 0.01) -> Judgement:
    """The verdict on pairs that all lie close to a change."""
    logs = [math.log1p(change) + 1e-4 * i for i in range(-6, 6)]
    return judge([pair_of(log, base_s) for log in logs], rule)


@pytest.mark.parametrize(
    ("change", "word"), [(0.03, "slower"), (-0.03, "faster"), (0.01, "same"), (0.0, "same")]
)
def test_a_change_counts_from_the_threshold(change: float, word: str) -> None:
    """Apart is not enough: a change of 1 % is the same where 2 % matter."""
    assert verdict(change).verdict == word


def test_a_change_counts_from_the_floor() -> None:
    """Ten percent of ten microseconds are below a floor of fifty."""
    rule = StoppingRule(12, 0.01, 0.02, 50e-6)
    assert verdict(0.1, rule, base_s=1e-5).verdict == "unclear"
    assert "the floor" in verdict(0.1, rule, base_s=1e-5).reason
    assert verdict(0.1, rule, base_s=1e-2).verdict == "slower"
    seen = verdict(0.0, rule, base_s=1e-5).detectable
    assert seen is not None
    assert seen > 5  # fifty of ten microseconds


def test_too_few_pairs_say_so() -> None:
    """With one percent, six pairs on one side are not enough, seven are."""
    logs = [math.log1p(0.1)] * 7
    few = judge([pair_of(log) for log in logs[:6]], StoppingRule(6, 0.01, 0.02, 0.0))
    assert few.verdict == "unclear"
    assert "6 pairs cannot tell anything, 7 could" in few.reason
    assert (
        judge([pair_of(log) for log in logs], StoppingRule(7, 0.01, 0.02, 0.0)).verdict == "slower"
    )


def test_an_outlier_in_a_window_or_a_turn_changes_nothing() -> None:
    """A pair's ratio is the median over the turns of the windows' fastest steps."""
    base = ((0.010, 0.010, 0.5), (0.010, 0.9, 0.010), (0.010, 0.010, 0.010))
    candidate = ((0.011, 0.8, 0.011), (0.9, 0.9, 0.9), (0.011, 0.011, 0.011))
    assert math.exp(PairedTimes(base, candidate).log_ratio) == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("step_s", "longer", "words"),
    [
        (0.011, True, "the interval lies beyond the threshold: --long may settle it"),
        (0.009, True, "the interval lies beyond the threshold: --long may settle it"),
        (0.011, False, "a larger budget (--pairs) may settle it"),
        (0.01001, True, ""),
    ],
)
def test_an_interval_beyond_the_threshold_says_what_may_settle_it(
    step_s: float,
    longer: bool,  # noqa: FBT001
    words: str,
) -> None:
    """Unclear is not the same: the reader learns that more pairs are likely to tell."""
    pairs = [PairedTimes(((0.01,),), ((step_s + i * 1e-6,),)) for i in range(11)]
    rule = StoppingRule(24, 0.0005, 0.02, 50e-6)
    found = judge(pairs, rule, longer=longer)
    assert found.reason.endswith(words)
    assert ("settle" in found.reason) == bool(words)
    assert found.verdict == ("unclear" if words else "same")
