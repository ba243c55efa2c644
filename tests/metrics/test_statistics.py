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
from benchbench.metrics.statistics import paired_ratio, t_interval

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
