"""The loops behind `benchbench.backends.multi_step`: plain functions, and what compiles them."""

from __future__ import annotations

import itertools
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.backends.dynamics import Dynamics

__all__ = ["Kind", "any_size", "kind_of", "numbers_of"]

WINDOW = ((0, 0), (0, 1), (1, 0), (1, 1))  # rows and columns of a 2x2 window, in max_pool2d's order


class Kind(NamedTuple):
    """What one compiled loop is for.

    A limit of torch's own counts what one code object is compiled for: beyond it a loop would run
    uncompiled, without a word. Here each kind has its own.

    Attributes:
        dynamics: The neuron.
        steps: Time steps.
        constant: Whether the input is the same in all of them.
        inner: Sizes that the loop is compiled for, those of the innermost axes; the first axis of
            space may have any size, so that all sizes of a batch are one loop.
        dtype: Type of the inputs.
        device: Their device.
    """

    dynamics: Dynamics
    steps: int
    constant: bool
    inner: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device

    @property
    def loops(self) -> _Loops:
        """Its loops."""
        return _loops(self)

    def given(self, x: Tensor, q: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The input and the factor of the leak as a loop takes them."""
        return any_size(x, 0 if self.constant else 1), None if q is None else q.detach()


def kind_of(x: Tensor, steps: int, dynamics: Dynamics, *, constant: bool) -> Kind:
    """The kind of loop for an input.

    Args:
        x: Inputs, without T where they are the same in all time steps.
        steps: T.
        dynamics: The neuron.
        constant: Whether they are.
    """
    inner = tuple(x.shape[1 if constant else 2 :])
    return Kind(dynamics, steps, constant, inner, x.dtype, x.device)


class _Loops:
    """The compiled loops of one kind of layer; each is compiled when it is first called."""

    def __init__(self, kind: Kind) -> None:
        self.plain = _compiled(_plain_forward, kind)
        self.plain_back = _compiled(_plain_backward, kind)
        self.pooled = _compiled(_pooled_forward, kind)
        self.pooled_traced = _compiled(_pooled_forward_traced, kind)
        self.pooled_back = _compiled(_pooled_backward, kind)


@cache
def _loops(kind: Kind) -> _Loops:
    return _Loops(kind)


_numbers = itertools.count()


def _compiled(function: Callable[..., Any], kind: Kind) -> Callable[..., Any]:
    """A function of its own code object, with its kind bound, compiled for one shape."""
    code = function.__code__.replace(co_name=f"{function.__name__}_{next(_numbers)}")
    own = FunctionType(code, function.__globals__, code.co_name, (kind,))
    loop: Callable[..., Any] = torch.compile(own, dynamic=False, fullgraph=True)

    def run(*args: Tensor | None) -> Any:  # noqa: ANN401 - a tensor, or several
        with torch.autocast(kind.device.type, enabled=False):
            return loop(*args)

    return run


def any_size(tensor: Tensor, axis: int) -> Tensor:
    """A tensor, apart from any graph, one axis of which may have any size."""
    alone = tensor.detach()
    torch._dynamo.maybe_mark_dynamic(alone, axis)  # noqa: SLF001 - torch has no other name for it
    return alone


def _at(x: Tensor, t: int, kind: Kind) -> Tensor:
    """The input of a time step, in float32 at least."""
    given = x if kind.constant else x[t]
    return given if given.dtype == torch.float64 else given.float()


def _potentials(x: Tensor, q: Tensor | None, kind: Kind) -> tuple[list[Tensor], list[Any]]:
    """Potentials h and the potentials v before them, of all time steps."""
    dynamics = kind.dynamics
    before: list[Any] = []
    charged: list[Tensor] = []
    v: Any = torch.full_like(_at(x, 0, kind), dynamics.rest)
    for t in range(kind.steps):
        before.append(v)
        h = dynamics.charged(v, _at(x, t, kind), q)
        charged.append(h)
        v = dynamics.after(h, dynamics.fired(h))
    return charged, before


def _plain_forward(x: Tensor, q: Tensor | None, kind: Any) -> Tensor:  # noqa: ANN401 - bound
    charged, _ = _potentials(x, q, kind)
    return torch.stack([kind.dynamics.fired(h).to(x.dtype) for h in charged])


def _plain_backward(g: Tensor, x: Tensor, q: Tensor | None, kind: Any) -> Any:  # noqa: ANN401 - bound
    return _sent_back(lambda t: g[t], x, q, kind)


def _windows(h: Tensor, kind: Kind) -> list[Tensor]:
    """Spikes at each place of the windows, [N, H/2, W/2, C] each."""
    s = kind.dynamics.fired(h)
    return [s[:, :, row, :, column] for row, column in WINDOW]


def _pooled_forward(x: Tensor, q: Tensor | None, kind: Any) -> Tensor:  # noqa: ANN401 - bound
    charged, _ = _potentials(x, q, kind)
    out = []
    for h in charged:
        a, b, c, d = _windows(h, kind)
        out.append(torch.maximum(torch.maximum(a, b), torch.maximum(c, d)).to(x.dtype))
    return torch.stack(out)


def _pooled_forward_traced(x: Tensor, q: Tensor | None, kind: Any) -> Any:  # noqa: ANN401 - bound
    """The pooled spikes, and which of a window's places gave them (0 to 3, in the type of x).

    The place is kept in the type of the data: with integers Inductor did not vectorise the loop.
    """
    charged, _ = _potentials(x, q, kind)
    out, places = [], []
    for h in charged:
        a, b, c, d = _windows(h, kind)
        out.append(torch.maximum(torch.maximum(a, b), torch.maximum(c, d)).to(x.dtype))
        later = torch.where(b > 0, 1.0, torch.where(c > 0, 2.0, torch.where(d > 0, 3.0, 0.0)))
        places.append(torch.where(a > 0, 0.0, later).to(x.dtype))
    return torch.stack(out), torch.stack(places)


def _pooled_backward(
    g: Tensor,
    places: Tensor,
    numbers: Tensor,
    x: Tensor,
    q: Tensor | None,
    kind: Any,  # noqa: ANN401 - bound
) -> Any:  # noqa: ANN401 - tensors
    def of_spikes(t: int) -> Tensor:
        """The gradient of each place of the windows: only the one that gave the spike has it."""
        wide = g[t].unsqueeze(2).unsqueeze(4)  # [N, H/2, 1, W/2, 1, C]
        chosen = places[t].unsqueeze(2).unsqueeze(4) == numbers
        return torch.where(chosen, wide, torch.zeros((), dtype=g.dtype, device=g.device))

    return _sent_back(of_spikes, x, q, kind)


def _sent_back(of_spikes: Callable[[int], Tensor], x: Tensor, q: Tensor | None, kind: Kind) -> Any:  # noqa: ANN401 - tensors
    """The gradients of the input, and of the leak where there is one."""
    dynamics = kind.dynamics
    charged, before = _potentials(x, q, kind)
    carry: Tensor | None = None
    leak: Tensor | None = None
    parts: list[Tensor] = []
    for t in reversed(range(kind.steps)):
        g = of_spikes(t)
        gh = dynamics.sent_back(charged[t], g if g.dtype == torch.float64 else g.float(), carry)
        carry = dynamics.of_potential(gh, q)
        parts.append(dynamics.of_input(gh, q))
        if q is not None:
            one = dynamics.of_leak(gh, before[t], _at(x, t, kind))
            leak = one if leak is None else leak + one
    if kind.constant:
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        gx = total.to(x.dtype)
    else:
        gx = torch.stack([part.to(x.dtype) for part in reversed(parts)])
    return gx, None if leak is None else leak.sum()


@cache
def numbers_of(dtype: torch.dtype, device: torch.device) -> Tensor:
    """The numbers of a window's places [1, 1, 2, 1, 2, 1]: Inductor vectorises no `arange`."""
    return torch.tensor([[0.0, 1.0], [2.0, 3.0]], dtype=dtype, device=device).view(1, 1, 2, 1, 2, 1)
