"""Inference that does the work of spikes alone: their indices gather the rows of the weights.

Below a density of spikes that is measured when a layer first runs a size of batch, its product is
the sum of the weights' rows at the spikes; above it, it is the dense product. What is gathered is
multiplied by the inputs' values, so that inputs that are no spikes give their product as well.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.backends.executed import Executed

__all__ = ["EventConv2d", "EventLayer", "EventLinear", "with_events"]

TRIED = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)  # densities, in their order
ROUNDS, LEAST_S = 5, 0.01  # of each timing, at least; the fastest counts
MARGIN = 0.9  # ours: gathering has to be so much faster, as a share of the dense time
COUNTING = 0.03  # ours: where counting the spikes takes more of the dense time, it is left alone


def with_events(found: Executed) -> None:
    """Let a model's linear layers and convolutions gather, in inference.

    Args:
        found: The model; its forward functions are added to.
    """
    dtype = torch.bfloat16 if found.execution.precision == "bf16" else None
    layers: dict[str, EventLayer] = {}
    for path, module in found.model.named_modules():
        if isinstance(module, nn.Linear) and _is_own(module, nn.Linear.forward):
            layers[path] = EventLinear(module, dtype)
        elif isinstance(module, nn.Conv2d) and _gathers(module):
            layers[path] = EventConv2d(module, dtype)
    for layer in layers.values():
        found.forwards[layer.module] = layer
    found.gathering.update(layers)


def _is_own(module: nn.Module, plain: Callable[..., Any]) -> bool:
    """Whether a layer is torch's own, or SpikingJelly's over time steps."""
    kind = type(module)
    return kind.forward is plain or kind.__module__.startswith(
        "spikingjelly.activation_based.layer"
    )


def _gathers(module: nn.Conv2d) -> bool:
    """Whether a convolution is one whose outputs stand where its inputs do."""
    reach = [d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    return (
        _is_own(module, nn.Conv2d.forward)
        and module.groups == 1
        and module.stride == (1, 1)
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
        and all(p <= r for p, r in zip(module.padding, reach, strict=True))
    )


class EventLayer(ABC):
    """The forward function of a layer that gathers where that is faster.

    Attributes:
        module: The layer.
        limits: Most nonzero inputs that are gathered, by the shape of a batch's rows or frames;
            0 where it never is faster.
    """

    def __init__(self, module: Any, dtype: torch.dtype | None) -> None:  # noqa: ANN401 - linear or convolution
        """Take over a layer.

        Args:
            module: The layer.
            dtype: Type of the gathered weights; the layer's own by default.
        """
        self.module = module
        self.limits: dict[tuple[int, ...], int] = {}
        self._dtype = dtype
        self._dense = MethodType(type(module).forward, module)
        self._rows: Tensor | None = None
        self._version = -1

    def __call__(self, x: Tensor) -> Any:  # noqa: ANN401 - what the layer gives
        """The layer's output."""
        if torch.is_grad_enabled():
            return self._dense(x)
        flat = self.flat(x)
        key = tuple(flat.shape)
        limit = self.limits.get(key)
        if limit is None:
            limit = self.limits[key] = self._measured(x, flat)
        if not limit or int(torch.count_nonzero(flat)) > limit:
            return self._dense(x)
        return self.shaped(self.gathered(flat), x)

    @property
    def rows(self) -> Tensor:
        """The weights as they are gathered; made again after the weights were changed."""
        weight = self.module.weight
        now = 0 if weight.is_inference() else weight._version  # noqa: SLF001 - torch's only way
        if self._rows is None or self._version != now:
            self._rows = self.turned(weight.detach()).to(self._dtype or weight.dtype)
            self._version = now
        return self._rows

    @property
    def bytes(self) -> int:
        """What the gathered weights take beside the layer's own, bytes."""
        return 0 if self._rows is None else self._rows.numel() * self._rows.element_size()

    @abstractmethod
    def flat(self, x: Tensor) -> Tensor:
        """Inputs as rows or frames."""

    @abstractmethod
    def turned(self, weight: Tensor) -> Tensor:
        """The weights, those of one input beside each other."""

    @abstractmethod
    def gathered(self, flat: Tensor) -> Tensor:
        """The product by gathering."""

    @abstractmethod
    def shaped(self, out: Tensor, x: Tensor) -> Tensor:
        """What was gathered, in the shape that the layer gives for x."""

    def _measured(self, x: Tensor, flat: Tensor) -> int:
        """The number of nonzero inputs up to which gathering is faster than the dense product."""
        dense_s = _fastest(partial(self._dense, x))
        if _fastest(partial(torch.count_nonzero, flat)) > COUNTING * dense_s:
            return 0
        draw, found = torch.Generator().manual_seed(0), 0
        for density in TRIED:
            drawn = (torch.rand(flat.shape, generator=draw) < density).to(flat.device, flat.dtype)
            if _fastest(partial(self.gathered, drawn)) > MARGIN * dense_s:
                break
            found = int(density * flat.numel())
        return found


def _fastest(run: Callable[[], object]) -> float:
    """The shortest time of a few rounds: what is short is run often, or one disturbance decides."""
    seconds: list[float] = []
    while len(seconds) < ROUNDS or sum(seconds) < LEAST_S:
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


class EventLinear(EventLayer):
    """A linear layer: each row's spikes gather their rows of the transposed weights."""

    def flat(self, x: Tensor) -> Tensor:
        """Inputs [..., in] as [R, in]."""
        return x.reshape(-1, x.shape[-1])

    def turned(self, weight: Tensor) -> Tensor:
        """Weights [out, in] as [in, out]."""
        return weight.t().contiguous()

    def gathered(self, flat: Tensor) -> Tensor:
        """Outputs [R, out]."""
        found = flat.nonzero()
        row, column = found[:, 0].contiguous(), found[:, 1]
        starts = torch.searchsorted(row, torch.arange(len(flat), device=flat.device))
        rows = self.rows
        out = F.embedding_bag(
            column,
            rows,
            starts,
            mode="sum",
            per_sample_weights=flat[row, column].to(rows.dtype),
        )
        return out if self.module.bias is None else out + self.module.bias.to(out.dtype)

    def shaped(self, out: Tensor, x: Tensor) -> Tensor:
        """Outputs [R, out] as [..., out]."""
        return out.view(*x.shape[:-1], out.shape[-1])


class EventConv2d(EventLayer):
    """A convolution: each spike adds its weights to the outputs around it."""

    def flat(self, x: Tensor) -> Tensor:
        """Inputs [..., C, H, W] as [B, H, W, C]."""
        return x.reshape(-1, *x.shape[-3:]).permute(0, 2, 3, 1)

    def turned(self, weight: Tensor) -> Tensor:
        """Weights [out, in, kh, kw] as [kh, kw, in, out]."""
        return weight.permute(2, 3, 1, 0).contiguous()

    def gathered(self, flat: Tensor) -> Tensor:
        """Outputs [B, out, H', W'], channels last in memory."""
        module, rows = self.module, self.rows
        batch, height, width = flat.shape[:3]
        (kh, kw), (dh, dw), (ph, pw) = module.kernel_size, module.dilation, module.padding
        reach_h, reach_w = dh * (kh - 1), dw * (kw - 1)
        wide, high = width + reach_w, height + reach_h
        found = flat.nonzero()
        b, h, w, c = found.unbind(1)
        values = flat[b, h, w, c].to(rows.dtype).unsqueeze(1)
        place = (b * high + h) * wide + w
        out = rows.new_zeros(batch * high * wide, rows.shape[-1])
        for i in range(kh):
            for j in range(kw):
                shift = (reach_h - i * dh) * wide + reach_w - j * dw
                out.index_add_(0, place + shift, rows[i, j][c] * values)
        whole = out.view(batch, high, wide, -1)
        top, left = reach_h - ph, reach_w - pw
        inside = whole[:, top : high - top, left : wide - left]
        inside = inside if module.bias is None else inside + module.bias.to(out.dtype)
        return inside.permute(0, 3, 1, 2)

    def shaped(self, out: Tensor, x: Tensor) -> Tensor:
        """Outputs [B, ...] as [..., out, H', W']."""
        return out.reshape(*x.shape[:-3], *out.shape[1:])
