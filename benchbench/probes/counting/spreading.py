"""Which multiplications are outer products, whose sum is a matrix product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from benchbench.probes.counting.origins import Origins

__all__ = ["follow_product"]


def follow_product(origins: Origins, args: tuple[Any, ...], out: Tensor) -> None:
    """Remember an outer product, whose sum is a matrix product.

    It is larger than either operand; or, of one sample, it has the size of a weight along an axis
    of which the data is one value again and again. What a constant holds out over time is none.
    """
    operands = [operand for operand in args[:2] if isinstance(operand, Tensor)]
    if len(operands) != 2 or not any(origins.of(it).data for it in operands):
        return
    pairs = (operands, operands[::-1])
    if out.numel() > max(map(Tensor.numel, operands)):
        held = [data for data, constant in pairs if _over_time(origins, data, constant)]
        if held:
            origins.mark_repeated(held[0], out)
        else:
            origins.mark_spread(out)
    elif any(_repeats(origins, *pair) for pair in pairs):
        origins.mark_spread(out)


def _over_time(origins: Origins, data: Tensor, constant: Tensor) -> bool:
    """Whether a constant repeats data along new leading axes alone, as an encoding does.

    It is neither a weight nor data, and one number for everything that the data holds: no sum of
    what comes out is a matrix product.
    """
    origin = origins.of(constant)
    if origin.rank or origin.data:
        return False
    return all(
        constant.shape[-axis] == 1
        or axis > data.dim()
        or all(size == 1 for size in data.shape[: data.dim() - axis + 1])
        for axis in range(1, constant.dim() + 1)
    )


def _repeats(origins: Origins, data: Tensor, weight: Tensor) -> bool:
    """Whether data is the same along an axis of a weight: none is of a scale or a shift."""
    if not origins.of(data).data or not origins.of(weight).rank:
        return False
    again = origins.repeated(data)
    return any(
        axis > data.dim()
        or data.shape[-axis] == 1
        or data.stride(-axis) == 0
        or data.dim() - axis in again
        for axis in range(1, weight.dim() + 1)
        if weight.shape[-axis] > 1 and weight.stride(-axis)
    )
