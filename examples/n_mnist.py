"""N-MNIST from local files, by SpikingJelly: events summed up to frames [T, N, 2, 34, 34].

    benchbench: 1
    name: events
    data: { source: "n_mnist.py:n_mnist", set: { root: /data }, time: first, classes: 10 }
    models:
      - { id: mine, model: "path/to/file.py:net" }

`root` holds `download` with Train.zip and Test.zip of www.garrickorchard.com/datasets/n-mnist, or
`events_np`, which SpikingJelly makes of them once. Its other data sets (DVS128Gesture, CIFAR10DVS,
NCaltech101, ...) are called the same way.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor
    from torch.utils.data import Dataset


class Frames:
    """SpikingJelly's samples with their time steps, as tensors."""

    def __init__(self, samples: Dataset[tuple[np.ndarray, int]]) -> None:
        """Wrap a data set of frames [T, 2, 34, 34]."""
        self.samples = samples

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.samples)  # type: ignore[arg-type]  # a Dataset need not have one

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """Frames of one sample, and its label."""
        frames, label = self.samples[index]
        return torch.from_numpy(np.asarray(frames, np.float32)), int(label)


def n_mnist(root: str = "data", steps: int = 8) -> dict[str, Frames]:
    """Events of each sample in `steps` frames of as many events each; nothing is downloaded.

    Raises:
        FileNotFoundError: The files are not there.
    """
    from spikingjelly.datasets.n_mnist import NMNIST  # noqa: PLC0415 - imports torchvision

    place = Path(root).expanduser()
    if not any((place / folder).is_dir() for folder in ("download", "events_np")):
        raise FileNotFoundError(
            f"{place}: neither download (with Train.zip and Test.zip) nor events_np is there"
        )
    splits = {}
    for split in ("train", "test"):
        found = NMNIST(
            str(place),
            train=split == "train",
            data_type="frame",
            frames_number=steps,
            split_by="number",
        )
        splits[split] = Frames(found)
    return splits
