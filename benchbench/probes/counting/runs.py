"""What batches make a model do: operations of each layer, outputs of each activation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from benchbench.data.inputs import Inputs
from benchbench.errors import CountError
from benchbench.frameworks import reset, spiking_layers
from benchbench.frameworks.told import HOLDS_STATE, firing_of, found_of
from benchbench.probes.counting.context import countable
from benchbench.probes.counting.counter import Counter
from benchbench.probes.counting.hooks import Activity, NotFiniteError, watch
from benchbench.probes.counting.macs import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["BatchRun", "runs_of", "together"]


@dataclass(frozen=True, slots=True)
class BatchRun:
    """What one batch did, or all of them together.

    Attributes:
        images: How many images.
        tallies: Operations of each layer, by name.
        activity: Outputs of each spiking (or ReLU) layer, by path.
    """

    images: int
    tallies: dict[str, Tally]
    activity: dict[str, Activity]


def runs_of(model: nn.Module, batches: Iterable[Inputs | Tensor]) -> tuple[list[BatchRun], str]:
    """Run every batch on the CPU.

    Args:
        model: Left as it was: state reset, mode and device as before.
        batches: Inputs, or tensors [N, ...].

    Returns:
        What each batch did; and what was watched: ``spiking layers``, or ``ReLU layers`` where
        there are no spiking ones.

    Raises:
        NotFiniteError: A layer puts out, or is fed, what is not a number.
        CountError: A layer runs a product that the counter has no rule for, or one image does not
            cause the same before and after all others.
    """
    neurons = spiking_layers(model)
    kinds = (nn.ReLU, nn.ReLU6)
    units: dict[str, nn.Module] = {
        name: module for name, module in model.named_modules() if isinstance(module, kinds)
    }
    watched = neurons or units
    if why := found_of(model).stateful:
        raise CountError(why)
    with countable(model):
        first, runs = None, list[BatchRun]()
        for batch in batches:
            inputs = Inputs.of(batch).cpu()
            first = first or (inputs[:1], _alone(model, inputs[:1], watched))
            runs.append(_run(model, inputs, watched))
        if first and first[1] != _alone(model, first[0], watched):
            raise CountError(
                f"one image causes other operations before than after the others: {HOLDS_STATE}"
            )
    return runs, "spiking layers" if neurons else "ReLU layers"


def _alone(model: nn.Module, sample: Inputs, watched: dict[str, nn.Module]) -> BatchRun:
    """What one sample causes, with the same random numbers each time and none of the others'."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return _run(model, sample, watched)


def _run(model: nn.Module, inputs: Inputs, watched: dict[str, nn.Module]) -> BatchRun:
    reset(model)
    with watch(watched) as activity, Counter(model, frozenset(spiking_layers(model))) as counter:
        output = inputs.run(model)
    floats = (it for it in tree_leaves(output) if isinstance(it, Tensor) and it.is_floating_point())
    if not all(bool(torch.isfinite(tensor).all()) for tensor in floats):
        raise NotFiniteError("the model's output is not finite on these images")
    if (steps := found_of(model).told.steps) is not None:
        activity = {
            name: _in_steps(steps, watched[name], name, did, len(inputs))
            for name, did in activity.items()
        }
    return BatchRun(len(inputs), {layer.name: layer.tally for layer in counter.layers()}, activity)


def _in_steps(steps: int, layer: nn.Module, name: str, did: Activity, images: int) -> Activity:
    """What a layer did in the time steps that are told.

    Raises:
        CountError: That cannot be.
    """
    known = firing_of(layer) is None  # a framework counts its own steps
    if did.updates % (images * steps) or (known and did.steps % steps):
        raise CountError(
            f"steps: {steps} is told, and {name} ran {did.steps} time steps of "
            f"{did.updates // (images * did.steps):,} neurons"
        )
    return replace(did, steps=steps)


def together(runs: Sequence[BatchRun]) -> BatchRun:
    """All batches as one."""
    tallies: dict[str, Tally] = {}
    activity: dict[str, Activity] = {}
    for run in runs:
        for name, tally in run.tallies.items():
            tallies[name] = tallies.get(name, Tally()) + tally
        for name, did in run.activity.items():
            activity[name] = activity.get(name, Activity()) + did
    return BatchRun(sum(run.images for run in runs), tallies, activity)
