"""What one model of the corpus is, and what its count must come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

__all__ = ["Entry", "Published"]


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that others stand for.

    Attributes:
        gmacs: Its mult-adds in 10^9 per sample.
        decimals: How many of its digits are printed there.
        source: Who says so.
    """

    gmacs: float
    decimals: int
    source: str

    def agrees(self, macs: float) -> bool:
        """Whether it is the count to its last printed digit."""
        return abs(macs / 1e9 - self.gmacs) <= 0.5 * 10**-self.decimals * (1 + 1e-9)


@dataclass(frozen=True, slots=True)
class Entry:
    """One model.

    Attributes:
        name: What it is called in the table.
        family: Whose it is: torchvision, transformers, spikingjelly, torch.
        build: Gives it anew, with random weights.
        inputs: Gives what it is counted on: a batch [N, ...], or the shape of one sample.
        by_hand: Mult-adds per sample, worked out without any counter; None where nobody has.
        published: A published figure of its mult-adds; None where there is none.
        params: Its parameters, published or worked out; None to add up those that it has.
        refused: What the reason must say, as a regular expression, where it must not be counted.
    """

    name: str
    family: str
    build: Callable[[], nn.Module]
    inputs: Callable[[], Any]
    by_hand: int | None = None
    published: Published | None = None
    params: int | None = None
    refused: str = ""
