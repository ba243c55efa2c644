"""What must be read with every figure of a run, wherever the figure goes: tables and drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

__all__ = ["SIMULATED", "conditions", "is_random", "marks", "synthetic"]

SIMULATED = "SIMULATED SENSOR: figures marked (simulated) measured no real device"
KINDS = {
    "synthetic_faces": "drawn faces, not photographs; spikes and sparsity are of these",
    "synthetic_events": "shapes that move, no camera's; spikes and sparsity are of these",
}


def synthetic(name: str) -> str:
    """That data is not real, by its name."""
    how = "spikes and sparsity are not counted on it" if is_random(name) else "as it says of itself"
    return f"SYNTHETIC DATA: {KINDS.get(name) or f'{name}; {how}'}"


def is_random(name: str) -> bool:
    """Whether data is random numbers of some shape, by its name."""
    return name.startswith("random input")


def _of_run(results: Results) -> Iterator[tuple[str, str]]:
    """A mark of a word or two, and the line that tells it whole."""
    if results.run["mode"] == "quick":
        yield "quick run", "QUICK RUN: short windows and few repeats; not for publication"
    if changes := results.run.get("changes"):
        line = f"CHANGED SETTINGS: {', '.join(changes)}; not the suite's own"
        yield "changed settings", line
    for data in results.all_data:
        if data["synthetic"]:
            yield f"on {data['name']}", synthetic(data["name"])
    if results.run.get("shared"):
        yield "shared node", "SHARED NODE: other work ran beside the timed windows (--share)"


def marks(results: Results) -> list[str]:
    """The conditions in a word or two each, for where there is no room for a line."""
    return [mark for mark, _ in _of_run(results)]


def conditions(results: Results, figures: Iterable[Measurement]) -> list[str]:
    """Under which conditions some of a run's figures were got, a line each.

    Args:
        results: The run.
        figures: Those that are shown: a simulated sensor is told where it stands behind one.
    """
    out = [line for _, line in _of_run(results)]
    if any(figure.provenance == "simulated" for figure in figures):
        out.append(SIMULATED)
    return out
