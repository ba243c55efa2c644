"""What benchbench asks of a framework of spiking networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, TypeVar

from benchbench import extensions

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch
    from torch import Tensor, nn

__all__ = ["FRAMEWORKS", "Framework", "first_tensor", "framework", "of_each_kind"]

FRAMEWORKS: list[Framework] = []


class Framework(ABC):
    """One framework; its file imports it inside the methods alone.

    Attributes:
        package: Name of the module that is loaded wherever the framework is used.
    """

    package: ClassVar[str]

    @abstractmethod
    def is_neuron(self, module: nn.Module) -> bool:
        """Whether the module fires spikes."""

    @abstractmethod
    def holds_state(self, model: nn.Module) -> bool:
        """Whether anything in the model outlives a batch."""

    @abstractmethod
    def reset(self, model: nn.Module) -> None:
        """Put every state that outlives a batch back to its start."""

    @abstractmethod
    def walks_time(self, module: nn.Module) -> bool:
        """Whether one call of the module takes all time steps, [T, N, ...]."""

    def is_encoder(self, module: nn.Module) -> bool:  # noqa: ARG002 - for those that have some
        """Whether the module makes spikes, or what stands for them, of the model's inputs."""
        return False

    def states_of(self, module: nn.Module) -> tuple[str, ...]:  # noqa: ARG002 - as above
        """Names of the module's own buffers that hold what the last batch left in it."""
        return ()

    def spikes_of(self, module: nn.Module, outputs: object) -> Tensor | None:  # noqa: ARG002 - for those that tell modules apart
        """The tensor of spikes among what one call of a neuron gives back.

        Args:
            module: One of the framework's neurons.
            outputs: What it gave back: spikes, or spikes and states in a tuple.

        Returns:
            The first tensor, unless a framework says otherwise; None where there is none.
        """
        return first_tensor(outputs)

    def steps_of(self, module: nn.Module, spikes: Tensor) -> int:
        """How many time steps one call of a neuron was.

        Args:
            module: One of the framework's neurons.
            spikes: Spikes of the call, [T, N, ...] where it walks through time.
        """
        return len(spikes) if self.walks_time(module) else 1

    @abstractmethod
    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:
        """What the report says of each kind of neuron."""


def first_tensor(values: object) -> Tensor | None:
    """The first tensor in nested tuples, lists and dictionaries."""
    import torch  # noqa: PLC0415 - commands that run nothing read the list of frameworks
    from torch.utils._pytree import tree_leaves  # noqa: PLC0415 - see above

    return next((leaf for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor)), None)


def of_each_kind(said: Iterable[tuple[nn.Module, str]]) -> dict[str, str]:
    """What is said of neurons, by class: each different sentence once, in the order of the model.

    >>> from torch import nn
    >>> one, two = nn.ReLU(), nn.ReLU()
    >>> of_each_kind([(one, "reset by zero"), (two, "no reset"), (one, "reset by zero")])
    {'ReLU': 'reset by zero; no reset'}
    """
    kinds: dict[str, dict[str, None]] = {}
    for module, sentence in said:
        kinds.setdefault(type(module).__name__, {})[sentence] = None
    return {kind: "; ".join(sentences) for kind, sentences in kinds.items()}


C = TypeVar("C", bound=type[Framework])


def framework(kind: C) -> C:
    """Register a framework."""
    extensions.note("framework", kind.package, kind.__module__)
    FRAMEWORKS.append(kind())
    return kind
