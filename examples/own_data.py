"""Own data: a function that gives splits, and what then is counted on its samples.

Run it: ``python examples/own_data.py``. In a suite the same is ``data: own_data.py:stripes``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn

import benchbench


def stripes(count: int = 80) -> dict[str, tuple[Tensor, Tensor]]:
    """Drawn images [N, 1, 8, 8] of one bright column each, and which of the eight it is."""
    labels = torch.arange(count) % 8
    images = torch.zeros(count, 1, 8, 8)
    images[torch.arange(count), 0, :, labels] = 1
    half = count // 2
    return {"train": (images[:half], labels[:half]), "test": (images[half:], labels[half:])}


def network() -> nn.Module:
    """A convolution and a linear layer."""
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 8))


if __name__ == "__main__":
    settings = benchbench.Settings(repeats=0, images=16, train_steps=0)  # counts, times nothing
    suite = benchbench.Suite(
        models=[network], data=f"{Path(__file__).resolve()}:stripes", settings=settings
    )
    with tempfile.TemporaryDirectory() as folder:
        results = benchbench.run(suite, out=folder, device="cpu")
    for name in ("macs_dense", "macs_effective"):  # seven of eight columns are 0
        found = results.figure("network", name)
        print(f"{name}: {found.value:.6g} ({found.method}, n={found.n})")
