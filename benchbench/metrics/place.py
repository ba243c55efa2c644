"""Which figures may be set against each other, by where they were got.

In a run of several nodes or machines each figure says its place (a node, or a machine's run) and
its machine (a digest of the fingerprint) in its detail; in a run on one machine none does, since
all are of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = ["any_apart", "apart", "spots"]


def spots(figure: Measurement) -> frozenset[tuple[str, str]]:
    """Place and machine of each round of a figure; none where all of the run is of one."""
    found = ((it.detail.get("place", ""), it.detail.get("machine", "")) for it in figure.rounds())
    return frozenset(it for it in found if any(it))


def apart(one: Measurement, other: Measurement) -> str:
    """Why two figures of one run must not be set against each other, by where they were got.

    What rests on the model alone may always be. What rests on the data or the weights as well may
    be where machine and software are the same. What the machine is in must be of the same place:
    only there the rounds were interleaved, so that a drift is in both.

    Args:
        one: A figure.
        other: The same figure of another model.

    Returns:
        The reason; empty where they may.
    """
    declared = METRICS.get(one.name)
    if declared is not None and declared.rests_on == "model":
        return ""
    sides = spots(one), spots(other)
    machines = [{machine for _, machine in side} for side in sides]
    places = [", ".join(sorted(place for place, _ in side)) or "elsewhere" for side in sides]
    if machines[0] != machines[1] or len(machines[0]) > 1:
        return (
            f"one is of {places[0]}, the other of {places[1]}, whose fingerprints differ: such "
            "figures are never paired"
        )
    is_of_machine = declared is None or declared.rests_on == "machine"
    if is_of_machine and (sides[0] != sides[1] or len(sides[0]) > 1):
        return (
            f"one is of {places[0]}, the other of {places[1]}: only rounds of one node are paired"
        )
    return ""


def any_apart(figures: Sequence[Measurement]) -> bool:
    """Whether some of these figures of several models must not be set against the others."""
    return any(apart(figures[0], other) for other in figures[1:])
