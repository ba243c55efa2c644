"""The latency of single inferences, on a clock that we move."""

from __future__ import annotations

from benchbench.probes import latency
from benchbench.probes.speed import WarmUp
from benchbench.suite import Settings

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
    figure = latency.measure(step, sync, settings, STEADY, lambda: now_s)
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
    figure = latency.measure(lambda: None, lambda: None, settings, slow)
    assert figure.detail["iterations"] == 7
    assert "not steady" in figure.reasons[0]
