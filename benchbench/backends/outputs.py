"""What a model answers with, found in whatever it returns: one tensor [N, classes]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from benchbench.errors import ModelError

__all__ = ["answer_of", "numbers_of", "squared_errors", "tensor_of"]

LOGITS = "logits"  # as transformers and many others call them


def tensor_of(output: object, name: str = "") -> Tensor:
    """The tensor that a model answers with.

    Args:
        output: A tensor; or a mapping, tuple, list or dataclass that holds it.
        name: Its key or attribute there, or its place (``0``); by default ``logits``, or else the
            first tensor of floats.

    Raises:
        ModelError: There is none.
    """
    if isinstance(output, Tensor):
        if name:
            raise ModelError(f"output: {name}: the model returns a tensor, which has no parts")
        return output
    parts = _parts(output)
    if name:
        found = parts.get(name)
        if found is None or not isinstance(found, Tensor):
            has = ", ".join(key for key, it in parts.items() if isinstance(it, Tensor)) or "nothing"
            raise ModelError(f"output: {name}: the model returns no such tensor; it has {has}")
        return found
    named = parts.get(LOGITS)
    if isinstance(named, Tensor):
        return named
    for part in parts.values():
        if isinstance(part, Tensor) and part.is_floating_point():
            return part
    raise ModelError(
        f"the model returns {type(output).__name__}, in which no tensor is found: name it by "
        "`output:`"
    )


def numbers_of(output: object) -> Tensor:
    """One row with the least and the greatest of each tensor of floats, at any depth of an output.

    Enough to tell whether all of them are finite, without a copy; nothing where there is none.
    """
    leaves = [
        leaf
        for leaf in tree_leaves(_opened(output))
        if isinstance(leaf, Tensor) and leaf.is_floating_point() and leaf.numel()
    ]
    ends = [end.double() for leaf in leaves for end in leaf.aminmax()]
    return torch.stack(ends) if ends else torch.empty(0)


def _opened(output: object) -> object:
    """A dataclass, as transformers answer with one, as its parts."""
    return output if isinstance(output, Tensor | list | tuple | dict) else _parts(output)


def answer_of(
    output: object,
    samples: int,
    name: str = "",
    *,
    walks_time: bool = False,
    targets: Tensor | None = None,
) -> Tensor:
    """The answer [N, ...] for each sample; [T, N, classes] averaged over T.

    Args:
        output: What the model returned.
        samples: How many samples it was given.
        name: Name of the part, as for `tensor_of`.
        walks_time: Whether the model takes time steps: then [n, n, classes] of n samples is taken
            for [T, N, classes], and else for [N, ...].
        targets: What is to be answered. Numbers of three axes are an answer for each time step, so
            that an output of just their shape is [N, T, ...], however many time steps it takes.

    Raises:
        ModelError: It holds no tensor, or one that has not as many answers as there are samples.
    """
    found = tensor_of(output, name)
    if targets is not None and targets.is_floating_point() and found.shape == targets.shape:
        return found
    second = found.dim() == 3 and found.shape[1] == samples
    if second and (walks_time or found.shape[0] != samples):
        return found.mean(0)
    if found.dim() == 0 or found.shape[0] != samples:
        raise ModelError(
            f"the model's output has the shape {tuple(found.shape)} for {samples} samples: "
            "expected [N, classes] or [T, N, classes]; name the right part by `output:`"
        )
    return found


def squared_errors(answers: Tensor, targets: Tensor) -> Tensor:
    """The squared error of each sample [N], the mean over its numbers.

    Args:
        answers: What a model answers with [N, ...].
        targets: Numbers of the same shape, but for axes of length 1.

    Raises:
        ModelError: They have another shape: a broadcast would compare each answer with all targets.
    """
    given, wanted = (
        tuple(size for size in shape[1:] if size != 1) for shape in (answers.shape, targets.shape)
    )
    if given != wanted or len(answers) != len(targets):
        raise ModelError(
            f"the model answers with {tuple(answers.shape)}, and the targets are "
            f"{tuple(targets.shape)}"
        )
    apart = answers.flatten(1) if answers.dim() > 1 else answers[:, None]
    other = targets.flatten(1) if targets.dim() > 1 else targets[:, None]
    squares: Tensor = (apart - other.to(apart.dtype)).square().mean(1)
    return squares


def _parts(output: object) -> dict[str, Any]:
    """What an output holds, by name or by place."""
    if isinstance(output, Mapping):
        return {str(key): part for key, part in output.items()}
    if isinstance(output, tuple) and hasattr(output, "_fields"):
        return dict(zip(output._fields, output, strict=True))
    if isinstance(output, tuple | list):
        return {str(place): part for place, part in enumerate(output)}
    if is_dataclass(output) and not isinstance(output, type):
        return {it.name: getattr(output, it.name) for it in fields(output)}
    return {}
