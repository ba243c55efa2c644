"""What a user says of a model's neurons, and what was found of them, kept with the model itself.

Both stand in the modules' own dictionaries: a deep copy, a wrapper and a cut model know them as
well, and no weight file or hook does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from benchbench.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

__all__ = ["NONE", "Firing", "Found", "Neurons", "firing_of", "found_of", "keep", "mark"]

NONE = "none"
"""What `spiking` says where a model has no neurons, and none are to be looked for."""

FOUND, FIRING = "_benchbench_found", "_benchbench_firing"

HOLDS_STATE = (
    "the model keeps a state between batches that benchbench cannot reset: name the method of the "
    "model that resets it (reset: METHOD), or reset it in forward()"
)
"""The refusal of a model whose figures depend on what ran before."""


@dataclass(frozen=True, slots=True)
class Neurons:
    """What is told of a model's neurons, in a suite or on the command line.

    Attributes:
        spiking: Patterns of qualified module names or class names that are spiking neurons; `NONE`
            alone where there are none.
        reset: Name of the model's own method that resets its state; empty where none is named.
        steps: Time steps of one sample; None to find them.
    """

    spiking: tuple[str, ...] = ()
    reset: str = ""
    steps: int | None = None

    @classmethod
    def told(cls, spiking: str | Sequence[str], reset: str, steps: int | None) -> Self:
        """What a caller gives, one pattern by itself or several.

        Raises:
            ModelError: There are no such time steps.
        """
        if steps is not None and steps < 1:
            raise ModelError(f"steps: expected at least 1, found {steps}")
        patterns = (spiking,) if isinstance(spiking, str) else tuple(spiking)
        return cls(patterns, reset, steps)


@dataclass(frozen=True, slots=True)
class Firing:
    """How one module that no framework knows fires.

    Attributes:
        output: Which of the tensors that a call gives back are the spikes, from 0.
        steps: Time steps of one call.
        named: Whether it was named; else it was found by its outputs.
    """

    output: int = 0
    steps: int = 1
    named: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a whole model.

    Attributes:
        told: What its user says.
        stateful: Why its figures would depend on what ran before; empty where they do not.
        silent: Paths of modules that put out nothing but 0: whether they fire is not known.
    """

    told: Neurons = field(default_factory=Neurons)
    stateful: str = ""
    silent: tuple[str, ...] = ()


def keep(model: nn.Module, found: Found) -> None:
    """Keep what was found with the model."""
    vars(model)[FOUND] = found


def found_of(model: nn.Module) -> Found:
    """What was found of a model; nothing where nobody has looked."""
    found = vars(model).get(FOUND)
    return found if isinstance(found, Found) else Found()


def mark(module: nn.Module, firing: Firing) -> None:
    """Keep that a module fires."""
    vars(module)[FIRING] = firing


def firing_of(module: nn.Module) -> Firing | None:
    """How a module fires that was found or named; None where it was not."""
    firing = vars(module).get(FIRING)
    return firing if isinstance(firing, Firing) else None
