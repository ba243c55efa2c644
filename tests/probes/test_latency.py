"""Warm-up and latency, on a clock that we move."""

from __future__ import annotations

import pytest

from benchbench.meters import NullMeter
from benchbench.probes import latency, throughput
from benchbench.probes.metering.window import Window
from benchbench.probes.throughput import WarmUp
from benchbench.suite.schema import Settings

STEADY = WarmUp(0.01, 3, 1.0, 0.0, steady=True)


def test_the_median_is_the_figure_and_the_tail_is_told() -> None:
    """One slow inference in ten moves the longest and the mean, not the median."""
    now_s, done = 0.0, 0

    def step() -> None:
        nonlocal now_s, done
        now_s += 0.1 if done % 10 == 9 else 0.01
        done += 1

    def sync() -> None:
        nonlocal now_s
        now_s += 0.001  # a wait before the inference is not part of it, the one after is

    settings = Settings(window_s=1.0, window_iterations=2)
    (figure,) = latency.measure(step, sync, settings, STEADY, lambda: now_s)
    assert done == figure.detail["iterations"] == 100
    assert round(figure.value or 0, 9) == 0.011
    assert round(figure.detail["longest_s"], 9) == 0.101
    assert round(figure.detail["mean_s"], 9) == 0.02
    assert figure.unit == "s"
    assert not figure.reasons


def test_a_slow_model_still_gets_its_least_number_of_inferences() -> None:
    """A window that is too short is lengthened; a warm-up without an end is said."""
    settings = Settings(window_s=0.001, window_iterations=7)
    slow = WarmUp(1.0, 3, 1.0, None, steady=False)
    (figure,) = latency.measure(lambda: None, lambda: None, settings, slow)
    assert figure.detail["iterations"] == 7
    assert "not steady" in figure.reasons[0]


@pytest.mark.parametrize(("rise", "steady"), [(0.0, True), (0.02, True), (0.2, False)])
def test_a_power_that_still_rises_is_not_steady(rise: float, steady: bool) -> None:  # noqa: FBT001 - a case
    """A pace without spread is not enough where a sensor sees the power climb."""
    now_s = 0.0

    def step() -> None:
        nonlocal now_s
        now_s += 0.5

    def energy_j() -> float:
        return 100 * now_s + 100 * rise * now_s**2 / 4  # power rises by `rise` in two seconds

    settings = Settings(warmup_s=4, warmup_iterations=2, warmup_cap_s=12)
    found = throughput.warm_up(step, lambda: None, settings, 1.0, lambda: now_s, energy_j)
    assert found.spread == 0
    assert found.steady == steady
    assert (found.power_spread or 0) > 0 or rise == 0
    said = " ".join(throughput.measure(Window("infer", 1, 1, 0, 1), found)[0].reasons)
    assert ("power of these blocks" in said) == (not steady)


def test_a_sensor_that_fails_leaves_the_warm_up_to_the_pace() -> None:
    """Without a counter only the throughput decides."""
    now_s = 0.0

    def step() -> None:
        nonlocal now_s
        now_s += 0.5

    settings = Settings(warmup_s=4, warmup_iterations=2, warmup_cap_s=12)
    null = NullMeter("none").energy_j
    found = throughput.warm_up(step, lambda: None, settings, 1.0, lambda: now_s, null)
    assert found.steady
    assert found.power_spread is None
