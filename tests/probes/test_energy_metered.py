"""Energy of a window, against sensors whose true energy is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchbench.errors import MeterError
from benchbench.meters import NullMeter
from benchbench.meters.simulated import Curve, SimulatedMeter, VirtualClock
from benchbench.metrics.registry import measured
from benchbench.probes import energy_metered
from benchbench.probes.metering import protocol
from benchbench.probes.metering.window import Window

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

NAMES = ("infer_power", "infer_energy", "infer_energy_net", "infer_fps_per_w")

watts = st.floats(5, 700)
updates = st.floats(0.01, 0.1)


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    """A constant, a step, a ramp or a mix of them, over about the first ten seconds."""
    powers = draw(st.lists(watts, min_size=1, max_size=6))
    times = sorted(draw(st.lists(st.floats(0, 12), min_size=len(powers), max_size=len(powers))))
    return Curve(list(zip(times, powers, strict=True)))


def measure(
    meter: SimulatedMeter, window_s: float, idle: protocol.Idle | None = None
) -> tuple[Window, dict[str, Measurement]]:
    """One window of 100 samples on the meter's clock."""
    clock = meter.clock
    clock.sleep(0.37)  # not at an update
    start = protocol.begin(meter)
    start_s = clock()
    clock.sleep(window_s)
    window = Window("infer", 10, 100, start_s, clock())
    figures = energy_metered.finish(
        meter, start, window, idle or protocol.Idle(None, "not taken"), clock
    ).figures
    return window, {figure.name: figure for figure in figures}


def true_j(curve: Curve, window: Window) -> float:
    """The curve's exact energy in the window."""
    return curve.energy_j(window.end_s) - curve.energy_j(window.start_s)


@settings(deadline=None)  # a shared machine may stall
@given(curve=curves(), update_s=updates, window_s=st.floats(0.5, 10))
def test_energy_is_within_its_stated_bound(curve: Curve, update_s: float, window_s: float) -> None:
    """For any power curve the energy is within the edge error that is reported with it."""
    window, figures = measure(SimulatedMeter(curve, update_s, VirtualClock()), window_s)
    detail = figures["infer_power"].detail
    # The bound takes the power in the first half millisecond from the powers that it sees.
    head_j = detail["head_s"] * max(power_w for _, power_w in curve.points)
    error_j = abs(detail["window_j"] - true_j(curve, window))
    assert error_j <= detail["edge_error_j"] + head_j + 1e-6


@settings(deadline=None)  # a shared machine may stall
@given(power_w=watts, update_s=updates, window_s=st.floats(0.5, 10))
def test_constant_power_is_exact(power_w: float, update_s: float, window_s: float) -> None:
    """Constant power is found to a thousandth, and its bound is an update period's share."""
    meter = SimulatedMeter(Curve([(0.0, power_w)]), update_s, VirtualClock())
    _, figures = measure(meter, window_s)
    # A millijoule is lost at each of the four readings, and a millisecond at each change.
    assert figures["infer_power"].value == pytest.approx(
        power_w, rel=1e-3 + 0.003 / window_s + 0.004 / (power_w * window_s)
    )
    share = update_s / window_s
    assert figures["infer_power"].detail["edge_error"] <= 1.1 * share + 0.004 + 0.01 / power_w


@settings(deadline=None)  # a shared machine may stall
@given(
    idle_w=st.floats(20, 100),
    busy_w=st.floats(100, 700),
    update_s=updates,
    window_s=st.floats(10, 30),
    ramp_s=st.floats(0, 5),
)
def test_work_between_idleness_is_right_to_one_percent(
    idle_w: float, busy_w: float, update_s: float, window_s: float, ramp_s: float
) -> None:
    """A window of a hundred update periods is right to 1 %, with a step or a ramp at its start."""
    clock = VirtualClock()
    meter = SimulatedMeter(Curve([(0.0, idle_w)]), update_s, clock)
    clock.sleep(0.37)
    start = protocol.begin(meter)
    start_s, end_s = clock(), clock() + window_s
    # Only now is it known when the load begins and ends.
    meter.curve = Curve(
        [
            *((0.0, idle_w), (start_s, idle_w), (start_s + ramp_s, busy_w)),
            *((end_s, busy_w), (end_s, idle_w)),
        ]
    )
    clock.sleep(window_s)
    window = Window("infer", 10, 100, start_s, clock())
    figures = energy_metered.finish(meter, start, window, protocol.Idle(idle_w), clock).figures
    found = {figure.name: figure for figure in figures}
    gross_j = true_j(meter.curve, window)
    assert found["infer_energy"].value == pytest.approx(gross_j / 100, rel=0.01)
    net_j = gross_j - idle_w * window_s
    assert found["infer_energy_net"].value == pytest.approx(net_j / 100, abs=0.01 * gross_j / 100)
    assert all(found[name].valid for name in NAMES)


@settings(deadline=None)  # a shared machine may stall
@given(burst_w=watts, after_w=watts, burst_s=st.floats(0, 0.2), update_s=updates)
def test_bound_holds_for_a_burst_after_the_window(
    burst_w: float, after_w: float, burst_s: float, update_s: float
) -> None:
    """Whatever the power does between the window's end and the next change, the bound covers it."""
    clock = VirtualClock()
    meter = SimulatedMeter(Curve([(0.0, 100.0)]), update_s, clock)
    clock.sleep(0.37)
    start = protocol.begin(meter)
    start_s, end_s = clock(), clock() + 5
    meter.curve = Curve(
        [
            *((0.0, 100.0), (end_s, 100.0), (end_s, burst_w)),
            *((end_s + burst_s, burst_w), (end_s + burst_s, after_w)),
        ]
    )
    clock.sleep(5)
    window = Window("infer", 10, 100, start_s, clock())
    detail = (
        energy_metered.finish(meter, start, window, protocol.Idle(40.0), clock).figures[0].detail
    )
    error_j = abs(detail["window_j"] - true_j(meter.curve, window))
    assert error_j <= detail["edge_error_j"] + 1e-6


def test_figures_are_of_one_window() -> None:
    """Power, energy per sample and samples per joule come from the same joules and seconds."""
    meter = SimulatedMeter(Curve([(0.0, 100.0)]), 0.02, VirtualClock())
    window, figures = measure(meter, 5.0, protocol.Idle(40.0))
    power = figures["infer_power"].value
    per_sample = figures["infer_energy"].value
    rate = figures["infer_fps_per_w"].value
    net = figures["infer_energy_net"].value
    assert power is not None
    assert per_sample is not None
    assert rate is not None
    assert net is not None
    assert per_sample * 100 == pytest.approx(power * window.seconds)
    assert rate == pytest.approx(100 / window.seconds / power)
    assert net == pytest.approx(per_sample - 40 * window.seconds / 100)
    assert {figure.provenance for figure in figures.values()} == {"simulated"}
    assert figures["infer_fps_per_w"].unit == "fps/W"


def test_net_energy_is_never_clipped() -> None:
    """A window below the idle baseline has negative net energy, and says so."""
    meter = SimulatedMeter(Curve([(0.0, 30.0)]), 0.02, VirtualClock())
    net = measure(meter, 5.0, protocol.Idle(40.0))[1]["infer_energy_net"]
    assert net.value == pytest.approx(-0.5, rel=0.01)
    assert "negative" in net.reasons[-1]


def test_missing_baseline_leaves_the_gross_figures() -> None:
    """Without an idle baseline only the net figure is `n/a`."""
    meter = SimulatedMeter(Curve([(0.0, 30.0)]), 0.02, VirtualClock())
    _, figures = measure(meter, 5.0, protocol.Idle(None, "no idle baseline"))
    assert figures["infer_energy_net"].reasons == ("no idle baseline",)
    assert [figures[name].value is None for name in NAMES] == [False, False, True, False]


def test_window_shorter_than_its_counter_is_invalid() -> None:
    """A window of a few update periods keeps its value, is invalid and says what to change."""
    meter = SimulatedMeter(Curve([(0.0, 100.0)]), 0.1, VirtualClock())
    _, figures = measure(meter, 0.35)
    assert not figures["infer_power"].valid
    assert "lengthen window_s" in " ".join(figures["infer_power"].reasons)
    assert figures["infer_power"].detail["edge_error"] > energy_metered.LARGEST_EDGE_ERROR


def test_counter_that_stood_still_is_a_reason() -> None:
    """A counter that stood still for the whole window and then goes on gives `n/a`, never 0 W."""
    clock = VirtualClock()
    standstill = Curve([(0.0, 100.0), (0.4, 100.0), (0.4, 0.0), (6.0, 0.0), (6.0, 100.0)])
    _, figures = measure(SimulatedMeter(standstill, 0.1, clock), 5.0)
    for name in NAMES:
        assert figures[name].value is None
        assert "frozen for the whole window" in figures[name].reasons[0]


def test_no_meter_costs_no_time() -> None:
    """Without a sensor no baseline is waited for, and every figure has the sensor's reason."""
    meter = NullMeter("no sensor here")

    def never(seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s")

    idle = protocol.idle_power(meter, 10.0, sleep=never)
    start = protocol.begin(meter)
    figures = energy_metered.finish(meter, start, Window("train", 1, 1, 0.0, 1.0), idle).figures
    figures = energy_metered.conclude(figures, idle, protocol.idle_power(meter, 10.0, sleep=never))
    assert [figure.name for figure in figures] == [
        *("train_power", "train_energy", "train_energy_net", "train_fps_per_w"),
        *("train_energy_dram", "idle_power"),
    ]
    for figure in figures:
        assert figure.value is None
        assert figure.reasons == ("no sensor here",)


@settings(deadline=None)  # a shared machine may stall
@given(power_w=watts, update_s=updates)
def test_idle_power_is_right(power_w: float, update_s: float) -> None:
    """The idle baseline is taken between two changes of the counter."""
    clock = VirtualClock()
    meter = SimulatedMeter(Curve([(0.0, power_w)]), update_s, clock)
    idle = protocol.idle_power(meter, 10.0, sleep=clock.sleep)
    assert idle.power_w == pytest.approx(power_w, rel=1e-3)
    assert idle.seconds >= 10


def test_no_baseline_where_none_is_asked_for() -> None:
    """A baseline of 0 s is none."""
    meter = SimulatedMeter(Curve([(0.0, 30.0)]), 0.02, VirtualClock())
    assert "idle_s: 0" in protocol.idle_power(meter, 0).reason


def net_of(figures: list[Measurement]) -> Measurement:
    """The net figure among them."""
    return next(figure for figure in figures if figure.name == "infer_energy_net")


@pytest.mark.parametrize(("after_w", "doubted"), [(41.9, False), (42.1, True), (37.9, True)])
def test_drift_of_the_baseline_is_told(after_w: float, doubted: bool) -> None:  # noqa: FBT001 - a case
    """More than 5 % between the two baselines is said beside the net figure and the idle power."""
    figures = [measured("infer_energy_net", 1.0), measured("infer_energy", 2.0)]
    out = energy_metered.conclude(figures, protocol.Idle(40.0), protocol.Idle(after_w))
    assert ("drifted" in " ".join(net_of(out).reasons)) == doubted
    assert ("drifted" in " ".join(out[-1].reasons)) == doubted
    assert out[1].reasons == ()
    assert (out[-1].name, out[-1].value) == ("idle_power", 40.0)


def test_missing_second_baseline_is_told() -> None:
    """Where the second baseline could not be taken the net figure says why."""
    figures = [measured("infer_energy_net", 1.0)]
    out = energy_metered.conclude(figures, protocol.Idle(40.0), protocol.Idle(None, "GPU lost"))
    assert net_of(out).reasons == ("idle power was not taken a second time: GPU lost",)


def test_failure_after_the_window_is_a_reason() -> None:
    """A sensor that is lost between start and end gives its reason for every figure."""

    class Lost(SimulatedMeter):
        def energy_j(self) -> float:
            if self.clock() > 3:
                raise MeterError("the GPU is lost")
            return super().energy_j()

    _, figures = measure(Lost(Curve([(0.0, 100.0)]), 0.02, VirtualClock()), 5.0)
    assert {figure.reasons for figure in figures.values()} == {("the GPU is lost",)}
    assert {figure.value for figure in figures.values()} == {None}
