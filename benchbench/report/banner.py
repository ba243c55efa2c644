"""What must be read with every figure of a run, wherever the figure goes: tables and drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

__all__ = ["SIMULATED", "conditions", "is_random", "synthetic"]

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


def conditions(results: Results, figures: Iterable[Measurement]) -> list[str]:
    """Under which conditions some of a run's figures were got, a line each.

    Args:
        results: The run.
        figures: Those that are shown: a simulated sensor is told where it stands behind one.
    """
    out = []
    if results.run["mode"] == "quick":
        out.append("QUICK RUN: short windows and few repeats; not for publication")
    if results.run.get("changes"):
        out.append(f"CHANGED SETTINGS: {', '.join(results.run['changes'])}; not the suite's own")
    out += [synthetic(data["name"]) for data in results.all_data if data["synthetic"]]
    if results.run.get("shared"):
        out.append("SHARED NODE: other work ran beside the timed windows (--share)")
    if any(figure.provenance == "simulated" for figure in figures):
        out.append(SIMULATED)
    return out
