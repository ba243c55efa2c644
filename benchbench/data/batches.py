"""Data as a model takes it: batches of tensors on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from benchbench.data import FaceData

__all__ = ["Batch", "batches_of", "to_input"]

Batch = tuple[Tensor, Tensor]  # images [N, 1, H, W] in [0, 1], labels [N]


def batches_of(data: FaceData, size: int, count: int, device: torch.device) -> list[Batch]:
    """The first `count` whole batches of a shuffled split, on the device.

    Args:
        data: One split; it is repeated where it is smaller than one batch.
        size: Samples per batch.
        count: Most batches to take.
        device: Where they go, so that no transfer is timed.

    Returns:
        At least one batch: images float32 [size, 1, 48, 48] in [0, 1], labels int64 [size].
    """
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    order = order.repeat(-(-size // len(data)))
    images, labels = torch.from_numpy(data.images), torch.from_numpy(data.labels)
    chunks = [chunk for chunk in torch.split(order, size)[:count] if len(chunk) == size]
    return [(to_input(images[chunk].to(device)), labels[chunk].to(device)) for chunk in chunks]


def to_input(images: Tensor) -> Tensor:
    """Pixels uint8 [N, H, W] as a model takes them: float32 [N, 1, H, W] in [0, 1]."""
    return images.to(torch.float32).div_(255).unsqueeze(1)
