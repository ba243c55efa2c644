"""Reported energy against sensors with faults of known size: within what is stated, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.meters.simulated import Curve, Faults, SimulatedMeter, VirtualClock
from benchbench.probes import energy_metered
from benchbench.probes.metering import protocol
from benchbench.probes.metering.sampler import Sample, Watched, sample
from benchbench.probes.metering.window import Window

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

IDLE = protocol.Idle(None, "not taken")
BEFORE_S = 5.0  # long enough that every averaging window is filled

watts = st.floats(20, 700)


def constant(power_w: float, _: float) -> Curve:
    """The same power all the time."""
    return Curve([(0.0, power_w)])


def step_at_the_edges(power_w: float, window_s: float) -> Curve:
    """Idle before and after, full power exactly within the window."""
    end_s = BEFORE_S + window_s
    low_w = power_w / 5
    return Curve(
        [(0.0, low_w), (BEFORE_S, low_w), (BEFORE_S, power_w), (end_s, power_w), (end_s, low_w)]
    )


def ramp(power_w: float, window_s: float) -> Curve:
    """Power that rises over the whole window."""
    return Curve([(0.0, 20.0), (BEFORE_S, 20.0), (BEFORE_S + window_s, power_w)])


def bursts(power_w: float, window_s: float) -> Curve:
    """Ten milliseconds on, seven off: far shorter than any sensor's period."""
    points, time_s = [(0.0, 20.0)], BEFORE_S
    while time_s < BEFORE_S + window_s:
        points += [(time_s, 20.0), (time_s, power_w), (time_s + 0.01, power_w)]
        points += [(time_s + 0.01, 20.0)]
        time_s += 0.017
    return Curve(points)


CURVES = [constant, step_at_the_edges, ramp, bursts]


def run(
    curve: Curve, update_s: float, window_s: float, faults: Faults
) -> tuple[Window, dict[str, Measurement]]:
    """One window from `BEFORE_S` on, watched every 50 ms."""
    clock = VirtualClock()
    meter = SimulatedMeter(curve, update_s, clock, faults=faults)
    clock.sleep(BEFORE_S - 2 * update_s)
    samples: list[Sample] = [sample(meter, clock)]
    start = protocol.begin(meter)
    clock.now_s = max(BEFORE_S, clock.now_s)
    start_s = clock()
    while clock() < start_s + window_s:
        clock.sleep(min(0.05, start_s + window_s - clock()) + 1e-9)
        samples.append(sample(meter, clock))
    window = Window("infer", 10, 100, start_s, clock())
    watched = Watched(tuple(samples), (), "")
    ended = energy_metered.finish(meter, start, window, IDLE, clock, lambda: watched)
    return window, {figure.name: figure for figure in ended.figures}


def true_j(curve: Curve, window: Window) -> float:
    """The curve's exact energy in the window."""
    return curve.energy_j(window.end_s) - curve.energy_j(window.start_s)


@pytest.mark.parametrize("shape", CURVES)
@settings(deadline=None, max_examples=15)
@given(
    power_w=watts,
    update_s=st.floats(0.01, 0.1),
    window_s=st.floats(2, 8),
    averaging_s=st.sampled_from([0.0, 0.018, 0.1, 1.0]),
    gain=st.floats(-0.05, 0.05),
    offset_w=st.floats(-10, 10),
)
def test_the_truth_is_within_what_is_stated(
    shape: type[Curve],
    power_w: float,
    update_s: float,
    window_s: float,
    averaging_s: float,
    gain: float,
    offset_w: float,
) -> None:
    """Edges, gain, offset and lag together bound the error of every curve."""
    curve = shape(power_w, window_s)
    window, figures = run(curve, update_s, window_s, Faults(gain, offset_w, averaging_s))
    figure = figures["infer_power"]
    if figure.value is None or not figure.valid:
        return  # refused with a reason; the constant curve below shows that not all are
    detail = figure.detail
    # The sensor's gain is of what it shows, and the bound is told from what it shows.
    shown = 1 / (1 - detail["gain"]) ** 2
    slack_j = 0.01 * detail["head_s"] * power_w + 2e-3 + detail["head_s"] * 700
    error_j = abs(detail["window_j"] - true_j(curve, window))
    assert error_j <= shown * (detail["edge_error_j"] + detail["systematic_j"]) + slack_j
    assert figure.reasons


@settings(deadline=None, max_examples=10)
@given(power_w=watts, averaging_s=st.sampled_from([0.0, 0.018, 0.1, 1.0]))
def test_constant_power_is_never_refused(power_w: float, averaging_s: float) -> None:
    """Whatever the averaging, a constant power is found and its own power agrees."""
    _, figures = run(constant(power_w, 4), 0.05, 4.0, Faults(averaging_s=averaging_s))
    figure = figures["infer_power"]
    assert figure.valid
    assert figure.value == pytest.approx(power_w, rel=0.02)
    assert figure.detail["power_check"] == "done"


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (Faults(frozen_from_s=1.0), "frozen"),
        (Faults(frozen_from_s=BEFORE_S + 1), "frozen"),
        (Faults(reset_at_s=BEFORE_S + 1), "went backwards"),
        (Faults(reset_at_s=BEFORE_S + 1, back_j=50.0), "went backwards"),
    ],
)
def test_a_counter_that_fails_is_refused(faults: Faults, words: str) -> None:
    """Frozen before or within, reset to 0, or jumped back: never a figure."""
    _, figures = run(constant(120, 4), 0.05, 4.0, faults)
    for figure in figures.values():
        assert figure.value is None
        assert words in figure.reasons[0]


def test_a_counter_that_its_power_contradicts_is_found() -> None:
    """A counter that loses more than a twentieth, too shortly to be seen to stand: power tells."""
    faults = Faults(frozen_from_s=BEFORE_S + 1, frozen_until_s=BEFORE_S + 1.25, loses=True)
    _, figures = run(constant(120, 4), 0.05, 4.0, faults)
    figure = figures["infer_power"]
    assert figure.value == pytest.approx(120 * 3.75 / 4, rel=0.02)
    assert not figure.valid
    (reason,) = (why for why in figure.reasons if "meters_disagree" in why)
    assert "7 % apart" in reason
