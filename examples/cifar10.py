"""CIFAR-10 from local files, by torchvision: uint8 images [N, 3, 32, 32], [0, 1] for the model.

    benchbench: 1
    name: cifar
    data: { source: "cifar10.py:cifar10", set: { root: /data/cifar } }
    models:
      - { id: resnet18, model: "torchvision.models:resnet18", set: { num_classes: 10 } }

`root` holds `cifar-10-batches-py`, as the archive of www.cs.toronto.edu/~kriz/cifar.html unpacks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


def cifar10(root: str = "data") -> dict[str, tuple[Tensor, Tensor]]:
    """Training and test images with their labels; nothing is downloaded.

    Raises:
        ModuleNotFoundError: torchvision is not installed.
        FileNotFoundError: The files are not there, or one of them is not as it was published.
    """
    try:
        from torchvision.datasets import CIFAR10  # noqa: PLC0415 - to say what to install
    except ImportError as error:
        raise ModuleNotFoundError(
            "CIFAR-10 is read by torchvision: pip install torchvision"
        ) from error
    splits = {}
    for split in ("train", "test"):
        try:
            found = CIFAR10(str(Path(root).expanduser()), train=split == "train", download=False)
        except RuntimeError as error:  # what torchvision raises for a missing or damaged file
            raise FileNotFoundError(
                f"{root}: no whole cifar-10-batches-py there: unpack cifar-10-python.tar.gz in it"
            ) from error
        images = torch.from_numpy(found.data).permute(0, 3, 1, 2).contiguous()
        splits[split] = (images, torch.tensor(found.targets))
    return splits
