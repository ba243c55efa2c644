"""What batches make a model do: operations of each layer, outputs of each activation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from benchbench.data.inputs import Inputs, joined
from benchbench.errors import BenchbenchError, CountError
from benchbench.frameworks import reset, spiking_layers
from benchbench.frameworks.told import HOLDS_STATE, firing_of, found_of
from benchbench.probes.counting.context import countable
from benchbench.probes.counting.counter import OF_WEIGHTS, Counter
from benchbench.probes.counting.hooks import Activity, NotFiniteError, watch
from benchbench.probes.counting.macs import Tally
from benchbench.probes.counting.outputs import is_same

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

__all__ = ["BatchRun", "runs_of", "together", "varying"]


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

    @property
    def fed_spikes(self) -> dict[str, Tally]:
        """The layers whose every input is 0 or 1; none of the products of two weights.

        A state that is a buffer of zeros is fed by nothing yet.
        """
        return {
            name: tally
            for name, tally in self.tallies.items()
            if tally.binary and not name.endswith(OF_WEIGHTS)
        }


def runs_of(
    model: nn.Module, batches: Iterable[Inputs | Tensor]
) -> tuple[list[BatchRun], BatchRun | None, str]:
    """Run every batch on the CPU.

    Args:
        model: Left as it was: state reset, mode and device as before.
        batches: Inputs, or tensors [N, ...].

    Returns:
        What each batch did; what the first image did alone, None where there is none; and what was
        watched: ``spiking layers``, or ``ReLU layers`` where there are no spiking ones.

    Raises:
        NotFiniteError: A layer puts out, or is fed, what is not a number.
        CountError: A layer runs a product that the counter has no rule for, or one image does not
            cause the same before and after all others, or the first batch when it is run twice in a
            row, or no batch can be run after it, or the model takes the batch axis for time.
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
        first, runs, twice = None, list[BatchRun](), ""
        for batch in batches:
            inputs = Inputs.of(batch).cpu()
            first = first or (inputs[:1], _alone(model, inputs[:1], watched))
            drawn = torch.get_rng_state()
            try:
                once = _run(model, inputs, watched)
            except (BenchbenchError, NotFiniteError):
                raise
            except Exception as error:
                # Two of a sample that ran need no more memory, and are fit data.
                if _can_run(model, joined([first[0], first[0]])):
                    raise
                text = " ".join(str(error).split())[:300]
                raise CountError(
                    f"a batch of {len(inputs)} cannot be run after one sample alone "
                    f"({type(error).__name__}: {text}): the model takes one batch size only, or "
                    f"{HOLDS_STATE.removeprefix('the model ')}"
                ) from error
            # A state of this very size: what starts anew at another size would hide it.
            twice = twice if runs else _twice(model, inputs, watched, once, drawn)
            runs.append(once[0])
        if first and (what := _changed(first[1], _alone(model, first[0], watched))):
            raise CountError(f"one image {what} before than after the others: {HOLDS_STATE}")
        if twice:
            raise CountError(f"one batch {twice} when it is run again: {HOLDS_STATE}")
    if first and neurons and _takes_batch_for_time(first[1][0], runs):
        raise CountError(
            "the time steps depend on the batch size: the model takes the batch axis for time; say "
            "where time is by time: of the data, or give the model's loop the other axis"
        )
    return runs, first[1][0] if first else None, "spiking layers" if neurons else "ReLU layers"


def _takes_batch_for_time(alone: BatchRun, runs: Sequence[BatchRun]) -> bool:
    """Whether neurons ran one step for a sample alone, and one for each sample of any batch."""
    several = [run for run in runs if run.images > 1]
    ran = [(run.images, did.steps) for run in (alone, *several) for did in run.activity.values()]
    return bool(several) and bool(ran) and all(images == steps for images, steps in ran)


def _can_run(model: nn.Module, inputs: Inputs) -> bool:
    reset(model)
    try:
        inputs.run(model)
    except Exception:  # noqa: BLE001 - a model may refuse a batch size in any way it likes
        return False
    return True


def _changed(before: tuple[BatchRun, list[Tensor]], after: tuple[BatchRun, list[Tensor]]) -> str:
    """What differs between two passes of one sample; empty where nothing does."""
    if before[0] != after[0]:
        return "causes other operations"
    same = len(before[1]) == len(after[1]) and all(map(is_same, before[1], after[1]))
    return "" if same else "has another answer"


def _twice(
    model: nn.Module,
    inputs: Inputs,
    watched: dict[str, nn.Module],
    once: tuple[BatchRun, list[Tensor]],
    drawn: Tensor,
) -> str:
    """What differs where a batch that has just run runs again, with the same random numbers.

    Args:
        model: Whose state may be of this batch's size now.
        inputs: The batch.
        watched: The layers whose outputs are looked at.
        once: What it did before.
        drawn: State of the random numbers before it ran.

    Returns:
        What differs; empty where nothing does.
    """
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(drawn)
        try:
            return _changed(once, _run(model, inputs, watched))
        except NotFiniteError:
            return "is not finite"
        except BenchbenchError:
            raise
        except Exception as error:  # noqa: BLE001 - a state may fail in any way it likes
            return f"cannot be run ({type(error).__name__}: {error})"[:300]


def _alone(
    model: nn.Module, sample: Inputs, watched: dict[str, nn.Module]
) -> tuple[BatchRun, list[Tensor]]:
    """What one sample causes, and the answer; with random numbers that are the same each time."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return _run(model, sample, watched)


def _run(
    model: nn.Module, inputs: Inputs, watched: dict[str, nn.Module]
) -> tuple[BatchRun, list[Tensor]]:
    reset(model)
    with watch(watched) as activity, Counter(model, frozenset(spiking_layers(model))) as counter:
        output = inputs.run(model)
    answer = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
    floats = (tensor for tensor in answer if tensor.is_floating_point())
    if not all(bool(torch.isfinite(tensor).all()) for tensor in floats):
        raise NotFiniteError("the model's output is not finite on these images")
    if (steps := found_of(model).told.steps) is not None:
        activity = {
            name: _in_steps(steps, watched[name], name, did, len(inputs))
            for name, did in activity.items()
        }
    else:
        runs = {layer.tally.calls for layer in counter.layers() if layer.kind in {"conv", "linear"}}
        activity = {name: _shared(watched[name], did, runs) for name, did in activity.items()}
    tallies = {layer.name: layer.tally for layer in counter.layers()}
    return BatchRun(len(inputs), tallies, activity), answer


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


def _shared(layer: nn.Module, did: Activity, runs: Collection[int]) -> Activity:
    """What a module did that may stand behind several layers at once.

    It is then called more often than time steps are: as often as the layers with weights ran, where
    those inside the loop over time ran equally often (`runs`), and its calls are a multiple of it.
    Where it hands its state on, each layer's calls are a sequence of their own.
    """
    firing = firing_of(layer)
    own = firing.steps if firing else 1
    if did.steps <= own or not (firing or did.sequences):
        return did
    if 0 < did.sequences < did.steps:
        steps, left = divmod(did.steps, did.sequences)
        return replace(did, unclear=True) if left else replace(did, steps=steps)
    calls, looped = did.steps // own, {*runs} - {1}
    least = min(looped, default=0)
    if calls == least:
        return did
    if len(looped) == 1 and calls > least and calls % least == 0:
        return replace(did, steps=least * own)
    return replace(did, unclear=True)


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


def varying(runs: Sequence[BatchRun]) -> tuple[str, ...]:
    """Layers whose dense mult-adds of one image are not the same in every run.

    A network that stops early, or takes one of several branches, does other work for another
    sample. Weights made from weights are made once a batch, however many images it has.
    """
    names = dict.fromkeys(name for run in runs for name in run.tallies)
    return tuple(
        name
        for name in names
        if not name.endswith(OF_WEIGHTS) and len({_dense(run, name) for run in runs}) > 1
    )


def _dense(run: BatchRun, name: str) -> Fraction:
    return Fraction(run.tallies.get(name, Tally()).macs_dense, run.images)
