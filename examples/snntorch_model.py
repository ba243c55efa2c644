"""A model as users of snnTorch write it: states made by `init_leaky`, passed on from step to step.

    benchbench: 1
    name: mine
    data: digits
    models:
      - { id: snntorch, model: "snntorch_model.py:net", set: { beta: 0.9 } }

The neurons are found, and reset before each batch, by themselves.
"""

from __future__ import annotations

import snntorch as snn
import torch
from snntorch import surrogate
from torch import Tensor, nn


class Net(nn.Module):
    """Two linear layers with leaky neurons, run for some time steps.

    Attributes:
        steps: Time steps that an image is presented for.
    """

    def __init__(self, beta: float, steps: int, num_classes: int) -> None:
        """Layers for images [N, 1, 8, 8]."""
        super().__init__()
        self.steps = steps
        gradient = surrogate.fast_sigmoid(slope=25)
        self.fc1, self.fc2 = nn.Linear(64, 128), nn.Linear(128, num_classes)
        self.lif1 = snn.Leaky(beta=beta, spike_grad=gradient)
        self.lif2 = snn.Leaky(beta=beta, spike_grad=gradient)

    def forward(self, images: Tensor) -> Tensor:
        """Spikes of every step, [T, N, classes]: benchbench takes their mean over time."""
        potential1, potential2 = self.lif1.init_leaky(), self.lif2.init_leaky()
        outputs = []
        for _ in range(self.steps):
            spikes, potential1 = self.lif1(self.fc1(images.flatten(1)), potential1)
            spikes, potential2 = self.lif2(self.fc2(spikes), potential2)
            outputs.append(spikes)
        return torch.stack(outputs)


def net(beta: float = 0.9, steps: int = 10, num_classes: int = 10) -> nn.Module:
    """Two layers of Leaky neurons; `num_classes` is the data's unless a suite says otherwise."""
    return Net(beta, steps, num_classes)
