"""Weights that get their shape with a first batch (`torch.nn.LazyLinear` and its like)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import torch
from torch.nn.parameter import is_lazy

from benchbench.errors import ModelError
from benchbench.frameworks import reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from benchbench.data.inputs import Inputs

__all__ = ["give_shapes", "shapeless"]


def shapeless(model: nn.Module) -> list[str]:
    """Names of the weights and buffers that no batch has given a shape yet."""
    every = chain(model.named_parameters(), model.named_buffers())
    return [name for name, it in every if is_lazy(it)]


def give_shapes(model: nn.Module, first: Callable[[], Inputs], name: str) -> None:
    """Run a batch, where the model has weights without a shape; all else stays as it was.

    Their initial values are drawn on from the seed that the model is made with.

    Args:
        model: Model on the CPU.
        first: Gives the batch.
        name: What the model is called in a message.

    Raises:
        ModelError: The batch cannot be run, or it does not give a weight its shape.
    """
    lazy = shapeless(model)
    if not lazy:
        return
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            first().run(model)
    except Exception as error:
        text = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{name}: {lazy[0]} has no shape before a first batch, and one of its data cannot be "
            f"run ({type(error).__name__}: {text})"
        ) from error
    for module, training in modes.items():
        module.training = training
    reset(model)
    if lazy := shapeless(model):
        raise ModelError(
            f"{name}: {lazy[0]} has no shape before a first batch, and a batch of its data gives "
            "it none: say its size where the model is built"
        )
