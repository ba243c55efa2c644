"""How many multiply-accumulates one convolution or matrix product holds, exactly.

Every figure is an integer: sums of booleans, never of floats (a float32 sum of ones stops at 2^24).
Three definitions, for each operand that is data:

- dense: every tap of every output, padding included, zeros included;
- valid: taps that fall on the input, without padding;
- effective: valid taps whose data is not zero. A weight is never tested for zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Geometry", "Tally", "convolution", "count_nonzero", "product"]


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted in one or more calls; tallies add up.

    Attributes:
        macs_dense: Multiply-accumulates with padding taps.
        macs_valid: Multiply-accumulates without padding taps.
        macs_effective: Those of `macs_valid` whose input is not zero.
        nonzero: Input elements that are not zero.
        elements: Input elements.
        binary: Whether every input element is 0 or 1.
        spikes: Whether an input came from spikes.
        calls: How many products these were.
    """

    macs_dense: int = 0
    macs_valid: int = 0
    macs_effective: int = 0
    nonzero: int = 0
    elements: int = 0
    binary: bool = True
    spikes: bool = False
    calls: int = 0

    def __add__(self, other: Tally) -> Tally:
        """The tally of both; binary only where both are."""
        return Tally(
            self.macs_dense + other.macs_dense,
            self.macs_valid + other.macs_valid,
            self.macs_effective + other.macs_effective,
            self.nonzero + other.nonzero,
            self.elements + other.elements,
            self.binary and other.binary,
            self.spikes or other.spikes,
            self.calls + other.calls,
        )


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the taps of a convolution fall, one entry a spatial dimension.

    Attributes:
        stride: Step between outputs (transposed: between the outputs of neighbouring inputs).
        padding: Padding before the first element; what stands behind the last follows from the
            output's size, so that one-sided padding is told right.
        dilation: Step between taps.
        transposed: Whether inputs scatter to outputs.
        groups: Channel groups.
    """

    stride: Sequence[int]
    padding: Sequence[int]
    dilation: Sequence[int]
    transposed: bool = False
    groups: int = 1


def convolution(data: Tensor, weight: Tensor, output: Sequence[int], geometry: Geometry) -> Tally:
    """Count one convolution.

    Args:
        data: [N, C_in, ...].
        weight: [C_out, C_in / groups, ...], transposed: [C_in, C_out / groups, ...].
        output: Spatial size of the output.
        geometry: Where the taps fall.

    Returns:
        The tally, over the whole batch.
    """
    inputs, kernel = data.shape[2:], weight.shape[2:]
    fan_out = weight.shape[1] if geometry.transposed else weight.shape[0] // geometry.groups
    uses = [_uses(i, inputs[i], output[i], kernel[i], geometry) for i in range(len(inputs))]
    occupied = _column_sums((data != 0).flatten(0, 1).flatten(1)).view(inputs)
    nonzero = int(occupied.sum())
    # Each input element meets `fan_out` outputs at every one of its taps, and the number of taps
    # at a position is the product of the numbers along each dimension.
    for along in reversed(uses):
        occupied = (occupied * along).sum(-1)
    positions = math.prod(inputs if geometry.transposed else output)
    channels = data.shape[0] * data.shape[1] * fan_out
    return Tally(
        macs_dense=channels * positions * math.prod(kernel),
        macs_valid=channels * math.prod(int(along.sum()) for along in uses),
        macs_effective=fan_out * int(occupied),
        nonzero=nonzero,
        elements=data.numel(),
        binary=_is_binary(data, nonzero),
        calls=1,
    )


def _uses(dimension: int, inputs: int, outputs: int, kernel: int, geometry: Geometry) -> Tensor:
    """How many pairs of an output and a tap use each input position, int64 [inputs]."""
    # A tap at output o reads input o * stride - padding + tap * dilation; transposed, the input
    # takes the output's part.
    far = inputs if geometry.transposed else outputs
    start = torch.arange(far) * geometry.stride[dimension] - geometry.padding[dimension]
    place = start[:, None] + torch.arange(kernel) * geometry.dilation[dimension]
    hit = (place >= 0) & (place < (outputs if geometry.transposed else inputs))
    return hit.sum(1) if geometry.transposed else torch.bincount(place[hit], minlength=inputs)


def product(left: Tensor, right: Tensor, weight: Literal["left", "right"] | None) -> Tally:
    """Count one product of two stacks of matrices.

    Args:
        left: [B, n, k].
        right: [B, k, m].
        weight: Which of the two is a weight; None where both are data, and then an operation
            is effective where both its inputs are not zero.

    Returns:
        The tally; its input elements are those of the operands that are data.
    """
    dense = left.shape[0] * left.shape[1] * left.shape[2] * right.shape[2]
    data = [t for t, side in ((left, "left"), (right, "right")) if side != weight]
    counts = [count_nonzero(tensor) for tensor in data]
    if weight == "right":
        effective = counts[0] * right.shape[2]
    elif weight == "left":
        effective = counts[0] * left.shape[1]
    else:
        effective = int(((left != 0).sum(1) * (right != 0).sum(2)).sum())
    return Tally(
        macs_dense=dense,
        macs_valid=dense,
        macs_effective=effective,
        nonzero=sum(counts),
        elements=sum(tensor.numel() for tensor in data),
        binary=all(map(_is_binary, data, counts)),
        calls=1,
    )


def count_nonzero(data: Tensor) -> int:
    """How many elements are not zero; three times as fast as torch's own."""
    rows = len(data) if data.dim() and data.numel() else 1
    return int(_column_sums((data != 0).reshape(rows, -1)).sum())


def _column_sums(flags: Tensor) -> Tensor:
    """How many are true in each column of [rows, columns], int64 [columns].

    Eight columns are added at once, as the bytes of one integer, over so few rows that none of
    them can run over into the next.
    """
    columns = flags.shape[1]
    if not flags.numel():
        return torch.zeros(columns, dtype=torch.int64)
    words = functional.pad(flags, (0, -columns % 8)).contiguous().view(torch.int64)
    sums = torch.stack([part.sum(0) for part in torch.split(words, 255)])
    return sums.view(torch.uint8).sum(0)[:columns]


def _is_binary(data: Tensor, nonzero: int) -> bool:
    """Whether all elements are 0 or 1: then the ones are all that is not zero (NaN is not 1)."""
    if data.numel():
        low, high = data.aminmax()
        if low < 0 or high > 1:
            return False
    return count_nonzero(data == 1) == nonzero
