"""Power over time as the sensor told it, the measured window shaded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import ResultError
from benchbench.report.charts.base import (
    MOST,
    WIDTH,
    Illustration,
    Panel,
    Scale,
    axis_across,
    axis_up,
    drawing,
    left_out,
    polyline,
    titled,
    words,
)
from benchbench.report.format import model_title, si
from benchbench.results import traces
from benchbench.results.schema import TRACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.results.schema import Results
    from benchbench.results.traces import Trace

__all__ = ["power_charts"]

TOP, HEIGHT, LEFT, RIGHT = 26, 170, 52, 12
SAMPLES = 400  # of a trace that are drawn: the highest and the lowest of each stretch
PHASES = ("train", "infer")


@dataclass(frozen=True, slots=True)
class _Named:
    """A trace that results name.

    Attributes:
        title: Model and phase.
        file: Name of the trace.
        mean_w: Mean power of the window, watts; None where it has none.
        others: How many more processes have a trace of the same.
    """

    title: str
    file: str
    mean_w: float | None
    others: int


def power_charts(results: Results) -> Illustration | None:
    """The trace of the first process of each model and phase; a panel each."""
    named = [*_named(results)] if results.folder else []
    found, missing = [], []
    for it in named[:MOST]:
        try:
            text = traces.read(Path(results.folder) / TRACES / Path(it.file).name)
            found.append((it, traces.parse(it.file, text)))
        except ResultError as error:
            missing.append(f"{it.title}: {error}")
    panels = tuple(_panel(it, trace) for it, trace in found if _watts(trace))
    if not panels and not missing:
        return None
    simulated = any(trace.provenance == "simulated" for _, trace in found)
    return Illustration(
        "Power over time",
        panels,
        (
            *(["SIMULATED sensor: these watts were made up"] if simulated else []),
            (
                "shaded: the measured window; dashed: idle power before it; level: mean power of "
                "the window"
            ),
            *left_out(sum(it.others for it in named), "process(es)", f"{TRACES}/ has their traces"),
            *left_out(len(named) - MOST, "model(s) and phase(s)", f"{TRACES}/ has their traces"),
            *(f"not drawn: {text}" for text in missing),
        ),
    )


def _named(results: Results) -> Iterator[_Named]:
    for cell in results.cells:
        for phase in PHASES:
            energy = cell.measurements.get(f"{phase}_energy")
            rounds = energy.rounds() if energy else ()
            files = [
                (number, it.detail["trace"])
                for number, it in enumerate(rounds)
                if isinstance(it.detail.get("trace"), str)
            ]
            if files:
                number, file = files[0]
                power = cell.measurements.get(f"{phase}_power")
                watts = power.rounds()[number].value if power else None
                title = f"{model_title(results, cell)}, {phase}"
                yield _Named(title, file, watts, len(files) - 1)


def _watts(trace: Trace) -> list[tuple[float, float]]:
    """Seconds from the window's start, and watts: what was read, else the counter's steps."""
    start = trace.window.start_s
    read = [(it.time_s - start, it.power_w) for it in trace.samples if it.power_w is not None]
    if read:
        return _thinned(read)
    counted = [(it.time_s - start, it.energy_j) for it in trace.samples if it.energy_j is not None]
    steps = counted[:1] + [it for before, it in pairwise(counted) if it[1] != before[1]]
    return _thinned(
        [
            (after, (more - joules) / (after - before))
            for (before, joules), (after, more) in pairwise(steps)
            if after > before
        ]
    )


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of a long trace the lowest and the highest of each stretch, in their order."""
    if len(points) <= SAMPLES:
        return points
    size = math.ceil(2 * len(points) / SAMPLES)
    out = []
    for first in range(0, len(points), size):
        part = points[first : first + size]
        ends = {min(part, key=_power_of), max(part, key=_power_of)}
        out += sorted(ends)
    return out


def _power_of(point: tuple[float, float]) -> float:
    return point[1]


def _panel(it: _Named, trace: Trace) -> Panel:
    points = _watts(trace)
    seconds, bottom = trace.window.seconds, TOP + HEIGHT
    levels = [value for value in (it.mean_w, trace.idle_w) if value is not None]
    first, last = min(0.0, points[0][0]), max(seconds, points[-1][0])
    high = max(*(watts for _, watts in points), *levels, 1e-3) * 1.08
    across = Scale(first, last, LEFT, WIDTH - RIGHT)
    up = Scale(0.0, high, bottom, TOP)
    name = f"power, W ({trace.sensor}{', SIMULATED' if trace.provenance == 'simulated' else ''})"
    start, end = across.at(0.0), across.at(seconds)
    parts = [
        f'<rect class="window" x="{start}" y="{TOP}" width="{end - start:g}" height="{HEIGHT}"/>',
        words(LEFT, TOP - 8, name, kind="soft"),
        *axis_across(across, TOP, bottom),
        words(WIDTH - RIGHT, bottom + 28, "seconds", anchor="end", kind="soft"),
        *axis_up(up, LEFT, WIDTH - RIGHT),
        polyline([(across.at(x), up.at(y)) for x, y in points], "line"),
    ]
    for kind, watts in (("level", it.mean_w), ("level dashed", trace.idle_w)):
        if watts is not None:
            y = up.at(watts)
            line = f'<line class="{kind}" x1="{start}" x2="{end}" y1="{y}" y2="{y}"/>'
            of = "idle" if "dashed" in kind else "mean of the window"
            parts.append(titled(f"{of}: {si(watts, 'W')}", line))
    says = f"{it.title}: a window of {seconds:.3g} s"
    says += "" if it.mean_w is None else f", mean power {si(it.mean_w, 'W')}"
    return Panel(it.title, drawing(bottom + 34, says, parts))
