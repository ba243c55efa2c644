"""Every joule of a stored run computed again, from the raw readings beside it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError, ResultError
from benchbench.probes import energy_metered
from benchbench.probes.metering import edges
from benchbench.results.schema import TRACES
from benchbench.results.traces import parse, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchbench.metrics.measurement import Measurement, Round
    from benchbench.results.schema import Results

__all__ = ["Recomputed", "recompute"]

SAME = 1e-9  # relative: the same arithmetic on the same numbers


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One figure of one window.

    Attributes:
        model: Its id in the suite.
        figure: The metric's name.
        repeat: Number of the process, from 1.
        stored: Value in the result.
        again: Value from the trace; None where it cannot be computed.
        reason: Why not, or why it differs; empty where both agree.
    """

    model: str
    figure: str
    repeat: int
    stored: float
    again: float | None
    reason: str = ""


def recompute(results: Results, folder: Path) -> list[Recomputed]:
    """Compute every metered window again.

    Args:
        results: The stored run.
        folder: Where it is kept, with its traces.

    Returns:
        One line a figure and window; none where nothing was metered.
    """
    return [
        _line(cell.model, figure.name, stored, folder)
        for cell in results.cells
        for figure in cell.measurements.values()
        for stored in _windows(figure)
    ]


def _windows(figure: Measurement) -> Iterator[Round]:
    """What is stored of each window of a figure that is made of joules."""
    for found in figure.rounds():
        if "window_j" in found.detail and found.value is not None:
            yield found


def _line(model: str, name: str, stored: Round, folder: Path) -> Recomputed:
    phase, _, short = name.partition("_")
    head = (model, name, stored.repeat + 1, stored.value or 0.0)
    if "trace" not in stored.detail:
        return Recomputed(*head, None, "the result names no trace: it was made by an older version")
    try:
        again = _again(folder, str(stored.detail["trace"]), phase, short)
    except (ResultError, MeterError) as error:
        return Recomputed(*head, None, str(error))
    apart = abs(again - head[3]) > SAME * max(abs(again), abs(head[3]))
    return Recomputed(
        *head, again, "the stored figure is not what its readings give" if apart else ""
    )


def _again(folder: Path, name: str, phase: str, short: str) -> float:
    """One figure from its trace alone.

    Raises:
        ResultError: The trace is missing, damaged, or of another phase.
        MeterError: Its readings give no energy.
    """
    trace = parse(name, read(folder / TRACES / name))
    if trace.window.phase != phase:
        raise ResultError(f"{name}: is of the phase {trace.window.phase!r}, not {phase!r}")
    taken = edges.settle(trace.readings, trace.window)
    found = energy_metered.values(taken.energy_j, trace.window, trace.idle_w)
    if (memory_j := trace.readings.memory_j) is not None:
        found["energy_dram"] = (memory_j[1] - memory_j[0]) / trace.window.samples
    if short not in found:
        raise ResultError(f"{name}: holds nothing that {short} could be computed from")
    return found[short]
