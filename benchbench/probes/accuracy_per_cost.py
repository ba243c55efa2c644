"""Accuracy over what it costs: per SynOp and per joule of one inference."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        low, high = (end / cost.value if end is not None else None for end in (over.low, over.high))
        yield figure(
            over.value / cost.value,
            n=over.n,
            low=low,
            high=high,
            valid=over.valid and cost.valid,
            reasons=tuple(dict.fromkeys((*over.reasons, *cost.reasons))),
            provenance=cost.provenance,
        )
