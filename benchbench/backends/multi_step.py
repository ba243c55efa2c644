"""All time steps of a layer of spiking neurons in one compiled loop, forwards and backwards.

Inductor writes the loops: vector code on a processor, Triton on a GPU. Memory is what they save:
the forward pass keeps its input alone, from which the backward pass works the potentials out again.
A 2x2 max-pool that follows is part of the loop, so that the spikes before it are never written; of
equal spikes in a window the first takes the gradient, as in ``torch.nn.functional.max_pool2d``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from benchbench.backends.loops import any_size, kind_of, numbers_of

if TYPE_CHECKING:
    from benchbench.backends.dynamics import Dynamics
    from benchbench.backends.loops import Kind

__all__ = ["multi_step", "multi_step_pooled"]


def multi_step(x: Tensor, steps: int, dynamics: Dynamics, q: Tensor | None = None) -> Tensor:
    """Spikes of all time steps, from rest.

    Args:
        x: Inputs [T, M]; or [M], the same in every time step.
        steps: T.
        dynamics: The neuron.
        q: Factor of the leak of a ``plif``, a scalar tensor.

    Returns:
        Spikes [T, M] of the type of `x`; potentials are in float32 where `x` is shorter.
    """
    constant = x.dim() == 1
    if torch.is_grad_enabled() and (x.requires_grad or (q is not None and q.requires_grad)):
        found: Tensor = _Plain.apply(x, q, kind_of(x, steps, dynamics, constant=constant))
        return found
    kind = kind_of(x, steps, dynamics, constant=constant)
    spikes: Tensor = kind.loops.plain(*kind.given(x, q))
    return spikes


def multi_step_pooled(x: Tensor, steps: int, dynamics: Dynamics, q: Tensor | None = None) -> Tensor:
    """The largest spike of each window of 2x2, from rest.

    Args:
        x: Inputs [T, N, H/2, 2, W/2, 2, C]; or without T, the same in every time step.
        steps: T.
        dynamics: The neuron, which must fire.
        q: Factor of the leak of a ``plif``, a scalar tensor.

    Returns:
        Spikes [T, N, H/2, W/2, C] of the type of `x`.
    """
    constant = x.dim() == 6
    if torch.is_grad_enabled() and (x.requires_grad or (q is not None and q.requires_grad)):
        found: Tensor = _Pooled.apply(x, q, kind_of(x, steps, dynamics, constant=constant))
        return found
    kind = kind_of(x, steps, dynamics, constant=constant)
    pooled: Tensor = kind.loops.pooled(*kind.given(x, q))
    return pooled


class _Plain(torch.autograd.Function):
    """`multi_step` with its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, q: Tensor | None, kind: Kind) -> Tensor:  # noqa: ANN401 - torch's
        ctx.save_for_backward(x, q)
        ctx.kind = kind
        found: Tensor = kind.loops.plain(*kind.given(x, q))
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Any:  # noqa: ANN401 - torch's
        x, q = ctx.saved_tensors
        kind = ctx.kind
        gx, gq = kind.loops.plain_back(any_size(g.contiguous(), 1), *kind.given(x, q))
        return gx, gq, None


class _Pooled(torch.autograd.Function):
    """`multi_step_pooled` with its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, q: Tensor | None, kind: Kind) -> Tensor:  # noqa: ANN401 - torch's
        spikes, places = kind.loops.pooled_traced(*kind.given(x, q))
        ctx.save_for_backward(x, q, places)
        ctx.kind = kind
        found: Tensor = spikes
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Any:  # noqa: ANN401 - torch's
        x, q, places = ctx.saved_tensors
        kind, numbers = ctx.kind, numbers_of(x.dtype, x.device)
        sent, places = any_size(g.contiguous(), 1), any_size(places, 1)
        gx, gq = kind.loops.pooled_back(sent, places, numbers, *kind.given(x, q))
        return gx, gq, None
