"""A whole measurement on sensors that fail: within its stated bound, or invalid, or n/a.

`make sensors` runs it 10,000 times; how often it runs else is in ``BENCHBENCH_SENSORS``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from benchbench.meters import Ceiling, Condition
from benchbench.meters.rapl import RaplMeter
from benchbench.meters.simulated import Curve, Faults, SimulatedMeter, VirtualClock
from benchbench.meters.simulated_counter import SimulatedCounter
from benchbench.probes import energy_metered
from benchbench.probes.metering import protocol
from benchbench.probes.metering.sampler import PERIOD_S, Recorder
from benchbench.probes.metering.validity import suspect
from benchbench.probes.metering.window import Window

if TYPE_CHECKING:
    from fixtures_sysfs import Tree

    from benchbench.metrics.measurement import Measurement

EXAMPLES = int(os.environ.get("BENCHBENCH_SENSORS", "200"))
RANGE_J = 65_536.0
IDLE_S, SAMPLES = 2.0, 100
RAPL = Faults(range_j=RANGE_J, start_j=30_000.0, no_power=True)
NVML = Faults(start_j=5_000.0)
MOST_W = 400.0  # that a counter's curve reaches is 300


@dataclass(frozen=True, slots=True)
class Sensor:
    """A simulated sensor of one or more counters.

    Attributes:
        curves: Power of each counter.
        faults: Faults of each; the first one's hold for the meter as a whole.
        update_s: Time between two updates.
        number: Number of faults.
    """

    curves: list[Curve]
    faults: list[Faults]
    update_s: float = 0.02
    number: int = 1


@dataclass(slots=True)
class Run:
    """What a measurement gave, and what is true."""

    window: Window
    figures: dict[str, Measurement]
    idle: tuple[float, float]
    sensor: Sensor
    most_w: float = field(default=700.0)

    def true_j(self, start_s: float, end_s: float) -> float:
        """The curves' exact energy."""
        return sum(c.energy_j(end_s) - c.energy_j(start_s) for c in self.sensor.curves)


def measured_on(
    sensor: Sensor, window_s: float, state: list[tuple[float, Condition]] | None = None
) -> Run:
    """An idle baseline, a window that is watched, a second baseline, as a worker does it."""
    clock = VirtualClock()
    first, *others = zip(sensor.curves, sensor.faults, strict=True)
    meter = SimulatedMeter(first[0], sensor.update_s, clock, faults=first[1])
    ceiling = Ceiling(MOST_W, f"{MOST_W:g} W (the test's)")
    meter.ceiling = replace(ceiling, power_w=MOST_W * len(sensor.curves))
    meter.beside = {
        f"package-{number}": SimulatedCounter(curve, sensor.update_s, clock, faults, ceiling)
        for number, (curve, faults) in enumerate(others, 1)
    }
    if state:
        meter.state = lambda now_s: [item for since_s, item in state if since_s <= now_s][-1]
    clock.sleep(0.37)  # not at an update
    idle = protocol.idle_power(meter, IDLE_S, clock.sleep)
    idle_end_s = clock()  # its last change, to a millisecond
    recorder = Recorder(meter, clock=clock)
    recorder.read()
    start = protocol.begin(meter)
    start_s = clock()
    while (left_s := start_s + window_s - clock()) > 0:
        clock.sleep(min(left_s, PERIOD_S))
        recorder.read()
    window = Window("infer", 10, SAMPLES, start_s, clock())
    ended = energy_metered.finish(meter, start, window, idle, clock, recorder.end)
    idle_after = protocol.idle_power(meter, IDLE_S, clock.sleep)
    figures = energy_metered.conclude(ended.figures, idle, idle_after)
    return Run(
        window, {it.name: it for it in figures}, (idle_end_s - idle.seconds, idle_end_s), sensor
    )


def reasons(run: Run, name: str = "infer_energy") -> str:
    """Everything that is said beside a figure."""
    return " | ".join(run.figures[name].reasons)


def constant(power_w: float) -> Curve:
    """The same power all the time."""
    return Curve([(0.0, power_w)])


def assert_within_its_bound(run: Run) -> None:
    """Each valid figure is as near to the truth as it says itself; each other one says why."""
    figures, window = run.figures, run.window
    for figure in figures.values():
        assert figure.reasons or figure.valid
    gross, net, idle = (
        figures[name] for name in ("infer_energy", "infer_energy_net", "idle_power")
    )
    number = run.sensor.number
    bound_j = 0.0
    if gross.value is not None and gross.valid:
        detail = gross.detail
        # The head's bound takes its power from the powers that are seen; gain is of what is shown.
        slack_j = detail["head_s"] * run.most_w + 2e-3
        shown = 1 / (1 - detail["gain"]) ** 2
        bound_j = detail["edge_error_j"] + shown * detail["systematic_j"] + slack_j
        bound_j += number * detail["unseen_j"]
        error_j = abs(detail["window_j"] - run.true_j(window.start_s, window.end_s))
        assert error_j <= bound_j, (error_j, bound_j, gross)
        assert gross.value == pytest.approx(detail["window_j"] / SAMPLES)
        assert ("unchecked" in reasons(run)) == detail["power_check"].startswith("none")
    if idle.value is not None:
        assert gross.value is None or net.value is not None
        start_s, end_s = run.idle
        # Each end lies on a change of the counter, which may be a step old.
        edge_w = 2 * (run.sensor.update_s + 2e-3) * run.most_w / idle.detail["seconds"]
        first = run.sensor.faults[0]
        own_w = abs(first.gain) * run.most_w + abs(first.offset_w)
        error_w = abs(idle.value - run.true_j(start_s, end_s) / (end_s - start_s))
        assert error_w <= edge_w + own_w + number * idle.detail["unseen_w"], (error_w, idle)


# One fault each, as a real sensor has been seen to have it; times are those of the whole run: the
# first baseline ends at about 2.4 s, the window at 2.4 s and its length.
times = st.integers(0, 14_000).map(lambda at_ms: at_ms / 1000)
JUMPS = st.one_of(st.floats(0, 200), st.floats(200, 6000))  # below the ceiling, and above it
FAULTS = st.one_of(
    st.builds(lambda at: {"reset_at_s": at}, times),
    st.builds(lambda at, by: {"reset_at_s": at, "back_j": by}, times, st.floats(0, 500)),
    st.builds(lambda at: {"zero_at_s": at}, times),
    st.builds(lambda at: {"frozen_from_s": at}, times),
    st.builds(
        lambda at, over, loses: {
            "frozen_from_s": at,
            "frozen_until_s": at + over,
            "loses": loses,
        },
        times,
        st.one_of(st.floats(0.01, 0.4), st.floats(0.4, 5)),
        st.booleans(),
    ),
    st.builds(lambda at, by: {"jump_at_s": at, "jump_j": by}, times, JUMPS),
    st.builds(lambda at: {"gone_at_s": at}, times),
)


@st.composite
def sensors(draw: st.DrawFn) -> Sensor:
    """One to three counters, of which any may have a fault or two."""
    count = draw(st.integers(1, 3))
    wraps = draw(st.sampled_from([False, False, True]))
    base = replace(RAPL, start_j=draw(st.floats(0, RANGE_J))) if wraps else NVML
    curves, all_faults, number = [], [], 0
    for _ in range(count):
        powers = draw(st.lists(st.floats(5, 300), min_size=1, max_size=4))
        ends = st.lists(times, min_size=len(powers), max_size=len(powers))
        curves.append(Curve(list(zip(sorted(draw(ends)), powers, strict=True))))
        drawn = draw(st.lists(FAULTS, max_size=2))
        number += len(drawn)
        all_faults.append(replace(base, **{k: v for one in drawn for k, v in one.items()}))
    whole = {
        "no_power": wraps or draw(st.sampled_from([False, False, False, True])),
        "gain": draw(st.sampled_from([0.0, -0.04, 0.04])),
        "offset_w": draw(st.sampled_from([0.0, 3.0])),
    }
    if not number:  # a power that is not the counter's is one fault; two may hide each other
        whole["power_share"] = draw(st.sampled_from([1.0, 0.98, 0.6]))
    all_faults[0] = replace(all_faults[0], **whole)
    update_s = draw(st.sampled_from([0.001, 0.01, 0.02, 0.05, 0.1]))
    return Sensor(curves, all_faults, update_s, max(1, number))


STATES = st.lists(
    st.builds(
        lambda at, limit, clock_mhz, heat: (
            at,
            Condition((), 60.0, clock_mhz, 0, limit, {"thermal slowdown": heat}),
        ),
        times,
        st.sampled_from([None, 0.0, 350.0, 700.0]),
        st.sampled_from([None, 0.0, 990.0, 1980.0]),
        st.floats(0, 5),
    ),
    max_size=3,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sensor=sensors(), window_s=st.floats(0.2, 9), states=STATES)
def test_a_measurement_is_within_its_bound_or_refused(
    sensor: Sensor, window_s: float, states: list[tuple[float, Condition]]
) -> None:
    """Whatever fails and when: never an exception, never a wrong value that is valid."""
    state = sorted([(0.0, Condition()), *states], key=lambda item: item[0])
    run = measured_on(sensor, window_s, state)
    found = run.figures["infer_energy"]
    event("n/a" if found.value is None else "valid" if found.valid else "invalid")
    if found.valid:
        event(f"valid, power check {found.detail['power_check'][:4]}")
    assert_within_its_bound(run)


def test_a_healthy_sensor_is_believed() -> None:
    """The refusals above are not all that there is: with power and without, one part and three."""
    for faults in (NVML, replace(NVML, no_power=True), RAPL):
        for count in (1, 3):
            sensor = Sensor([constant(60.0)] * count, [faults] * count)
            run = measured_on(sensor, 5.0)
            figure = run.figures["infer_power"]
            assert figure.valid
            assert figure.value == pytest.approx(60 * count, rel=0.01)
            assert run.figures["idle_power"].value == pytest.approx(60 * count, rel=0.01)
            assert_within_its_bound(run)


@pytest.mark.parametrize(
    "fault",
    [
        {"reset_at_s": 4.0},
        {"reset_at_s": 7.3},  # in the window's last tenth of a second
        {"zero_at_s": 4.0},
        {"zero_at_s": 7.3},
        {"gone_at_s": 4.0},
        {"jump_at_s": 4.0, "jump_j": 5000.0},
    ],
)
def test_a_counter_of_rapl_that_fails_has_no_energy(fault: dict[str, float]) -> None:
    """At 50 W a reset, one read of 0, a file that goes or a jump: n/a with the reason."""
    run = measured_on(Sensor([constant(50.0)], [replace(RAPL, **fault)]), 5.0)
    for name in ("infer_power", "infer_energy", "infer_energy_net", "infer_fps_per_w"):
        assert run.figures[name].value is None
        said = reasons(run, name)
        assert any(word in said for word in ("reset or misread", "gone", "misread")), said
    assert run.figures["idle_power"].value == pytest.approx(50, rel=0.01)


@pytest.mark.parametrize("until_s", [5.0, 100.0])
@pytest.mark.parametrize("frozen", [0, 1, 2])
@pytest.mark.parametrize("from_s", [0.0, 4.0])
def test_a_part_that_stands_still_is_named(frozen: int, from_s: float, until_s: float) -> None:
    """Of three counters one freezes for a second, for good, or from the start: invalid, by name."""
    faults = [RAPL] * 3
    faults[frozen] = replace(RAPL, frozen_from_s=from_s, frozen_until_s=until_s, loses=True)
    run = measured_on(Sensor([constant(w) for w in (50.0, 60.0, 5.0)], faults), 5.0)
    figure = run.figures["infer_power"]
    assert not figure.valid
    name = "simulated sensor" if not frozen else f"package-{frozen}"
    assert f"frozen: {name} stood still for " in reasons(run)
    if from_s == 0:  # the baseline is no more to be believed than the window
        assert run.figures["idle_power"].value is None
        assert name in reasons(run, "idle_power")


def test_a_part_that_moves_again_at_the_very_end_is_named() -> None:
    """One change alone says nothing of how often a counter moves."""
    late = replace(RAPL, frozen_from_s=0.0, frozen_until_s=7.36, loses=True)
    run = measured_on(Sensor([constant(50.0)] * 2, [RAPL, late]), 5.0)
    assert not run.figures["infer_power"].valid
    assert "frozen: package-1 stood still for " in reasons(run)


@pytest.mark.parametrize("stops", ["package-1", "package-0 dram"])
@pytest.mark.parametrize("after", [0, 40])
def test_a_zone_of_the_kernel_s_that_stands_still_is_named(
    sysfs: Tree, stops: str, after: int
) -> None:
    """The files themselves, two sockets and a memory, one of which stops or never begins."""
    zones = {"package-0": "intel-rapl:0", "package-0 dram": "intel-rapl:0:0"}
    zones["package-1"] = "intel-rapl:1"
    files = {name: sysfs.zone(at, name.split()[-1], 1_000_000) for name, at in zones.items()}
    shown_uj, clock = dict.fromkeys(files, 1_000_000), VirtualClock()
    with RaplMeter() as meter:
        recorder = Recorder(meter, clock=clock)
        before_j = recorder.read().energy_j
        for step in range(100):
            clock.sleep(PERIOD_S)
            for name, file in files.items():
                if name != stops or step < after:
                    shown_uj[name] += 2_500_000  # 50 W
                    file.write_text(f"{shown_uj[name]}\n")
            after_j = recorder.read().energy_j
        assert before_j is not None
        assert after_j is not None
        window = Window("infer", 10, SAMPLES, 0.0, clock())
        found = suspect(meter, after_j - before_j, window, recorder.end())
    (frozen,) = (reason for reason in found.invalid if "frozen" in reason)
    assert f"{stops} stood still for " in frozen
    assert "RAPL counts energy and has no power reading beside it" in found.doubts[0]
    assert "1,500 W (ours: no package-1 draws as much)" in found.doubts[0]


@pytest.mark.parametrize("jump_j", [400.0, 5000.0])
def test_a_jump_without_a_power_reading_is_impossible(jump_j: float) -> None:
    """Five kilojoules at once at 200 W: invalid by the ceiling; so is what only a step shows."""
    faults = replace(NVML, no_power=True, jump_at_s=4.0, jump_j=jump_j)
    run = measured_on(Sensor([constant(200.0)], [faults]), 10.0)
    assert not run.figures["infer_power"].valid
    assert "impossible" in reasons(run)
    assert "400 W (the test's) allows" in reasons(run)


def test_a_jump_beside_a_power_reading_is_contradicted() -> None:
    """What the ceiling lets pass, the sensor's own power does not."""
    faults = replace(NVML, jump_at_s=4.0, jump_j=50.0)
    run = measured_on(Sensor([constant(100.0)], [faults]), 5.0)
    assert not run.figures["infer_power"].valid
    assert "meters_disagree" in reasons(run)
    assert "impossible" not in reasons(run)
    assert "unchecked" not in reasons(run)


def test_an_idle_baseline_with_a_jump_is_none() -> None:
    """The window is right, and its net energy says what was wrong with the baseline."""
    faults = replace(NVML, jump_at_s=1.0, jump_j=5000.0)
    run = measured_on(Sensor([constant(100.0)], [faults]), 5.0)
    assert run.figures["infer_power"].value == pytest.approx(100, rel=0.01)
    for name in ("infer_energy_net", "idle_power"):
        assert run.figures[name].value is None
        assert "idle baseline is not to be believed: impossible" in reasons(run, name)


def test_power_of_a_part_is_no_check_of_the_whole() -> None:
    """A module's counter beside its GPU's power contradict each other."""
    run = measured_on(Sensor([constant(300.0)], [replace(NVML, power_share=0.6)]), 5.0)
    assert not run.figures["infer_power"].valid
    assert "meters_disagree" in reasons(run)


@pytest.mark.parametrize(
    ("item", "words", "valid"),
    [
        (
            Condition(power_limit_w=350.0),
            "capped: the power limit changed between 700 and 350",
            True,
        ),
        (Condition(clock_mhz=990.0, power_limit_w=700.0), "clocks: the clock was between", True),
        (Condition(throttled_s={"heat": 0.5}, power_limit_w=700.0), "heat for 0.50 s", False),
        (Condition(throttles=5, power_limit_w=700.0), "throttled: heat, 3 times by the", False),
        (Condition(capped_s=3.0, power_limit_w=700.0, clock_mhz=1900.0), "", True),
    ],
)
def test_what_changes_within_the_window_is_told(item: Condition, words: str, valid: bool) -> None:  # noqa: FBT001 - a case
    """A cap, a clock, half a second of heat; not the time at a limit that was set before."""
    before = Condition(
        clock_mhz=1980.0, power_limit_w=700.0, throttled_s={"heat": 0.0}, throttles=2
    )
    sensor = Sensor([constant(100.0)], [NVML])
    changed = measured_on(sensor, 6.0, [(0.0, before), (5.0, item)])
    figure = changed.figures["infer_power"]
    assert figure.valid is valid
    assert words in reasons(changed)
    idle = replace(before, clock_mhz=345.0)  # before the window the clock may be any
    same = measured_on(sensor, 6.0, [(0.0, idle), (2.6, before)])
    assert not any(word in reasons(same) for word in ("capped", "clocks", "throttled"))
    if not words:
        assert changed.figures["infer_power"].reasons == same.figures["infer_power"].reasons
        assert figure.detail["capped_s"] == [3.0, 3.0]


def test_a_slowdown_before_the_window_is_not_the_window_s() -> None:
    """The cumulative count is the difference of the window's two edges."""
    states = [
        (0.0, Condition(throttled_s={"heat": 0.0}, throttles=0)),
        (1.0, Condition(throttled_s={"heat": 9.0}, throttles=7)),
    ]
    run = measured_on(Sensor([constant(100.0)], [NVML]), 5.0, states)
    assert run.figures["infer_power"].valid
    assert run.figures["infer_power"].detail["throttled_s"] == {"heat": 0.0}
    assert run.figures["infer_power"].detail["throttles"] == 0
