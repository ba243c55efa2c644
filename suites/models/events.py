"""Networks for what an event camera sees, [T, N, 2, 32, 32], for `suites/events.yaml`.

Both have the same three convolutions (3x3, 16, 32 and 64 channels, each with batch norm and 2x2
max-pooling) and one linear layer. The spiking one takes every time step; the conventional one takes
one frame, the events of all steps together, as is usual for CNNs on event data.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNELS = (2, 16, 32, 64)
SIDE = 32
CLASSES = 10


def _layers(activation: Callable[[], nn.Module]) -> nn.Sequential:
    """The network of one frame [N, 2, 32, 32]."""
    blocks: list[nn.Module] = []
    for before, after in itertools.pairwise(CHANNELS):
        blocks += [
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            activation(),
            nn.MaxPool2d(2),
        ]
    side = SIDE >> (len(CHANNELS) - 1)
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(CHANNELS[-1] * side * side, CLASSES))


class _EachStep(nn.Module):
    """A network that takes one time step after the other, and answers with the mean."""

    def __init__(self, net: nn.Module) -> None:
        """Wrap a network of one time step [N, ...]."""
        super().__init__()
        self.net = net

    def forward(self, events: Tensor) -> Tensor:
        """The answer [N, classes] to events [T, N, 2, 32, 32]."""
        found = self.net(events[0])
        for step in events[1:]:
            found = found + self.net(step)
        mean: Tensor = found / len(events)
        return mean


class _OneFrame(nn.Module):
    """A network that takes the events of all time steps as one frame."""

    def __init__(self, net: nn.Module) -> None:
        """Wrap a network of one frame [N, ...]."""
        super().__init__()
        self.net = net

    def forward(self, events: Tensor) -> Tensor:
        """The answer [N, classes] to events [T, N, 2, 32, 32]."""
        found: Tensor = self.net(events.sum(0))
        return found


def event_snn(tau: float = 2.0) -> nn.Module:
    """LIF neurons of SpikingJelly (step mode s), membrane time constant `tau` in time steps."""
    from spikingjelly.activation_based import neuron, surrogate  # noqa: PLC0415

    def lif() -> nn.Module:
        node: nn.Module = neuron.LIFNode(
            tau=tau, decay_input=False, detach_reset=True, surrogate_function=surrogate.ATan()
        )
        return node

    return _EachStep(_layers(lif))


def frame_cnn() -> nn.Module:
    """The same layers with ReLU on one frame."""
    return _OneFrame(_layers(nn.ReLU))
