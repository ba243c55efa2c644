"""Spikes per synapse and inference: what published break-evens are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.probes.energy_modelled import NEEDS, counted_of
from benchbench.probes.spikes import SYNOPS_EXACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchbench.metrics.measurement import Measurement

__all__ = ["SPIKES_PER_SYNAPSE", "measure"]

SPIKES_PER_SYNAPSE = Figure(
    "spikes_per_synapse",
    "Spikes per synapse",
    "1",
    "counted",
    "SynOps of one inference over the dense mult-adds of the layers that spikes feed, run once: "
    "how often each of their synapses is used, over all time steps",
    place=460,
    otherwise="no layer of this model is fed spikes",
    ranked=False,
)


@probe(gives=(SPIKES_PER_SYNAPSE,), needs=NEEDS)
def measure(
    batches: object,  # noqa: ARG001 - it is there where spikes are counted
    figures: Mapping[str, Measurement],
) -> Iterator[Measurement]:
    """The quotient, with the interval of the SynOps.

    Args:
        batches: What spikes were counted on.
        figures: What operations and spikes counted on this model, by name.
    """
    counted = counted_of(figures)
    if counted is None or not counted.spike_macs:
        return
    if why := counted.unknown.get("steps"):
        yield SPIKES_PER_SYNAPSE.missing(why)
        return
    found = figures[SYNOPS_EXACT.name]
    synapses = counted.spike_macs / counted.steps
    low, high = (None if end is None else end / synapses for end in (found.low, found.high))
    yield SPIKES_PER_SYNAPSE(counted.synops / synapses, n=found.n, low=low, high=high)
