"""Accuracy over what it costs: per SynOp and per joule of one inference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.probes.accuracy import ACCURACY, OTHERWISE
from benchbench.probes.energy_metered import ENERGY
from benchbench.probes.spikes import SYNOPS_EXACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchbench.metrics.measurement import Measurement

__all__ = ["PER_JOULE", "PER_SYNOP", "measure"]

PER_SYNOP = Figure(
    "accuracy_per_synop",
    "Accuracy per SynOp",
    "1/SynOp",
    "counted",
    "accuracy over synops_exact of one inference",
    "higher",
    place=620,
    otherwise=OTHERWISE,
)
PER_JOULE = Figure(
    "accuracy_per_joule",
    "Accuracy per joule",
    "1/J",
    "metered",
    "accuracy over the metered energy of one inference",
    "higher",
    rests_on="machine",
    beside_paper="ratio",
    place=621,
    otherwise=OTHERWISE,
)


# Of a cost's detail: where it was got, and what a ratio needs of its sensor and its window.
KEPT = ("place", "machine", "sensor", "offset_w", "gain", "window_j", "seconds", "samples")


@probe(gives=(PER_SYNOP, PER_JOULE))
def measure(merged: Mapping[str, Measurement]) -> Iterator[Measurement]:
    """Quotients of a cell's merged figures; nothing where it has no accuracy.

    Args:
        merged: The figures of a cell over all its processes, by name.
    """
    over = merged.get(ACCURACY.name)
    for figure, under in ((PER_JOULE, ENERGY["infer"]), (PER_SYNOP, SYNOPS_EXACT)):
        cost = merged.get(under.name)
        if over is None or cost is None or over.value is None:
            continue
        if cost.value is None or cost.value <= 0:
            why = "; ".join(cost.reasons) if cost.value is None else f"{under.name} is 0 or below"
            yield figure.missing(why)
            continue
        low, high = _ends(over, cost)
        yield figure(
            over.value / cost.value,
            n=over.n,
            low=low,
            high=high,
            valid=over.valid and cost.valid,
            reasons=tuple(dict.fromkeys((*over.reasons, *cost.reasons))),
            provenance=cost.provenance,
            detail=_detail(over, cost),
        )


def _ends(over: Measurement, cost: Measurement) -> tuple[float | None, float | None]:
    """The quotient's interval: what either side's own moves it by, added in quadrature."""
    value, by = over.value or 0.0, cost.value or 1.0
    accuracies, costs = (over.low, over.high), (cost.low, cost.high)
    if None in accuracies and None in costs:
        return None, None
    worst, best = (value if end is None else end for end in accuracies)
    least, most = (by if end is None else end for end in costs)
    if least <= 0:  # the cost is not apart from 0, and the quotient is bounded by nothing
        return None, None
    middle = value / by
    down = math.hypot(middle - worst / by, middle - value / most)
    up = math.hypot(best / by - middle, value / least - middle)
    return max(0.0, middle - down), middle + up


def _detail(over: Measurement, cost: Measurement) -> dict[str, Any]:
    """The rounds of the cost with the quotient in each, where it was got and by which sensor."""
    factor = {"value": over.value, "low": over.low, "high": over.high}
    if "repeats" not in cost.detail:
        return {"factor": factor, **{key: cost.detail[key] for key in KEPT if key in cost.detail}}
    rounds = [
        {
            **{key: it.detail[key] for key in KEPT if key in it.detail},
            "repeat": it.repeat,
            "valid": it.valid,
            "value": (over.value or 0.0) / it.value if it.value else None,
            "scale": over.value,
        }
        for it in cost.rounds()
    ]
    return {"factor": factor, "repeats": rounds}
