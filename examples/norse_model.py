"""A model as users of Norse write it: a `SequentialState`, and a readout that integrates.

    benchbench: 1
    name: mine
    data: digits
    models:
      - { id: norse, model: "norse_model.py:net", set: { steps: 16 } }

The cells are found by themselves, and T by how often each of them is called.
"""

from __future__ import annotations

import torch
from norse import torch as norse
from torch import Tensor, nn


class Net(nn.Module):
    """A convolution with LIF cells and a leaky readout, run for some time steps.

    Attributes:
        steps: Time steps that an image is presented for.
    """

    def __init__(self, steps: int, num_classes: int) -> None:
        """Layers for images [N, 1, 8, 8]."""
        super().__init__()
        self.steps = steps
        self.layers = norse.SequentialState(
            nn.Conv2d(1, 8, 3),
            norse.LIFCell(norse.LIFParameters(v_th=torch.tensor(0.1))),
            nn.Flatten(),
            nn.Linear(8 * 6 * 6, num_classes),
            norse.LICell(),  # integrates and never fires: benchbench counts no spikes of it
        )

    def forward(self, images: Tensor) -> Tensor:
        """Potentials of the readout after the last step, [N, classes]."""
        state = None
        for _ in range(self.steps):
            potential, state = self.layers(images, state)
        return potential


def net(steps: int = 16, num_classes: int = 10) -> nn.Module:
    """One layer of LIF cells; `num_classes` is the data's unless a suite says otherwise."""
    return Net(steps, num_classes)
