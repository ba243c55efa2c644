"""Counters of several RAPL zones of which one is reset or misread: never a sum of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchbench.errors import MeterError
from benchbench.meters.rapl import RaplMeter

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures_sysfs import Tree

START_UJ = {"package-0": 120_000_000_000, "dram": 30_000_000_000, "package-1": 90_000_000_000}
STEP_UJ = 2_500_000  # 2.5 J between two readings, of every zone


@pytest.fixture
def three(sysfs: Tree) -> dict[str, Path]:
    """Files of the counters of two sockets and of the first one's memory."""
    folders = ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1")
    return {
        name: sysfs.zone(folder, name, START_UJ[name])
        for folder, name in zip(folders, START_UJ, strict=True)
    }


def go_on(files: dict[str, Path]) -> None:
    """Every zone draws 2.5 J more."""
    for file in files.values():
        file.write_text(f"{int(file.read_text()) + STEP_UJ}\n")


def test_three_zones_are_added_up_to_the_joule(three: dict[str, Path]) -> None:
    """Else the refusals below would say nothing."""
    with RaplMeter() as meter:
        for _ in range(4):
            go_on(three)
        assert meter.energy_j() == pytest.approx(4 * 3 * 2.5)
        assert meter.counters_j() == pytest.approx(
            {"package-0": 10.0, "package-0 dram": 10.0, "package-1": 10.0}
        )


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("package-0", "RAPL's counter of package-0 fell from 120002 to 0 J"),
        ("dram", "RAPL's counter of package-0 dram fell from 30002.5 to 0 J"),
        ("package-1", "RAPL's counter of package-1 fell from 90002.5 to 0 J"),
    ],
)
def test_a_zone_that_is_reset_twice_is_named_and_nothing_is_added(
    three: dict[str, Path], zone: str, said: str
) -> None:
    """What it shows between the two resets, and after them, looks like any other step."""
    with RaplMeter() as meter:
        go_on(three)
        assert meter.energy_j() == pytest.approx(7.5)
        for _ in range(2):
            three[zone].write_text("0\n")
            with pytest.raises(MeterError) as caught:
                meter.energy_j()
            assert said in str(caught.value)
            assert "reset or misread" in str(caught.value)
            go_on(three)
            with pytest.raises(MeterError, match="reset or misread"):
                meter.energy_j()


def test_a_zero_at_the_last_reading_of_a_window_is_no_end_of_it(three: dict[str, Path]) -> None:
    """Nothing comes after it that could contradict it, and still there is no energy."""
    with RaplMeter() as meter:
        before_j = meter.energy_j()
        for _ in range(3):
            go_on(three)
            assert meter.energy_j() > before_j
        three["dram"].write_text("0\n")
        with pytest.raises(MeterError, match=r"of package-0 dram fell from 30007\.5 to 0 J"):
            meter.energy_j()


def test_two_zones_may_start_again_in_one_step(sysfs: Tree) -> None:
    """Full counters of both sockets are no resets: each goes on over the end of its own range."""
    first = sysfs.zone("intel-rapl:0", "package-0", 262_143_000_000)
    second = sysfs.zone("intel-rapl:1", "package-1", 65_531_000_000, 65_532_610_987)
    with RaplMeter() as meter:
        first.write_text("1000000\n")
        second.write_text("2000000\n")
        # 0.32885 J to the first one's end and 1 J; 1.610987 J to the second one's and 2 J.
        assert meter.counters_j() == pytest.approx({"package-0": 1.32885, "package-1": 3.610987})
