"""The spiking network's own layers with ReLU instead of spiking neurons, run once.

The fair twin of ``conv_snn``: the same convolutions, batch norms, linear layers and initialisation
(Table 1 of Pu & Chen 2024, doi:10.20944/preprints202401.2165.v1), T = 1. The paper's Table 4 names
a Shallow-CNN "CPCPF", which is this one.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from benchbench import register

CHANNELS = 128  # Table 1, both convolutions
FLAT = CHANNELS * 12 * 12  # 48x48 pooled twice
HIDDEN = (1152, 128)  # Table 1, the two hidden linear layers


@dataclass(frozen=True)
class ShallowCNNConfig:
    """The settings of `shallow_cnn`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
        dropout: Probability that an input of the first two linear layers is dropped.
    """

    num_classes: int = 7
    dropout: float = 0.5


class ShallowCNN(nn.Module):
    """Table 1 with ReLU; the last layer's neurons are left out, its outputs are logits."""

    def __init__(self, config: ShallowCNNConfig) -> None:
        """Build the layers of `config`."""
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.fc = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(FLAT, HIDDEN[0], bias=False),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(HIDDEN[0], HIDDEN[1], bias=False),
            nn.ReLU(),
            nn.Linear(HIDDEN[1], config.num_classes, bias=False),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)  # as in the spiking network

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.conv(images))
        return logits


@register
def shallow_cnn(config: ShallowCNNConfig) -> ShallowCNN:
    """The spiking network's own layers with ReLU, once: the fair baseline."""
    return ShallowCNN(config)
