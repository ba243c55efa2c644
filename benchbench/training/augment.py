"""Random changes of training images that leave what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pad

from benchbench.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

    from benchbench.data.inputs import Inputs
    from benchbench.suite.training import Augment

__all__ = ["augmented", "flip_crop"]

PADDED = 12  # a twelfth of each side, 4 pixels of 48: ours


def augmented(inputs: Inputs, how: Augment) -> Inputs:
    """The inputs of a batch, each changed at random; torch's own generator draws.

    Args:
        inputs: One tensor of images [N, C, H, W].
        how: Which augmentation.

    Raises:
        DataError: They are none.
    """
    if how == "none":
        return inputs
    if inputs.plain is None or inputs.plain.dim() != 4:
        raise DataError("data", f"augment: {how} takes images [N, C, H, W], found {inputs.shape}")
    return inputs.map(flip_crop)


def flip_crop(images: Tensor) -> Tensor:
    """Half of the images mirrored, each moved by up to a twelfth of its sides over zeros.

    Args:
        images: Images [N, C, H, W].
    """
    count, _, height, width = images.shape
    device = images.device
    rows, columns = height // PADDED, width // PADDED
    mirrored = torch.rand(count, device=device) < 0.5
    images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
    top = torch.randint(2 * rows + 1, (count, 1), device=device)
    left = torch.randint(2 * columns + 1, (count, 1), device=device)
    down = (top + torch.arange(height, device=device))[:, :, None]
    across = (left + torch.arange(width, device=device))[:, None, :]
    padded = pad(images, (columns, columns, rows, rows)).movedim(1, -1)
    sample = torch.arange(count, device=device)[:, None, None]
    return padded[sample, down, across].movedim(-1, 1).contiguous()
