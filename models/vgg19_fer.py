"""The VGG that section 3.4 prunes from 71 M to 9.6 M parameters, as far as it can be told.

Pu & Chen 2024 (doi:10.20944/preprints202401.2165.v1) give only the two numbers. VGG-19 with batch
norms (Simonyan & Zisserman 2015, arXiv:1409.1556), one input channel, the usual 7x7 average pool
and a head of 25088-2048-7 has 71,430,855 parameters: the only simple head that rounds to 71 M.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from benchbench import register

STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # width and convolutions
POOLED = 7
HIDDEN = 2048
GAMMA = 0.5  # Network Slimming starts its scales here (Liu et al. 2017, arXiv:1708.06519)


@dataclass(frozen=True)
class VGG19FerConfig:
    """The settings of `vgg19_fer`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
        dropout: Probability that an input of the last linear layer is dropped.
        hidden: Width of the hidden linear layer.
    """

    num_classes: int = 7
    dropout: float = 0.5
    hidden: int = HIDDEN


class VGG19Fer(nn.Module):
    """Sixteen convolutions with batch norm and ReLU in five stages, two linear layers."""

    def __init__(self, config: VGG19FerConfig) -> None:
        """Build the layers of `config`."""
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 1
        for width, count in STAGES:
            for _ in range(count):
                layers += [
                    nn.Conv2d(inputs, width, 3, padding=1),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                inputs = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(POOLED))
        self.fc = nn.Sequential(
            nn.Flatten(),
            nn.Linear(inputs * POOLED * POOLED, config.hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.num_classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.weight, GAMMA)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.features(images))
        return logits


@register
def vgg19_fer(config: VGG19FerConfig) -> VGG19Fer:
    """VGG-19 with batch norms and a 25088-2048 head: section 3.4's network before pruning."""
    return VGG19Fer(config)
