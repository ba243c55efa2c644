"""What a layer fires and is fed, of what batches made it do: the rows behind figures of spikes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from benchbench.probes.counting.counter import OF_WEIGHTS
from benchbench.probes.counting.hooks import Activity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.probes.counting.macs import Tally
    from benchbench.probes.counting.runs import BatchRun

__all__ = [
    "all_of",
    "by_rate_of",
    "density_of",
    "effective_of",
    "efforts_of",
    "rate_of",
    "rates_of",
    "rows_of",
]


def rates_of(whole: BatchRun, runs: Sequence[BatchRun]) -> list[dict[str, Any]]:
    """Spikes, neurons and time steps of each spiking layer, per sample."""
    return [
        {
            "name": name,
            "rate": (did.spikes or 0.0) / did.updates if did.updates else 0.0,
            "spikes": (did.spikes or 0.0) / whole.images,
            "neurons": _neurons(name, whole, runs),
            "steps": did.steps,
            **_least_steps(name, runs),
        }
        for name, did in whole.activity.items()
    ]


def rows_of(
    tallies: dict[str, Tally], columns: Callable[[Tally], dict[str, float]]
) -> list[dict[str, Any]]:
    """A row a layer, with the columns that its operations come to."""
    return [{"name": name, **columns(tally)} for name, tally in tallies.items()]


def _least_steps(name: str, runs: Sequence[BatchRun]) -> dict[str, int]:
    """The fewest time steps of a layer, where they are not the same in every batch."""
    found = {run.activity[name].steps for run in runs if name in run.activity}
    return {"least_steps": min(found)} if len(found) > 1 else {}


def _neurons(name: str, whole: BatchRun, runs: Sequence[BatchRun]) -> int:
    """Neurons of a layer, also where its time steps are not the same for every sample."""
    found = {
        did.updates // (run.images * did.steps) for run in runs if (did := run.activity.get(name))
    }
    did = whole.activity[name]
    return found.pop() if len(found) == 1 else did.updates // (whole.images * did.steps)


def rate_of(run: BatchRun) -> float:
    """Spikes per neuron and time step, over all layers."""
    spikes = math.fsum(did.spikes or 0.0 for did in run.activity.values())
    return spikes / max(1, all_of(run).updates)


def all_of(run: BatchRun) -> Activity:
    """What all layers together put out."""
    return sum(run.activity.values(), Activity())


def density_of(tally: Tally) -> float:
    """Share of the inputs that are not zero."""
    return tally.nonzero / tally.elements if tally.elements else 0.0


def by_rate_of(tally: Tally) -> float:
    """Dense mult-adds times the share of the inputs that are not zero."""
    return density_of(tally) * tally.macs_dense


def effective_of(run: BatchRun, alone: BatchRun | None) -> float:
    """Multiply-accumulates of one sample whose input is not zero."""
    return float(
        sum(
            tally.macs_effective / _samples_in(name, run, alone)
            for name, tally in run.tallies.items()
        )
    )


def efforts_of(whole: BatchRun, alone: BatchRun | None) -> list[dict[str, Any]]:
    """Multiply-accumulates of each layer, per sample."""
    fed = whole.fed_spikes
    return [
        {
            "name": name,
            "macs_effective": float(tally.macs_effective / samples),
            "macs_dense": float(tally.macs_dense / samples),
            "density": density_of(tally),
            "binary": name in fed,
        }
        for name, tally in whole.tallies.items()
        for samples in [_samples_in(name, whole, alone)]
    ]


def _samples_in(name: str, run: BatchRun, alone: BatchRun | None) -> Fraction:
    """For how many samples a layer's operations stand, each of which is charged its part.

    A weight made from weights is made once a pass, however many samples go through; yet learned
    queries that are repeated for each sample cost as often. What a sample alone makes of them tells
    which.

    Args:
        name: Name of the layer.
        run: What a batch did, or all of them together.
        alone: What one sample did alone.
    """
    one = alone.tallies.get(name) if alone else None
    if name.endswith(OF_WEIGHTS) and one and one.macs_dense:
        return Fraction(run.tallies[name].macs_dense, one.macs_dense)
    return Fraction(run.images)
