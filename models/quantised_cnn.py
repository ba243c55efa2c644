"""The spiking network's own layers with ReLU of a few bits, run once: the fair twin of T steps.

A spiking neuron that is read out by its rate over T steps says T + 1 values; the network of Yan et
al. 2024 (arXiv:2409.08290) that it is to be set against has activations of ceil(log2(T + 1)) bits.
Layers, sizes and initialisation are those of ``shallow_cnn``. Activations are quantised by Brevitas
(``QuantReLU``: unsigned, uniform, a learned scale), trained through the quantiser by the
straight-through estimator; weights stay in float32, as the spiking network's do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from benchbench import register

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNELS = 128  # Table 1 of the paper, both convolutions
FLAT = CHANNELS * 12 * 12  # 48x48 pooled twice
HIDDEN = (1152, 128)


@dataclass(frozen=True)
class QuantisedCNNConfig:
    """The settings of `quantised_cnn`.

    Attributes:
        T: Time steps of the spiking network that it is the twin of.
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
        dropout: Probability that an input of the first two linear layers is dropped.
    """

    T: int = 4
    num_classes: int = 7
    dropout: float = 0.5


class QuantisedCNN(nn.Module):
    """Table 1 with quantised ReLU; the last layer's outputs are logits."""

    def __init__(self, config: QuantisedCNNConfig, activation: Callable[[], nn.Module]) -> None:
        """Build the layers of `config`."""
        super().__init__()
        self.conv = nn.Sequential(*_block(1, activation), *_block(CHANNELS, activation))
        self.fc = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(FLAT, HIDDEN[0], bias=False),
            activation(),
            nn.Dropout(config.dropout),
            nn.Linear(HIDDEN[0], HIDDEN[1], bias=False),
            activation(),
            nn.Linear(HIDDEN[1], config.num_classes, bias=False),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)  # as in the spiking network

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.conv(images))
        return logits


def _block(channels: int, activation: Callable[[], nn.Module]) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, CHANNELS, 3, padding=1, bias=False),
        nn.BatchNorm2d(CHANNELS),
        activation(),
        nn.MaxPool2d(2),
    ]


@register
def quantised_cnn(config: QuantisedCNNConfig) -> QuantisedCNN:
    """The spiking network's own layers with ReLU of ceil(log2(T + 1)) bits (needs brevitas)."""
    from brevitas.nn import QuantReLU  # noqa: PLC0415 - only where it is asked for

    bits = math.ceil(math.log2(config.T + 1))
    return QuantisedCNN(config, lambda: QuantReLU(bit_width=bits))
