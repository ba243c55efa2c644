"""Damaged traces of a sensor's readings: the same joules, or a sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from outcomes import Outcome, said, written

from benchbench.errors import BenchbenchError
from benchbench.meters.base import Reading
from benchbench.probes import energy_metered
from benchbench.probes.metering import edges
from benchbench.probes.metering.edges import Readings
from benchbench.probes.metering.sampler import Sample
from benchbench.probes.metering.window import Window
from benchbench.results import traces

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TRACE", "one_trace"]


def _trace() -> traces.Trace:
    return traces.Trace(
        "snn-infer-1.csv",
        "a sensor",
        "simulated",
        Window("infer", 40, 640, 10.0, 15.0),
        42.5,
        Readings(
            Reading(100.0, 9.99, 0.0),
            620.0,
            15.001,
            Reading(625.0, 15.05, 0.0),
            Reading(634.0, 15.15, 0.0),
        ),
        tuple(Sample(10.0 + k, 100.0 + 100 * k, 101.5) for k in range(5)),
    )


TRACE = traces.text_of(_trace())


def _joules(text: str) -> dict[str, float]:
    trace = traces.parse("a.csv", text)
    taken = edges.settle(trace.readings, trace.window)
    return energy_metered.values(taken.energy_j, trace.window, trace.idle_w)


def one_trace(content: bytes, folder: Path) -> Outcome:
    """What is accepted comes to the same joules."""
    try:
        found = _joules(traces.read(written(folder / "a.csv", content)))
    except BenchbenchError as error:
        return said(error)
    assert all(map(math.isfinite, found.values()))
    assert found == _joules(TRACE), "other joules without a word"
    return "accepted"
