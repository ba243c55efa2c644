"""How often layers run that no spikes feed: once, or at every time step.

Their ReLU twin runs them once. A first convolution inside the loop over time does the same work T
times; before the loop it does it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["later", "runs_of_layer", "untold_runs"]


def later(
    rows: Iterable[Mapping[str, Any]], steps: int, column: str
) -> tuple[float, tuple[str, ...]]:
    """What a column holds that belongs to further time steps than the first.

    Args:
        rows: Rows of ``macs_dense`` of layers that no spikes feed.
        steps: Time steps of a sample.
        column: ``macs_dense``, which is of all runs; or ``params``, which is of one.

    Returns:
        The sum, and the layers of which it cannot be told.
    """
    total, untold = 0.0, []
    for row in rows:
        if not row[column]:
            continue
        runs = runs_of_layer(row, steps)
        if runs is None:
            untold.append(str(row["name"]))
        elif column == "params":
            total += row[column] * (runs - 1)
        else:
            total += row[column] - row[column] / runs
    return total, tuple(untold)


def untold_runs(layers: Iterable[str], steps: int) -> str:
    """Why a ReLU twin is not known: layers of which it cannot be told how often they run."""
    return (
        f"whether {', '.join(layers)} ran once or at each of T = {steps} time steps cannot be "
        "told: make it a module that is called once a time step, or once with time before the "
        "batch ([T, N, ...])"
    )


def runs_of_layer(row: Mapping[str, Any], steps: int) -> int | None:
    """How often a layer ran through the time steps of a sample: once, or `steps` times.

    Args:
        row: A row of ``macs_dense``: kind, runs, calls, lead and shape_in.
        steps: Time steps of a sample.

    Returns:
        1 or `steps`; None where neither can be told.
    """
    if steps == 1:
        return 1
    runs, lead = row.get("runs"), row.get("lead")
    if runs == steps:  # in the loop over time, one time step a call
        return None if lead and lead % steps == 0 else steps
    if runs != 1:
        return None
    if row["kind"] == "weights":  # made of weights before the loop
        return 1
    if row.get("calls") != 1 or lead is None or lead % steps == 0:
        # [T, N, ...] and [T * N, ...]: all time steps in one call.
        return steps if lead == steps and row.get("calls") == 1 else None
    # Time may stand behind the batch ([N, T, ...]), but neither in a linear layer's features nor in
    # a convolution's channels.
    shape = row["shape_in"] or ()
    inner = shape[:-1] if row["kind"] == "linear" else shape[1:]
    return None if steps in inner else 1
