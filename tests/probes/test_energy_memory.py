"""The memory's part of a window's energy, from counters whose true energy is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fixtures_displayed import results as displayed

import benchbench
from benchbench.meters import NullMeter
from benchbench.meters.simulated import Curve, Faults, SimulatedMeter, VirtualClock
from benchbench.meters.simulated_counter import SimulatedCounter
from benchbench.probes import energy_metered
from benchbench.probes.metering import protocol
from benchbench.probes.metering.sampler import Watched
from benchbench.probes.metering.window import Window
from benchbench.report.block import page_of
from benchbench.report.format import number
from benchbench.results.recompute import recompute
from benchbench.results.schema import TRACES
from benchbench.results.traces import Trace, parse, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.meters import Meter
    from benchbench.metrics.measurement import Measurement


def server(memory_w: float) -> SimulatedMeter:
    """A package of 100 W, and its memory beside it."""
    meter = SimulatedMeter(Curve([(0.0, 100.0)]), 0.001, VirtualClock())
    curve = Curve([(0.0, memory_w)])
    meter.beside["dram"] = SimulatedCounter(curve, 0.001, meter.clock, Faults(), meter.ceiling)
    meter.memory = ("dram",)
    return meter


def finished(meter: Meter, clock: VirtualClock) -> tuple[Window, energy_metered.Finished]:
    """A window of ten seconds and a hundred samples."""
    start = protocol.begin(meter)
    start_s = clock()
    clock.sleep(10.0)
    window = Window("infer", 10, 100, start_s, clock())
    idle = protocol.Idle(None, "not taken")
    return window, energy_metered.finish(meter, start, window, idle, clock)


def by_name(ended: energy_metered.Finished) -> dict[str, Measurement]:
    """Its figures."""
    return {figure.name: figure for figure in ended.figures}


def test_the_memory_is_a_part_of_the_energy_and_a_figure_of_its_own() -> None:
    """Of 125 W 25 W are the memory's: a fifth of every sample's joules."""
    meter = server(25.0)
    _, ended = finished(meter, meter.clock)
    found = by_name(ended)
    part, whole = found["infer_energy_dram"], found["infer_energy"]
    assert whole.value == pytest.approx(12.5, rel=1e-3)
    assert part.value == pytest.approx(2.5, rel=1e-3)
    assert part.detail["share"] == pytest.approx(0.2, rel=1e-3)
    assert abs(part.value - 2.5) * 100 <= part.detail["edge_error_j"] + 0.002
    assert part.provenance == "simulated"


def test_what_speaks_against_the_whole_speaks_against_its_part() -> None:
    """A window in which the sensor was impossible has no memory's joules to compare either."""
    meter = server(2000.0)  # the simulation allows 1,000 W
    _, ended = finished(meter, meter.clock)
    part = by_name(ended)["infer_energy_dram"]
    assert not part.valid
    assert any("impossible" in reason for reason in part.reasons)


def test_a_memory_that_counts_nothing_has_no_zero() -> None:
    """Its counter stood still, which no memory of a running machine does."""
    meter = server(0.0)
    _, ended = finished(meter, meter.clock)
    part = by_name(ended)["infer_energy_dram"]
    assert part.value is None
    assert "stood still" in part.reasons[0]


def test_a_sensor_without_such_a_counter_says_so() -> None:
    """Its own reason, where there is a sensor; why there is none, where there is not."""
    alone = SimulatedMeter(Curve([(0.0, 100.0)]), 0.001, VirtualClock())
    part = by_name(finished(alone, alone.clock)[1])["infer_energy_dram"]
    assert part.reasons == ("this sensor has no counter of the memory alone",)
    none = by_name(finished(NullMeter("no sensor here"), VirtualClock())[1])["infer_energy_dram"]
    assert none.value is None
    assert none.reasons == ("no sensor here",)


def test_the_memorys_joules_come_again_from_the_trace(tmp_path: Path) -> None:
    """Both of its readings are kept; a figure that is not what they give is told."""
    meter = server(25.0)
    window, ended = finished(meter, meter.clock)
    assert ended.readings is not None
    trace = Trace("a.csv", meter.name, "simulated", window, None, ended.readings, Watched().samples)
    assert parse("a.csv", text_of(trace)).readings == ended.readings
    (tmp_path / TRACES).mkdir()
    (tmp_path / TRACES / trace.name).write_text(text_of(trace))
    part = by_name(ended)["infer_energy_dram"]
    part = replace(part, detail={**part.detail, "trace": trace.name})
    results = displayed("a model")
    cell = replace(results.cells[0], measurements={part.name: part})
    (same,) = recompute(replace(results, cells=(cell,)), tmp_path)
    assert (same.again, same.reason) == (pytest.approx(part.value), "")
    wrong = replace(cell, measurements={part.name: replace(part, value=9.0)})
    (other,) = recompute(replace(results, cells=(wrong,)), tmp_path)
    assert "not what its readings give" in other.reason


def test_a_block_tells_the_memorys_part() -> None:
    """In its line and in its table; a counter that stood still is a reason, not a zero."""
    meter = server(25.0)
    with benchbench.energy(meter) as block:
        meter.clock.sleep(4.0)
    assert block.memory_joules == pytest.approx(100.0, rel=1e-2)
    assert "J of it memory" in str(block)
    (grid,) = page_of(block).grids
    assert grid.header[3] == "of it memory"
    assert grid.lines[0].cells[3] == f"{number(block.memory_joules or 0)} J"
    still = server(0.0)
    with benchbench.energy(still) as block:
        still.clock.sleep(4.0)
    assert block.memory_joules is None
    assert "stood still" in block.reasons[-1]
    alone = SimulatedMeter(Curve([(0.0, 100.0)]), 0.001, VirtualClock())
    with benchbench.energy(alone) as block:
        alone.clock.sleep(4.0)
    assert "of it memory" not in page_of(block).grids[0].header
    assert not any("memory" in reason for reason in block.reasons)
