"""Intervals against scipy's own, and what is never merged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchbench.metrics.merging import merge
from benchbench.metrics.registry import measured, unavailable
from benchbench.metrics.statistics import (
    difference_error,
    holm,
    mcnemar,
    paired_difference,
    paired_ratio,
    t_interval,
    wilson,
)

values = st.lists(st.floats(0.1, 1e6), min_size=2, max_size=20)


@given(values)
def test_the_interval_is_scipys(observed: list[float]) -> None:
    """Mean and ends are those of scipy's t distribution."""
    mean, low, high = t_interval(observed)
    error = float(np.std(observed, ddof=1)) / math.sqrt(len(observed))
    assert mean == pytest.approx(sum(observed) / len(observed))
    if error > 1e-9 * mean:  # scipy refuses an interval of no width
        wanted = stats.t.interval(0.95, len(observed) - 1, loc=mean, scale=error)
        assert (low, high) == pytest.approx(wanted)


@given(values, st.floats(0.1, 10))
def test_a_drift_of_the_machine_falls_out_of_a_paired_ratio(
    paces: list[float], factor: float
) -> None:
    """Where each round slows both models alike, the ratio is exact and its interval a point."""
    ratio, low, high = paired_ratio([factor * pace for pace in paces], paces)
    assert low is not None
    assert high is not None
    assert (ratio, low, high) == pytest.approx((factor, factor, factor))


def test_peaks_are_the_worst_and_the_rest_is_the_mean() -> None:
    """Peak memory merges by maximum, throughput by mean."""
    assert merge([measured("train_rss", 1.0), measured("train_rss", 3.0)]).value == 3
    merged = merge([measured("train_fps", 1.0), measured("train_fps", 3.0)])
    assert (merged.value, merged.n) == (2, 2)


def test_a_failed_repeat_leaves_a_mark() -> None:
    """One repeat without a value: the others count, and the figure says so and is invalid."""
    merged = merge([measured("train_fps", 1.0), unavailable("train_fps", "lost")])
    assert (merged.value, merged.n, merged.valid) == (1, 1, False)
    assert merged.reasons == ("lost (1 of 2)",)


def test_simulated_and_real_are_never_merged() -> None:
    """A figure of both is n/a with the reason."""
    real, fake = (measured("train_power", 1.0, provenance=kind) for kind in ("real", "simulated"))
    assert merge([real, fake]).value is None
    assert "simulated" in merge([real, fake]).reasons[0]


def test_wilsons_interval_is_scipys() -> None:
    """It stays inside 0 to 1, also where none or all were right."""
    for hits, total in ((0, 10), (1, 10), (5, 10), (10, 10), (1739, 3589)):
        wanted = stats.binomtest(hits, total).proportion_ci(method="wilson")
        assert wilson(hits, total) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_an_interval_needs_two_observations() -> None:
    """One says nothing of its spread."""
    with pytest.raises(ValueError, match=r"^an interval needs two observations$"):
        t_interval([1.0])


def test_pairs_need_two_sides_of_one_length() -> None:
    """A round that one side lacks is not made up."""
    with pytest.raises(ValueError, match="shorter"):
        paired_ratio([1.0, 2.0, 3.0], [1.0, 2.0])


def test_a_pair_alone_has_no_interval() -> None:
    """Its ratio stands alone."""
    assert paired_ratio([3.0], [1.0]) == (pytest.approx(3.0), None, None)


def test_a_merged_figure_is_whole() -> None:
    """Unit, provenance, n, validity and each round are those of the processes."""
    rounds = [
        measured("train_power", v, provenance="simulated", detail={"repeat": i}, reasons=(why,))
        for i, (v, why) in enumerate(((1.0, "warm"), (3.0, "cold"), (2.0, "warm")))
    ]
    merged = merge(rounds)
    assert (merged.name, merged.unit, merged.method) == ("train_power", "W", "metered")
    assert (merged.provenance, merged.n, merged.valid, merged.value) == ("simulated", 3, True, 2.0)
    assert merged.reasons == ("warm (2 of 3)", "cold (1 of 3)")
    assert merged.detail["repeats"] == [
        {"value": 1.0, "valid": True, "repeat": 0},
        {"value": 3.0, "valid": True, "repeat": 1},
        {"value": 2.0, "valid": True, "repeat": 2},
    ]
    assert (merged.low, merged.high) == pytest.approx(t_interval([1.0, 3.0, 2.0])[1:])


def test_a_mixture_of_sensors_keeps_its_rounds() -> None:
    """What each said is there for whoever wants to look."""
    merged = merge(
        [measured("idle_power", 1.0), measured("idle_power", 2.0, provenance="simulated")]
    )
    assert (merged.name, merged.unit, merged.n, merged.valid) == ("idle_power", "W", 0, False)
    assert merged.reasons == ("some repeats came from a simulated sensor and some from a real one",)
    assert [item["value"] for item in merged.detail["repeats"]] == [1.0, 2.0]


def test_one_process_alone_stays_as_it_was() -> None:
    """Its own interval, n and detail."""
    alone = measured("firing_rate", 0.2, n=128, low=0.1, high=0.3, detail={"layers": []})
    assert merge([alone]) == alone


def test_peaks_without_a_value_are_missing() -> None:
    """No process told its memory."""
    merged = merge([unavailable("train_rss", "x"), unavailable("train_rss", "x")])
    assert (merged.value, merged.reasons) == (None, ("x",))


def test_mcnemar_is_the_textbooks() -> None:
    """Agresti's approval ratings (150 against 86) and a case small enough to count by hand."""
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 64)
    assert mcnemar(86, 150) == pytest.approx(3.7e-5, rel=0.1)
    assert mcnemar(0, 0) == 1.0


def test_holms_adjustment_is_that_of_r() -> None:
    """``p.adjust(c(0.01, 0.02, 0.03, 0.005), "holm")``; never above 1, and no test is none."""
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_paired_difference_is_in_its_interval_as_often_as_it_says() -> None:
    """Drawn a thousand times with differences of 4, 9 and 0.5 points, of 3,589 and of 60 images."""
    draw = np.random.default_rng(0)
    for total, first, second in ((3589, 0.16, 0.12), (3589, 0.2, 0.11), (60, 0.1, 0.105)):
        cells = draw.multinomial(total, [first, second, 1 - first - second], size=1000)
        ends = [paired_difference(int(a), int(b), total) for a, b, _ in cells]
        inside = sum(low <= first - second <= high for low, high in ends)
        assert 930 <= inside <= 975


def test_the_error_of_a_difference_is_that_of_two_binomials() -> None:
    """Two accuracies of 3,589 other images each: 95 % of the differences are within it."""
    draw = np.random.default_rng(0)
    shares = draw.binomial(3589, [0.6015, 0.5923], size=(4000, 2)) / 3589
    off = np.abs(shares[:, 0] - shares[:, 1] - 0.0092)
    inside = float((off <= difference_error(0.6015, 0.5923, 3589)).mean())
    assert inside == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("first", "second", "total"), [(12, 5, 40), (3, 30, 90), (0, 0, 10)])
def test_a_paired_difference_by_hand(first: int, second: int, total: int) -> None:
    """Agresti and Min: half a sample more in each of four cells, then Wald's interval."""
    shares = (first + 0.5) / (total + 2), (second + 0.5) / (total + 2)
    middle = shares[0] - shares[1]
    variance = (shares[0] + shares[1] - middle**2) / (total + 2)
    half = stats.norm.ppf(0.975) * math.sqrt(variance)
    assert paired_difference(first, second, total) == pytest.approx((middle - half, middle + half))
