"""What benchbench asks of a framework of spiking networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, TypeVar

from benchbench import extensions

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["FRAMEWORKS", "Framework", "framework"]

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

    @abstractmethod
    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:
        """What the report says of each kind of neuron."""


C = TypeVar("C", bound=type[Framework])


def framework(kind: C) -> C:
    """Register a framework."""
    extensions.note("framework", kind.package, kind.__module__)
    FRAMEWORKS.append(kind())
    return kind
