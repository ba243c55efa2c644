"""A layer of a model, and what it was given in one inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Layer"]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One call of a layer, to be run again by itself.

    Attributes:
        path: Where it is in the model.
        module: The module.
        kind: ``weights`` (a convolution or linear layer), ``neuron`` or ``norm``.
        given: Its input.
        passes_gradient: Whether a training takes the gradient of its input: not where that is the
            data, or comes of it without a weight.
    """

    path: str
    module: Any
    kind: Literal["weights", "neuron", "norm"]
    given: Any
    passes_gradient: bool = True

    @property
    def has_weights(self) -> bool:
        """Whether mult-adds happen in it."""
        return self.kind == "weights"

    @property
    def is_neuron(self) -> bool:
        """Whether it is a layer of spiking neurons."""
        return self.kind == "neuron"

    def run(self) -> Any:  # noqa: ANN401 - a tensor
        """Its output for what it was given; a neuron starts from rest."""
        if self.is_neuron:
            self.module.reset()
        return self.module(self.given)
