"""A meter outside of the machine: another clock, late lines, gaps, an end, and what it says."""

from __future__ import annotations

import shlex
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from benchbench.errors import MeterError
from benchbench.meters import open_meter
from benchbench.meters.external import Aligned, ExternalMeter, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AHEAD_S = 86_400.0 + 1.7e9  # of the meter's clock


def fed(readings: list[tuple[float, float, float]]) -> Aligned:
    """A sum that was given stamp, watts and delay of each reading, on a clock that is moved."""
    now = [0.0]
    found = Aligned(lambda: now[0])
    for stamp, watts, delay_s in readings:
        now[0] = stamp + delay_s
        found.take(f"{stamp + AHEAD_S:.6f}, {watts}\n")
    return found


def test_joules_are_those_of_the_meters_own_clock() -> None:
    """A step from 10 to 40 W, each held until the next; late lines change nothing of it."""
    steady = [(second, 10.0, 0.1) for second in range(1, 5)]
    busy = [(second, 40.0, 0.1 + 0.3 * (second % 2)) for second in range(5, 9)]
    found = fed([*steady, *busy])
    assert found.energy_j() == pytest.approx(4 * 10 + 3 * 40)
    assert found.delay_s == pytest.approx(0.3)
    assert found.period_s == pytest.approx(1.0)
    assert found.power_w() == 40.0


def test_the_spread_of_the_delays_is_from_the_quickest_line_of_all() -> None:
    """One that comes later is the quickest: what came before it was later than was thought."""
    delays = (0.5, 0.9, 0.1, 0.5)
    found = fed([(second, 5.0, delay_s) for second, delay_s in enumerate(delays)])
    assert found.delay_s == pytest.approx(0.8)


def test_a_meter_of_long_periods_is_not_frozen_between_two_lines() -> None:
    """Three of its periods may pass, and the time by which its lines vary."""
    found = fed([(second, 5.0, 0.0) for second in (0, 3, 6)])
    assert found.silence_s == pytest.approx(9.0)
    ended = threading.Event()

    def lines() -> Iterator[str]:
        yield from (f"{AHEAD_S + second}, 5\n" for second in (0, 3, 6, 9))
        ended.wait()

    with ExternalMeter(lines(), "slow", ended.set) as meter:
        assert meter.energy_j() > 0
        assert meter.frozen_s >= 9.0


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ([(1, 5.0, 0.0), (2, 5.0, 0.0), (9, 5.0, 0.0)], "no reading for 7 s"),
        ([(1, 5.0, 0.0), (2, 5.0, 0.0), (1.5, 5.0, 1.0)], "go back by 0.5 s"),
    ],
    ids=["a gap", "a clock that was set"],
)
def test_what_is_not_known_is_refused(readings: list[tuple[float, float, float]], why: str) -> None:
    """A gap, or time that goes back: there is no energy over it."""
    with pytest.raises(MeterError, match=why):
        fed(readings).energy_j()


def test_a_meter_that_falls_silent_is_refused() -> None:
    """The last reading is not held for ever."""
    now = [0.0]
    found = Aligned(lambda: now[0])
    for second in (1.0, 2.0, 3.0):
        now[0] = second
        found.take(f"{second} 7")
    assert found.energy_j() == 14.0
    now[0] = 6.5
    with pytest.raises(MeterError, match=r"no reading for 3.5 s"):
        found.energy_j()


@pytest.mark.parametrize("line", ["", "  \n", "# remark\n"])
def test_a_line_without_a_reading(line: str) -> None:
    """Empty lines and remarks are none."""
    assert parsed(line) is None


@pytest.mark.parametrize("line", ["watts", "1 2 3", "1e12 5", "5 -1", "nan 3", "5 inf", "-1 2"])
def test_a_line_that_is_no_reading_is_refused(line: str) -> None:
    """Text, too many numbers, no time in seconds, no power."""
    with pytest.raises(MeterError):
        parsed(line)


def command(body: str) -> str:
    """A selector that runs some Python."""
    program = f"import sys, time\n{body}"
    return f"command:{shlex.join([sys.executable, '-u', '-c', program])}"


TICKS = """
print('# simulated gain=0.01 offset_w=0.25', flush=True)
for tick in range(10**6):
    print(time.time() + 3600, 12.5, flush=True)
    time.sleep(0.02)
"""


def test_a_command_is_a_meter_for_as_long_as_it_is_open() -> None:
    """Watts times seconds, on a clock an hour ahead; what it says of itself is in the report."""
    with open_meter(command(TICKS), "cpu", None) as found:
        assert found.provenance == "simulated"
        assert (found.uncertainty.gain, found.uncertainty.offset_w) == (0.01, 0.25)
        assert found.uncertainty.source == "as the meter says"
        start = found.wait_for_update()
        time.sleep(0.5)
        end = found.wait_for_update()
        assert end.energy_j - start.energy_j == pytest.approx(
            12.5 * (end.time_s - start.time_s), rel=0.3
        )
        assert found.power_w() == 12.5
        assert any("aligned by its readings' arrival" in note for note in found.notes)


@pytest.mark.parametrize(
    ("selector", "why"),
    [
        (command("print('hello')"), "expected a time stamp"),
        (command("sys.exit(3)"), "it has ended"),
        ("command:/nowhere/meter", "cannot be started"),
        ("external:/nowhere/plug.csv", "cannot be read"),
    ],
)
def test_what_gives_no_reading_is_refused_with_the_reason(selector: str, why: str) -> None:
    """Before anything is timed."""
    with open_meter(selector, "cpu", None) as found, pytest.raises(MeterError, match=why):
        found.energy_j()


def test_a_meter_that_ends_in_the_middle_is_refused() -> None:
    """Its last joules are not taken for all of them."""
    body = "for i in range(5):\n    print(time.time(), 3.0, flush=True); time.sleep(0.02)\n"
    with open_meter(command(body), "cpu", None) as found:
        time.sleep(0.5)
        with pytest.raises(MeterError, match="it has ended"):
            found.energy_j()


def test_a_file_that_grows_is_a_meter(tmp_path: Path) -> None:
    """What stood in it before is not counted; a line is taken when it is whole."""
    file = tmp_path / "plug.csv"
    file.write_text("# offset_w=0.5\n1,99\n2,99\n")
    stop = threading.Event()

    def write() -> None:
        with file.open("a") as out:
            while not stop.wait(0.02):
                out.write(f"{time.time():.4f},")
                out.flush()
                out.write("20\n")
                out.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with open_meter(f"external:{file}", "cpu", None) as found:
            begin, start_j = time.perf_counter(), found.energy_j()
            time.sleep(0.6)
            spent_j, passed_s = found.energy_j() - start_j, time.perf_counter() - begin
        assert spent_j == pytest.approx(20 * passed_s, rel=0.4)
        assert found.uncertainty.offset_w == 0.5
    finally:
        stop.set()
        writer.join()
