"""RAPL and the Jetson's power monitors, on simulated kernel files; every failure is a reason."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.errors import MeterError
from benchbench.meters import Ceiling, NullMeter, open_meter, powercap, rapl
from benchbench.meters import sysfs as sysfs_module
from benchbench.meters.jetson import JetsonMeter, rails
from benchbench.meters.polled import PowerIntegral
from benchbench.meters.powercap import zones
from benchbench.meters.rapl import RaplMeter
from benchbench.meters.simulated import VirtualClock
from benchbench.meters.unwrap import Unwrapped

if TYPE_CHECKING:
    from fixtures_sysfs import Tree

RANGE_J = 65_536.0
CEILING = Ceiling(1000.0, "1000 W (the test's)")


def reason() -> str:
    """Why `auto` has no meter for a processor here."""
    meter = open_meter("auto", "cpu", None)
    assert isinstance(meter, NullMeter)
    return meter.reason


def test_packages_are_summed_and_nothing_is_counted_twice(sysfs: Tree) -> None:
    """Core, psys and the mirrored mmio zone are in or around a package; DRAM is beside it."""
    first = sysfs.zone("intel-rapl:0", "package-0", 1_000_000)
    sysfs.zone("intel-rapl:0:0", "core", 900_000)
    memory = sysfs.zone("intel-rapl:0:1", "dram", 500_000)
    second = sysfs.zone("intel-rapl:1", "package-1", 2_000_000)
    sysfs.zone("intel-rapl:1:0", "dram", 600_000)
    sysfs.zone("intel-rapl:2", "psys", 9_000_000)
    sysfs.zone("intel-rapl-mmio:0", "package-0", 1_000_000)
    assert sorted(zone.name for zone in zones()) == [
        "package-0",
        "package-0 dram",
        "package-1",
        "package-1 dram",
    ]
    with RaplMeter() as meter:
        assert meter.energy_j() == 0
        first.write_text("4000000\n")
        second.write_text("2500000\n")
        memory.write_text("600000\n")
        assert meter.energy_j() == pytest.approx(3.6)
        assert meter.provenance == "simulated"
        assert "without the memory" not in meter.notes[0]
        with pytest.raises(MeterError, match="no power reading"):
            meter.power_w()


def test_the_memory_of_each_package_stands_alone_as_well(sysfs: Tree) -> None:
    """What its zones counted is a part of the whole: psys holds both, and is in neither."""
    package = sysfs.zone("intel-rapl:0", "package-0", 0)
    memories = [
        sysfs.zone(f"intel-rapl:{number}:0", "dram", 500_000 * (number + 1)) for number in (0, 1)
    ]
    sysfs.zone("intel-rapl:1", "package-1", 0)
    board = sysfs.zone("intel-rapl:2", "psys", 0)
    with RaplMeter() as meter:
        assert meter.memory == ("package-0 dram", "package-1 dram")
        assert meter.memory_j() == 0
        package.write_text("8000000\n")
        memories[0].write_text("1500000\n")
        memories[1].write_text("3000000\n")
        board.write_text("90000000\n")
        assert meter.memory_j() == pytest.approx(1 + 2)
        assert meter.energy_j() == pytest.approx(8 + 1 + 2)
        assert "and the memory (package-0 dram, package-1 dram), not the board" in meter.notes[0]
        memories[0].write_text("garbage\n")
        with pytest.raises(MeterError):
            meter.memory_j()


def test_a_machine_without_a_zone_of_its_memory_says_so(sysfs: Tree) -> None:
    """With one zone for two packages, the one whose memory is in no figure is told."""
    sysfs.zone("intel-rapl:0", "package-0", 0)
    sysfs.zone("intel-rapl:1", "package-1", 0)
    with RaplMeter() as meter, pytest.raises(MeterError, match="no zone of the memory"):
        meter.memory_j()
    sysfs.zone("intel-rapl:1:0", "dram", 0)
    with RaplMeter() as meter:
        assert meter.notes[1] == "the memory of package-0 has no counter and is in no figure"


def test_dies_that_mirror_their_package_are_counted_once(sysfs: Tree) -> None:
    """Dies that show one counter are one; another package with as many joules is another one."""
    names = ("package-0-die-0", "package-0-die-1", "package-0-die-2", "package-1-die-0")
    for number, name in enumerate(names):
        sysfs.zone(f"intel-rapl:{number}", name, 70_000_000_000 + number)
    assert [zone.name for zone in zones()] == ["package-0-die-0", "package-1-die-0"]
    with RaplMeter() as meter:
        assert "without the memory" in meter.notes[0]
        assert meter.notes[1].startswith("package-0-die-1 and package-0-die-2: the same counter")
        for file in sysfs.root.glob("class/powercap/*/energy_uj"):
            file.write_text("70010000000\n")
        assert meter.energy_j() == pytest.approx(20, abs=1e-3)


def test_dies_with_counters_of_their_own_are_summed(sysfs: Tree) -> None:
    """Two dies of one package that differ by more than a reading apart are two counters."""
    first = sysfs.zone("intel-rapl:0", "package-0-die-0", 70_000_000_000)
    sysfs.zone("intel-rapl:1", "package-0-die-1", 70_003_000_000)
    with RaplMeter() as meter:
        assert meter.name == "RAPL, package-0-die-0 + package-0-die-1"
        first.write_text("70010000000\n")
        assert meter.energy_j() == pytest.approx(10)


def test_a_package_that_only_mmio_shows_is_counted(sysfs: Tree) -> None:
    """The second interface serves where the first one's driver is not loaded."""
    sysfs.zone("intel-rapl-mmio:0", "package-0", 1_000_000)
    assert [zone.folder.name for zone in zones()] == ["intel-rapl-mmio:0"]
    sysfs.zone("intel-rapl:0", "package-0", 1_000_000)
    assert [zone.folder.name for zone in zones()] == ["intel-rapl:0"]


def test_the_counter_starts_again_within_a_window(sysfs: Tree) -> None:
    """The energy goes on over the end of the counter's range."""
    file = sysfs.zone("intel-rapl:0", "package-0", 262_143_000_000)
    with open_meter("auto", "cpu", None) as meter:
        before_j = meter.energy_j()
        file.write_text("1000000\n")
        assert meter.energy_j() - before_j == pytest.approx(1.32885)


@pytest.mark.parametrize("range_uj", [0, None, "garbage"])
def test_a_counter_without_a_range_may_not_go_backwards(sysfs: Tree, range_uj: object) -> None:
    """Nobody knows what was lost, so nothing is printed, then and ever after."""
    file = sysfs.zone("intel-rapl:0", "package-0", 5_000_000, range_uj)
    with RaplMeter() as meter:
        file.write_text("6000000\n")
        assert meter.energy_j() == pytest.approx(1)
        file.write_text("1000000\n")
        for _ in range(2):
            with pytest.raises(MeterError, match="went backwards"):
                meter.energy_j()
            file.write_text("9000000\n")


@pytest.mark.parametrize("content", ["", "garbage", "12 uJ", "\xff"])
def test_garbage_is_a_reason(sysfs: Tree, content: str) -> None:
    """A file that holds no number is named."""
    sysfs.zone("intel-rapl:0", "package-0", content)
    assert "energy_uj holds no number: reload" in reason()


def test_a_file_for_root_alone_says_how_to_open_it(
    sysfs: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's EACCES gives the command that helps."""
    file = sysfs.zone("intel-rapl:0", "package-0", 1)
    read = Path.read_text

    def refuse(self: Path, *arguments: str) -> str:
        if self == file:  # root may read everything, so the kernel's refusal is played
            raise PermissionError(13, "Permission denied", str(self))
        return read(self, *arguments)

    monkeypatch.setattr(Path, "read_text", refuse)
    assert f"sudo chmod a+r {file}" in reason()
    assert "root alone (since Linux 5.10)" in reason()


def test_a_zone_that_vanishes_is_a_reason(sysfs: Tree) -> None:
    """The driver was unloaded while a window ran."""
    file = sysfs.zone("intel-rapl:0", "package-0", 1)
    with RaplMeter() as meter:
        file.unlink()
        with pytest.raises(MeterError, match="the driver was unloaded"):
            meter.energy_j()


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        (PermissionError(13, "Permission denied"), "root alone"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (ValueError("no number"), "holds no number"),
    ],
)
def test_a_read_that_fails_midway_is_a_reason_and_nothing_is_lost(
    sysfs: Tree, monkeypatch: pytest.MonkeyPatch, fails: Exception, words: str
) -> None:
    """EACCES, EIO or garbage of one zone: no sum of the others; once it is back, all is there."""
    first = sysfs.zone("intel-rapl:0", "package-0", 0)
    second = sysfs.zone("intel-rapl:1", "package-1", 0)
    read = Path.read_text

    def refuse(self: Path, *arguments: str) -> str:
        if self == second:
            raise fails
        return read(self, *arguments)

    with RaplMeter() as meter:
        first.write_text("5000000\n")
        second.write_text("6000000\n")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "read_text", refuse)
            with pytest.raises(MeterError, match=words):
                meter.energy_j()
        assert meter.energy_j() == pytest.approx(11)


def test_a_frozen_counter_is_a_reason(sysfs: Tree) -> None:
    """It does not move while the meter waits."""
    sysfs.zone("intel-rapl:0", "package-0", 1)
    with RaplMeter() as meter:
        meter.frozen_s = 0.05
        with pytest.raises(MeterError, match=r"frozen.* run on bare metal"):
            meter.wait_for_update()


def test_a_processor_on_a_jetson_is_told_of_its_power_monitor(sysfs: Tree) -> None:
    """There is no RAPL, and the reason names the sensor that includes the processor."""
    assert "jetson" not in reason()
    sysfs.ina3221("hwmon1", VDD_IN=(5.0, 1.0))
    assert reason().endswith("choose its power monitor (meter: jetson)")


def test_a_counter_beyond_its_range_is_a_reason(sysfs: Tree) -> None:
    """A garbled number is not energy."""
    file = sysfs.zone("intel-rapl:0", "package-0", 1, 10**9)
    with RaplMeter() as meter:
        file.write_text("2000000000\n")
        with pytest.raises(MeterError, match="outside its own range"):
            meter.energy_j()


def test_no_powercap_says_what_would_help(sysfs: Tree) -> None:
    """A virtual machine has none."""
    sysfs.write("class/powercap/dtpm/name", "dtpm")
    assert "virtual machine" in reason()
    assert "bare metal" in reason()


def test_a_package_that_throttles_is_seen_with_its_heat(sysfs: Tree) -> None:
    """The kernel counts how often; a kernel without the count says nothing."""
    sysfs.zone("intel-rapl:0", "package-0", 1)
    cpu = "devices/system/cpu/cpu0"
    sysfs.write(f"{cpu}/topology/physical_package_id", 0)
    count = sysfs.write(f"{cpu}/thermal_throttle/package_throttle_count", 3)
    sysfs.write(f"{cpu}/cpufreq/scaling_cur_freq", 2_400_000)
    sysfs.write("class/thermal/thermal_zone0/type", "x86_pkg_temp")
    sysfs.write("class/thermal/thermal_zone0/temp", 83_000)
    with RaplMeter() as meter:
        assert meter.condition().throttles == 3
        count.write_text("4\n")
        found = meter.condition()
        count.unlink()
        assert meter.condition().throttles is None
    assert found.throttles == 4
    assert (found.temperature_c, found.clock_mhz) == (83, 2400)


@given(
    start_j=st.floats(0, RANGE_J),
    steps=st.lists(st.tuples(st.floats(0, 60_000), st.floats(0.1, 1000)), min_size=1, max_size=30),
)
def test_energy_goes_on_over_any_number_of_wraps(
    start_j: float, steps: list[tuple[float, float]]
) -> None:
    """Read often enough, the sum is the true energy, however often the counter starts again."""
    clock, true_j = VirtualClock(), 0.0
    counter = Unwrapped("it", lambda: (start_j + true_j) % RANGE_J, RANGE_J, CEILING, clock)
    counter.energy_j()
    for step_j, power_w in steps:
        seconds = min(step_j / power_w, 60)
        clock.sleep(seconds)
        true_j += power_w * seconds
        assert counter.energy_j() == pytest.approx(true_j, abs=1e-5)


@given(
    start_j=st.floats(0, RANGE_J),
    read_j=st.floats(0, RANGE_J),
    seconds=st.floats(0, 500),
    power_w=st.floats(0, 1000),
)
def test_no_reading_is_believed_that_the_device_cannot_have_drawn(
    start_j: float, read_j: float, seconds: float, power_w: float
) -> None:
    """Whatever it shows after a while, the step is within the ceiling, or there is none."""
    clock, shown_j = VirtualClock(), start_j
    counter = Unwrapped("it", lambda: shown_j, RANGE_J, CEILING, clock)
    counter.energy_j()
    clock.sleep(seconds)
    shown_j = read_j
    true_j = power_w * seconds
    if abs((start_j + true_j) % RANGE_J - read_j) < 1e-3:
        return  # it happens to be the truth
    with contextlib.suppress(MeterError):
        step_j = counter.energy_j()
        assert 0 <= step_j <= CEILING.reach_j(seconds)
        assert step_j + RANGE_J > CEILING.reach_j(seconds)


def test_a_counter_that_may_have_wrapped_twice_is_refused() -> None:
    """A silence longer than the counter lasts at the highest power leaves nothing to guess from."""
    clock, shown_j = VirtualClock(), 40_000.0
    counter = Unwrapped("it", lambda: shown_j, RANGE_J, CEILING, clock)
    counter.energy_j()
    clock.sleep(counter.fills_in_s * 0.9)
    shown_j = 100.0
    assert counter.energy_j() == pytest.approx(RANGE_J - 39_900)
    clock.sleep(counter.fills_in_s * 1.1)
    shown_j = 130.0
    for _ in range(2):
        with pytest.raises(MeterError, match="more than once"):
            counter.energy_j()


def test_a_slow_reading_is_no_jump() -> None:
    """A process that stands still while it reads has more time between two readings."""
    clock, shown_j, stalls_s = VirtualClock(), 0.0, 5.0

    def slow_j() -> float:
        clock.sleep(stalls_s)
        return shown_j

    counter = Unwrapped("it", slow_j, RANGE_J, CEILING, clock)
    counter.energy_j()
    shown_j = 8000.0
    assert counter.energy_j() == 8000


@pytest.mark.parametrize("shown_uj", [0, 3_000_000])
@pytest.mark.parametrize("again_uj", [200_000_000_000, 200_000_500_000])
def test_a_reset_or_a_read_of_zero_is_no_wrap(sysfs: Tree, shown_uj: int, again_uj: int) -> None:
    """A fall that would need more than the package can draw has no energy, then and ever after."""
    file = sysfs.zone("intel-rapl:0", "package-0", 200_000_000_000)
    with RaplMeter() as meter:
        assert meter.energy_j() == 0
        file.write_text(f"{shown_uj}\n")
        for _ in range(2):
            with pytest.raises(MeterError, match=r"fell from 200000 to .* J .* reset or misread"):
                meter.energy_j()
            file.write_text(f"{again_uj}\n")


def test_a_first_read_of_zero_is_found_at_the_second(sysfs: Tree) -> None:
    """What it then rises by is more than the package can draw."""
    file = sysfs.zone("intel-rapl:0", "package-0", 0)
    with RaplMeter() as meter:
        file.write_text("200000000000\n")
        with pytest.raises(MeterError, match=r"rose by 200,000 J .* 1,500 W .*misread"):
            meter.energy_j()


def test_a_zone_s_ceiling_is_twice_its_stated_limit(sysfs: Tree) -> None:
    """The highest that the kernel states; what nothing holds, or states nonsense, has ours."""
    place = "class/powercap/intel-rapl:{}"
    for number, (enabled, limit_uw, highest_uw) in enumerate(
        [
            (1, 125_000_000, 253_000_000),
            (0, 125_000_000, 0),
            (1, 4_095_000_000, 0),
            (1, "garbage", 0),
            (1, 280_000_000, 0),
        ]
    ):
        folder = place.format(number)
        sysfs.zone(f"intel-rapl:{number}", f"package-{number}", 1)
        sysfs.write(f"{folder}/enabled", enabled)
        sysfs.write(f"{folder}/constraint_0_power_limit_uw", limit_uw)
        sysfs.write(f"{folder}/constraint_0_max_power_uw", highest_uw)
    sysfs.write(f"{place.format(4)}/constraint_1_power_limit_uw", 300_000_000)
    found = [zone.ceiling for zone in zones()]
    assert [ceiling.power_w for ceiling in found] == [506, 1500, 1500, 1500, 600]
    assert "2 times the power limit of package-0, 253 W" in found[0].source
    assert "1,500 W (ours: no package-1 draws as much)" in found[1].source
    with RaplMeter() as meter:
        assert meter.ceiling.power_w == 5606


def test_a_stated_limit_refuses_what_the_general_one_would_let_pass(sysfs: Tree) -> None:
    """Sixty joules at once are no step of a package of 15 W."""
    file = sysfs.zone("intel-rapl:0", "package-0", 1_000_000)
    sysfs.write("class/powercap/intel-rapl:0/enabled", 1)
    sysfs.write("class/powercap/intel-rapl:0/constraint_0_power_limit_uw", 15_000_000)
    with RaplMeter() as meter:
        file.write_text("61000000\n")
        with pytest.raises(MeterError, match="2 times the power limit of package-0, 15 W, allows"):
            meter.energy_j()


def test_every_zone_is_told_apart(sysfs: Tree) -> None:
    """The energy is the sum of its counters, each of which can be looked at."""
    first = sysfs.zone("intel-rapl:0", "package-0", 0)
    second = sysfs.zone("intel-rapl:1", "package-1", 0)
    with RaplMeter() as meter:
        meter.energy_j()
        first.write_text("1000000\n")
        second.write_text("2000000\n")
        assert meter.counters_j() == {"package-0": 1, "package-1": 2}
        assert meter.energy_j() == 3


def test_the_rapl_meter_reads_by_itself_between_windows(
    sysfs: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks for a while, and each time that the counter starts again is still seen."""
    monkeypatch.setattr(rapl, "LONGEST_SILENCE_S", 0.01)
    monkeypatch.setattr(powercap, "MOST_W", 5e6)  # the steps below take no time
    file = sysfs.zone("intel-rapl:0", "package-0", 0, 1_000_000_000_000)
    with RaplMeter() as meter:
        for energy_j in (400_000, 800_000, 100_000, 500_000, 900_000, 50_000):
            file.write_text(f"{energy_j * 1_000_000}\n")
            while meter._counters[0].last_j != energy_j:
                time.sleep(0.005)
        assert meter.energy_j() == pytest.approx(2_050_000)


@pytest.mark.parametrize("layout", ["iio", "hwmon", "ina238"])
def test_every_layout_of_a_jetson_gives_watts(sysfs: Tree, layout: str) -> None:
    """Milliwatts, millivolts times milliamperes, and microwatts are all 12 W."""
    if layout == "iio":
        place = "bus/i2c/drivers/ina3221x/0-0041/iio:device1"
        sysfs.write(f"{place}/rail_name_0", "VDD_IN")
        sysfs.write(f"{place}/in_power0_input", 12_000)
    elif layout == "hwmon":
        sysfs.ina3221("hwmon3", VDD_IN=(5.0, 2.4), VDD_CPU_GPU_CV=(5.0, 1.0))
    else:
        sysfs.write("class/hwmon/hwmon4/name", "ina238")
        sysfs.write("class/hwmon/hwmon4/label", "VIN")
        sysfs.write("class/hwmon/hwmon4/power1_input", 12_000_000)
    with open_meter("auto", "cuda:0", None) as meter:
        assert meter.power_w() == pytest.approx(12)
        first, last = meter.wait_for_update(), meter.wait_for_update()
        power_w = (last.energy_j - first.energy_j) / (last.time_s - first.time_s)
        assert power_w == pytest.approx(12, rel=0.2)
        assert meter.integrates
        assert f"whole {'board' if layout == 'ina238' else 'module'}" in meter.notes[0]


def test_rails_are_summed_where_none_is_the_module_s(sysfs: Tree) -> None:
    """AGX boards have no total; one rail can be asked for by name."""
    sysfs.ina3221("hwmon1", VDD_GPU_SOC=(10.0, 1.0), VDD_CPU_CV=(10.0, 0.5), NC=(1.0, 9.0))
    sysfs.ina3221("hwmon2", VIN_SYS_5V0=(5.0, 1.0))
    assert [rail.name for rail in rails()] == ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"]
    with JetsonMeter() as meter:
        assert meter.power_w() == pytest.approx(20)
    with JetsonMeter("VDD_GPU_SOC") as meter:
        assert meter.power_w() == pytest.approx(10)
        assert "this rail alone" in meter.notes[0]
    with pytest.raises(MeterError, match="no rail 'VDD_IN' here: VDD_GPU_SOC"):
        JetsonMeter("VDD_IN")


def test_a_rail_that_feeds_another_is_not_added_to_it(sysfs: Tree) -> None:
    """AGX Orin's 5 V rail already includes the memory's; alone, the memory's can be asked for."""
    sysfs.ina3221("hwmon1", VDD_GPU_SOC=(20.0, 0.5), VDD_CPU_CV=(20.0, 0.25), VIN_SYS_5V0=(5.0, 1))
    sysfs.ina3221("hwmon2", NC=(0.0, 0.0), VDDQ_VDD2_1V8AO=(5.0, 0.4))
    with JetsonMeter() as meter:
        assert meter.power_w() == pytest.approx(20)
        assert "these rails together" in meter.notes[0]
    with JetsonMeter("VDDQ_VDD2_1V8AO") as meter:
        assert meter.power_w() == pytest.approx(2)


def test_the_input_of_a_thor_is_its_total(sysfs: Tree) -> None:
    """INA238 feeds the rails that INA3221 watches, so they are not added, whatever its name."""
    sysfs.write("class/hwmon/hwmon9/name", "ina238")
    sysfs.write("class/hwmon/hwmon9/power1_input", 50_000_000)
    sysfs.ina3221("hwmon5", VDD_GPU=(5.0, 2.0), VDD_CPU_SOC_MSS=(5.0, 2.0), VIN_SYS_5V0=(5.0, 1.0))
    for label in ("", "system input"):
        sysfs.write("class/hwmon/hwmon9/label", label)
        with JetsonMeter() as meter:
            assert meter.power_w() == pytest.approx(50)
            assert meter.name == f"power monitor of {label or 'VIN'}"
            assert "whole board" in meter.notes[0]


def test_a_power_monitor_that_fails_ends_the_sum(sysfs: Tree) -> None:
    """What could not be read is not energy of zero."""
    sysfs.ina3221("hwmon1", VDD_IN=(5.0, 1.0))
    with JetsonMeter() as meter:
        (sysfs.root / "class/hwmon/hwmon1/curr1_input").write_text("EIO\n")
        while not meter._sum.failure:
            time.sleep(0.005)
        with pytest.raises(MeterError, match="holds no number"):
            meter.energy_j()


@given(powers=st.lists(st.floats(0, 100), min_size=2, max_size=40))
def test_a_step_is_held_until_the_next_reading(powers: list[float]) -> None:
    """The sum is that of a power which changes at the readings and nowhere else."""
    clock, now = VirtualClock(), [powers[0]]
    total = PowerIntegral(lambda: now[0], clock)
    for power_w in powers[1:]:
        clock.sleep(0.25)
        now[0] = power_w
        total.tick()
    assert total.energy_j() == pytest.approx(0.25 * sum(powers[:-1]))


def test_a_long_gap_between_readings_is_refused() -> None:
    """A machine that stood still has energy that nobody saw."""
    clock = VirtualClock()
    total = PowerIntegral(lambda: 10.0, clock)
    clock.sleep(1.5)
    total.tick()
    with pytest.raises(MeterError, match="was not read for"):
        total.energy_j()


def test_the_kernel_s_own_files_are_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only another folder is marked as simulated."""
    monkeypatch.delenv("BENCHBENCH_SYSFS", raising=False)
    assert sysfs_module.is_real()
    monkeypatch.setenv("BENCHBENCH_SYSFS", "/tmp")  # noqa: S108 - never read
    assert not sysfs_module.is_real()
