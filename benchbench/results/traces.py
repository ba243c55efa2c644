"""The raw readings behind a window's joules, as CSV: every joule can be recomputed from it.

Lines that begin with ``#`` are ``key: value``, the memory's own counters around the window among
them where there are any; then one line a reading. Times are seconds of the
worker's monotonic clock. Kinds: ``first`` (the counter's last change before the window), ``start``,
``sample`` (counter and power meanwhile), ``end``, ``read`` (the counter at the end), ``last`` and
``beyond`` (its next two changes).
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from benchbench.errors import ResultError
from benchbench.files import content_of, write_text
from benchbench.meters.base import Reading
from benchbench.metrics.figure import PHASES, Phase
from benchbench.probes.metering.edges import Readings
from benchbench.probes.metering.sampler import Sample
from benchbench.probes.metering.window import Window
from benchbench.results.schema import TRACES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Trace", "parse", "read", "text_of", "with_trace"]

MOST_BYTES = 1 << 26  # of a trace; a window of an hour has some 2 MB
VERSION = "benchbench trace 2"
BEFORE = "benchbench trace 1"  # had no checksum
SEAL = "# sha256: "
MEMORY = ("memory_before_j", "memory_after_j")
HEADER = ("kind", "time_s", "energy_j", "power_w", "uncertainty_s")


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that a window's joules are made of.

    Attributes:
        name: Name of its file.
        sensor: The meter's name.
        provenance: ``real`` or ``simulated``.
        window: The window.
        idle_w: The idle baseline before it; None where there is none.
        readings: Readings at its edges.
        samples: Meanwhile.
    """

    name: str
    sensor: str
    provenance: str
    window: Window
    idle_w: float | None
    readings: Readings
    samples: tuple[Sample, ...]


def text_of(trace: Trace) -> str:
    """The trace as CSV; floats are written so that they come back equal."""
    window, edges = trace.window, trace.readings
    out = io.StringIO()
    out.write(f"# {VERSION}\n")
    for key, value in (
        ("sensor", trace.sensor),
        ("provenance", trace.provenance),
        ("phase", window.phase),
        ("iterations", window.iterations),
        ("samples", window.samples),
        ("idle_w", "" if trace.idle_w is None else repr(trace.idle_w)),
        *_memory_lines(edges),
    ):
        out.write(f"# {key}: {value}\n")
    lines: list[tuple[object, ...]] = [
        _line("first", edges.first),
        ("start", window.start_s, "", "", ""),
        *(
            ("sample", s.time_s, _or_empty(s.energy_j), _or_empty(s.power_w), "")
            for s in trace.samples
        ),
        ("end", window.end_s, "", "", ""),
        ("read", edges.at_end_s, edges.at_end_j, "", ""),
        _line("last", edges.last),
        _line("beyond", edges.beyond),
    ]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([[repr(x) if isinstance(x, float) else x for x in line] for line in lines])
    text = out.getvalue()
    return f"{text}{SEAL}{_digest(text)}\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def read(file: Path) -> str:
    """The text of a trace.

    Raises:
        ResultError: It cannot be read.
    """
    try:
        return content_of(file, MOST_BYTES).decode()
    except OSError as error:
        raise ResultError(f"{file.name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ResultError(f"{file.name}: cannot be read: not UTF-8: {error.reason}") from error


def parse(name: str, text: str) -> Trace:
    """The inverse of `text_of`.

    Raises:
        ResultError: It is cut off, or not a trace.
    """
    lines = text.splitlines()
    head = [line[2:] for line in lines if line.startswith("# ")]
    if head[:1] not in ([VERSION], [BEFORE]):
        raise ResultError(f"{name}: not a trace of benchbench ({VERSION!r} is not its first line)")
    content, seal, digest = text.rpartition(SEAL)
    if head[0] == VERSION and (not seal or digest != f"{_digest(content)}\n"):
        raise ResultError(f"{name}: cut off or damaged: it is not what its checksum says")
    facts = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    try:
        rows = list(csv.DictReader([line for line in lines if not line.startswith("#")]))
        by_kind = {row["kind"]: row for row in rows}
        window = Window(
            _phase(facts["phase"]),
            int(facts["iterations"]),
            int(facts["samples"]),
            _number(by_kind["start"]["time_s"]),
            _number(by_kind["end"]["time_s"]),
        )
        readings = Readings(
            _reading(by_kind["first"]),
            _number(by_kind["read"]["energy_j"]),
            _number(by_kind["read"]["time_s"]),
            _reading(by_kind["last"]),
            _reading(by_kind["beyond"]),
            _memory(facts),
        )
        samples = _samples(rows)
        idle = facts.get("idle_w", "")
        idle_w = _number(idle) if idle else None
        sensor, provenance = facts["sensor"], facts["provenance"]
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise ResultError(f"{name}: cut off or damaged: {error!r}") from error
    return Trace(name, sensor, provenance, window, idle_w, readings, samples)


def with_trace(figure: Mapping[str, Any], start: str, run: Path, folder: Path) -> dict[str, Any]:
    """A figure of another run, its raw readings copied beside those of this one.

    Args:
        figure: The figure as a journal has it.
        start: What the copy's name begins with: two runs may have traces of one name.
        run: Folder that it is taken from.
        folder: Folder of this run.

    Returns:
        The figure with the name of the copy, also where there was nothing to copy: that it is
        missing is told where it is looked for.
    """
    name = figure["detail"].get("trace")
    if name is None:
        return dict(figure)
    file = Path(str(name)).name  # whatever a journal of somebody else's says, in this folder
    ours = f"{start}-{file}"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        write_text(folder / TRACES / ours, content_of(run / TRACES / file, MOST_BYTES).decode())
    return {**figure, "detail": {**figure["detail"], "trace": ours}}


def _line(kind: str, reading: Reading) -> tuple[object, ...]:
    return (kind, reading.time_s, reading.energy_j, "", reading.uncertainty_s)


def _memory_lines(edges: Readings) -> list[tuple[str, str]]:
    """The memory's own counters, where the sensor has them."""
    if edges.memory_j is None:
        return []
    return [*zip(MEMORY, map(repr, edges.memory_j), strict=True)]


def _memory(facts: Mapping[str, str]) -> tuple[float, float] | None:
    """The inverse of `_memory_lines`."""
    if MEMORY[0] not in facts:
        return None
    before, after = (_number(facts[key]) for key in MEMORY)
    return before, after


def _phase(name: str) -> Phase:
    """A phase by its name; a ValueError where there is none."""
    return PHASES[PHASES.index(cast("Phase", name))]


def _reading(row: Mapping[str, str]) -> Reading:
    return Reading(_number(row["energy_j"]), _number(row["time_s"]), _number(row["uncertainty_s"]))


def _samples(rows: Sequence[Mapping[str, str]]) -> tuple[Sample, ...]:
    return tuple(
        Sample(_number(row["time_s"]), _or_none(row["energy_j"]), _or_none(row["power_w"]))
        for row in rows
        if row["kind"] == "sample"
    )


def _or_empty(value: float | None) -> float | str:
    return "" if value is None else value


def _or_none(text: str) -> float | None:
    return _number(text) if text else None


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no reading")
    return number
