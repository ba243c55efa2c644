"""A model of the zoo that is slower by an amount of honest work: a convolution that nobody needs.

No sleeping: a sleep would leave the processor to others and its caches alone. The extra work is a
3 x 3 convolution over a strip of noise; `rows` sets how much of it there is.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from benchbench import zoo

CHANNELS, WIDTH = 16, 48


class Slowed(nn.Module):
    """A model and the convolution beside it.

    Args:
        inner: The model.
        rows: Height of the strip; 0 for no extra work.
    """

    strip: Tensor

    def __init__(self, inner: nn.Module, rows: int) -> None:
        """Draw the strip of noise [1, C, rows, W]."""
        super().__init__()
        self.inner = inner
        self.rows = rows
        self.beside = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False)
        self.register_buffer("strip", torch.randn(1, CHANNELS, max(rows, 1), WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        """The inner model's output, unchanged."""
        out: Tensor = self.inner(x)
        if self.rows:
            with torch.no_grad():  # no gradients of it either
                unused = self.beside(self.strip).mean()
            out = out + 0 * unused
        return out


def slowed(of: str, rows: int = 0, settings: dict[str, Any] | None = None) -> Slowed:
    """A model of the zoo with extra work.

    Args:
        of: Its name.
        rows: As for `Slowed`.
        settings: Of the inner model.
    """
    return Slowed(zoo.build(of, settings or {}, num_classes=7), rows)
