"""Table 1's network as the tutorials of other frameworks write theirs, for `suites/backends.yaml`.

Layers and sizes are those of `models/conv_snn.py`: two convolutions of 128 channels with batch norm
and 2x2 max-pool, linear layers of 1152, 128 and 7, T time steps of the same image. Neurons, their
order with the pool, and the loop over time are each framework's own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

CHANNELS, FLAT, HIDDEN = 128, 128 * 12 * 12, (1152, 128)


def snntorch(num_classes: int = 7, T: int = 4, beta: float = 0.5) -> nn.Module:
    """As snnTorch's tutorial 6 has it: conv, pool, Leaky with hidden states, a loop over time.

    https://snntorch.readthedocs.io/en/latest/tutorials/tutorial_6.html
    """
    import snntorch as snn  # noqa: PLC0415 - only where it is asked for
    from snntorch import surrogate  # noqa: PLC0415 - as above

    def leaky() -> nn.Module:
        found: nn.Module = snn.Leaky(beta=beta, spike_grad=surrogate.atan(), init_hidden=True)
        return found

    return _Looped(
        nn.Sequential(
            nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.MaxPool2d(2),
            leaky(),
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.MaxPool2d(2),
            leaky(),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(FLAT, HIDDEN[0], bias=False),
            leaky(),
            nn.Dropout(0.5),
            nn.Linear(HIDDEN[0], HIDDEN[1], bias=False),
            leaky(),
            nn.Linear(HIDDEN[1], num_classes, bias=False),
            leaky(),
        ),
        T,
    )


class _Looped(nn.Module):
    """A network of one time step, called T times with the same image; spikes are averaged."""

    def __init__(self, net: nn.Module, steps: int) -> None:
        super().__init__()
        self.net, self.T = net, steps

    def forward(self, images: Tensor) -> Tensor:
        """Rates [N, classes] of images [N, 1, 48, 48]."""
        spikes = [self.net(images) for _ in range(self.T)]
        return torch.stack(spikes).mean(0)


def norse(num_classes: int = 7, T: int = 4) -> nn.Module:
    """As Norse's MNIST notebook has it: a SequentialState of LIF cells, a loop over time.

    https://github.com/norse/notebooks, mnist_classifiers.ipynb
    """
    import norse.torch as snn  # noqa: PLC0415 - only where it is asked for

    return _State(
        snn.SequentialState(
            nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            snn.LIFCell(),
            nn.MaxPool2d(2),
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            snn.LIFCell(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(FLAT, HIDDEN[0], bias=False),
            snn.LIFCell(),
            nn.Dropout(0.5),
            nn.Linear(HIDDEN[0], HIDDEN[1], bias=False),
            snn.LIFCell(),
            nn.Linear(HIDDEN[1], num_classes, bias=False),
            snn.LIFCell(),
        ),
        T,
    )


class _State(nn.Module):
    """A network that hands its state to its next time step."""

    def __init__(self, net: nn.Module, steps: int) -> None:
        super().__init__()
        self.net, self.T = net, steps

    def forward(self, images: Tensor) -> Tensor:
        """Rates [N, classes] of images [N, 1, 48, 48]."""
        state: Any = None
        spikes = []
        for _ in range(self.T):
            out, state = self.net(images, state)
            spikes.append(out)
        return torch.stack(spikes).mean(0)
