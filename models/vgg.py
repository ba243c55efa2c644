"""The VGG of Table 4: eight 3x3 convolutions in four stages, two linear layers.

Pu & Chen 2024 (doi:10.20944/preprints202401.2165.v1) quote Pramerdorfer & Kampel 2016
(arXiv:1612.02903), whose layout is ``CCPCCPCCPCCPFF`` with 10 weight layers and 1.8 M parameters.
The string that the paper prints, ``CCPCCPCPCPF``, has 7. Ours follows the original.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from benchbench import register

WIDTHS = (32, 64, 128, 256)  # ours, as in the original's 1.8 M parameters
HIDDEN = 256


@dataclass(frozen=True)
class VGGConfig:
    """The settings of `vgg`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
        dropout: Probability that an input of the last linear layer is dropped.
    """

    num_classes: int = 7
    dropout: float = 0.5


class VGG(nn.Module):
    """Four times two convolutions with batch norm and ReLU, then a pool; then two linear layers."""

    def __init__(self, config: VGGConfig) -> None:
        """Build the layers of `config`."""
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 1
        for width in WIDTHS:
            for _ in range(2):
                layers += [
                    nn.Conv2d(inputs, width, 3, padding=1),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                inputs = width
            layers.append(nn.MaxPool2d(2))
        self.conv = nn.Sequential(*layers)
        self.fc = nn.Sequential(
            nn.Flatten(),
            nn.Linear(WIDTHS[-1] * 3 * 3, HIDDEN),  # 48x48 pooled four times
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(HIDDEN, config.num_classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.conv(images))
        return logits


@register
def vgg(config: VGGConfig) -> VGG:
    """VGG of Table 4 after Pramerdorfer & Kampel: 8 convolutions of 3x3, 2 linear layers."""
    return VGG(config)
