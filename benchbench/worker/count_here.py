"""Counting in this very process, for Python's callers: the model is left exactly as it was."""

from __future__ import annotations

import contextlib
import copy
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from benchbench.data.inputs import Inputs
from benchbench.errors import BenchbenchError, DataError, ModelError
from benchbench.frameworks import Neurons, neuron_facts
from benchbench.probes.counting.firing import find_neurons
from benchbench.worker.asking import count_alone
from benchbench.worker.lazy import shapeless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = ["CountedHere", "batches_from", "copied", "count_here", "undisturbed"]


@dataclass(slots=True)
class CountedHere:
    """What was found, as it is heard.

    Attributes:
        figures: Every figure.
        refusals: Why figures are missing.
        facts: What the model is made of.
    """

    figures: list[Measurement] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def phase(self, name: str) -> None:
        """Nobody is told."""

    def measurements(self, figures: Sequence[Measurement]) -> None:
        """Keep them; one that is given again stands for the one before."""
        again = {figure.name for figure in figures}
        self.figures = [it for it in self.figures if it.name not in again]
        self.figures += {figure.name: figure for figure in figures}.values()

    def refused(self, reason: str) -> None:
        """Keep why."""
        self.refusals.append(reason)


def batches_from(inputs: object, axis: int = 0) -> list[Inputs] | tuple[int, ...]:
    """What a caller may give as inputs, as `count_alone` takes it.

    Args:
        inputs: A batch as a tensor or array [N, ...], as a tuple of them for a model of several
            inputs, or as a dict of them by name; several batches in a list; or the shape of one
            sample.
        axis: Axis of the samples in a batch: 1 where the time steps come first, [T, N, ...].

    Raises:
        ModelError: It is none of these.
    """
    shape = isinstance(inputs, list | tuple) and inputs
    if shape and all(isinstance(size, int) and size > 0 for size in inputs):  # type: ignore[attr-defined]
        return tuple(inputs)  # type: ignore[arg-type]
    several = inputs if isinstance(inputs, list) and inputs else [inputs]
    try:
        return [Inputs.of(batch, axis).cpu() for batch in several]
    except DataError as error:
        raise ModelError(
            "inputs: expected a batch [N, ...] as tensor or array, a tuple or dict of them for a "
            "model of several inputs, several batches in a list, or the shape of one sample, e.g. "
            f"(3, 224, 224); found {type(inputs).__name__} ({error})"
        ) from error


def count_here(
    model: nn.Module,
    inputs: Sequence[Inputs] | tuple[int, ...],
    name: str,
    neurons: Neurons = Neurons(),  # noqa: B008 - frozen
) -> CountedHere:
    """Count a copy of a model on the CPU.

    Args:
        model: Any model, on any device, in any state. It stays as it is: its mode, weights,
            gradients, hooks, buffers and neurons' states are not touched, nor is what the caller
            has set in torch, nor any random number.
        inputs: What `benchbench.worker.asking.count_alone` takes.
        name: What it is called in a message.
        neurons: What is told of its neurons.

    Raises:
        ModelError: It cannot be copied, its forward pass raised, or what is told is not true of it.
    """
    found = CountedHere()
    with undisturbed():
        own = copied(model, name)
        find_neurons(own, neurons, lambda: _batches(inputs))
        found.facts |= neuron_facts(own, torch.device("cpu"))
        try:
            count_alone(own, inputs, found)
        except BenchbenchError:
            raise
        except Exception as error:
            first = inputs[0]
            shape = first.shape if isinstance(first, Inputs) else str((1, *inputs))
            text = " ".join(str(error).split())[:300]
            alone = ""
            if isinstance(first, Inputs) and len(first) > 1:
                alone = ", also one sample of them alone"
            raise ModelError(
                f"{name} cannot be run on inputs of shape {shape} "
                f"({type(error).__name__}: {text}): give inputs= that it takes{alone}"
            ) from error
    return found


def _batches(inputs: Sequence[Inputs] | tuple[int, ...]) -> list[Inputs]:
    """The batches, or one sample of the shape."""
    batches = [batch for batch in inputs if isinstance(batch, Inputs)]
    shape = [size for size in inputs if isinstance(size, int)]
    return batches or [Inputs.of(torch.rand(1, *shape))]


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the random numbers of torch, numpy and Python, and leave what the caller has set."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global one
    try:
        with (
            torch.random.fork_rng(devices=[]),
            torch.inference_mode(mode=False),
            torch.enable_grad(),
            torch.autocast("cpu", enabled=False),
            torch.device("cpu"),
        ):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002 - see above


def copied(model: nn.Module, name: str) -> nn.Module:
    """A deep copy on the CPU; also of a model whose neurons hold a graph of its last batch.

    Args:
        model: Model that stays as it is.
        name: What it is called in a message.

    Raises:
        ModelError: It cannot be copied, or it has weights that no batch has given a shape yet.
    """
    if lazy := shapeless(model):
        raise ModelError(f"{name}: {lazy[0]} has no shape before a first batch: run it on one once")
    held = [leaf for module in model.modules() for leaf in tree_leaves(vars(module))]
    memo = {
        id(tensor): tensor.detach().clone()
        for tensor in held
        if isinstance(tensor, Tensor) and (not tensor.is_leaf or tensor.is_inference())
    }
    try:
        return copy.deepcopy(model, memo).cpu()
    except Exception as error:
        raise ModelError(
            f"{name} is counted on a copy, and cannot be copied ({type(error).__name__}: {error}): "
            "give the function that builds it"
        ) from error
