"""Data as it is counted and timed: a few whole batches, resident on a device."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import torch

from benchbench.data import FaceData
from benchbench.data.samples import Batch, size_of
from benchbench.data.sets import data_set_of
from benchbench.errors import DataError

if TYPE_CHECKING:
    from benchbench.data.samples import Samples

__all__ = ["Batch", "batches_of"]


def batches_of(
    data: Samples | FaceData, size: int, count: int, device: torch.device
) -> list[Batch]:
    """The first `count` whole batches of a shuffled split, on the device.

    Args:
        data: One split; it is repeated where it is smaller than one batch. A stream of batches is
            taken in its own order.
        size: Samples per batch.
        count: Most batches to take.
        device: Where they go, so that no transfer is timed.

    Returns:
        At least one batch of inputs and targets.

    Raises:
        DataError: A stream has not one batch of that size.
    """
    if isinstance(data, FaceData):
        data = data_set_of(data).split(str(data.usage[0]))
    total = size_of(data)
    if total is None:
        found = [batch for batch in islice(data.batches(size), count) if len(batch[0]) == size]
        if not found:
            raise DataError("data", f"its batches hold less than {size} samples in all")
    else:
        order = torch.randperm(total, generator=torch.Generator().manual_seed(0))
        rows = order.repeat(-(-size // total))[: size * count].tolist()
        found = list(data.batches(size, rows[: len(rows) // size * size]))
    return [
        (inputs.to(device), None if targets is None else targets.to(device))
        for inputs, targets in found
    ]
