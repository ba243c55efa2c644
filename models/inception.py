"""The Inception network of Table 4: one convolution and seven inception blocks.

Pu & Chen 2024 (doi:10.20944/preprints202401.2165.v1) quote Pramerdorfer & Kampel 2016
(arXiv:1612.02903): ``CIPIIPIIPIIPF``, 16 weight layers, 1.2 M parameters. The string that the paper
prints, ``CIPIPIPIPF``, has 10. Ours follows the original; the widths are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchbench import register

STEM = 64
STAGES = ((32,), (64, 96), (128, 160), (192, 224))  # blocks' widths, a pool after each stage


@dataclass(frozen=True)
class InceptionConfig:
    """The settings of `inception`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
    """

    num_classes: int = 7


def _conv(inputs: int, outputs: int, kernel: int) -> list[nn.Module]:
    """Convolution, batch norm, ReLU; the image keeps its size."""
    return [
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]


class InceptionBlock(nn.Module):
    """Four branches side by side: 1x1, 1x1 then 3x3, 1x1 then 5x5, pool then 1x1.

    Of Szegedy et al. 2015 (arXiv:1409.4842), with batch norms.
    """

    layer_symbol = "I"  # in strings like CIPIIP

    def __init__(self, inputs: int, width: int) -> None:
        """Build a block of `width`: its output has ``outputs`` = 9/4 of that many channels."""
        super().__init__()
        self.outputs = 3 * width // 4 + width + 2 * (width // 4)
        self.branches = nn.ModuleList(
            [
                nn.Sequential(*_conv(inputs, 3 * width // 4, 1)),
                nn.Sequential(*_conv(inputs, width // 2, 1), *_conv(width // 2, width, 3)),
                nn.Sequential(*_conv(inputs, width // 8, 1), *_conv(width // 8, width // 4, 5)),
                nn.Sequential(nn.MaxPool2d(3, 1, padding=1), *_conv(inputs, width // 4, 1)),
            ]
        )

    def forward(self, features: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H, W]."""
        return torch.cat([branch(features) for branch in self.branches], 1)


class Inception(nn.Module):
    """One convolution, seven inception blocks in four stages, one linear layer."""

    def __init__(self, config: InceptionConfig) -> None:
        """Build the layers of `config`."""
        super().__init__()
        layers: list[nn.Module] = _conv(1, STEM, 3)
        inputs = STEM
        for stage, widths in enumerate(STAGES):
            for width in widths:
                block = InceptionBlock(inputs, width)
                layers.append(block)
                inputs = block.outputs
            last = stage == len(STAGES) - 1
            layers.append(nn.AdaptiveAvgPool2d(1) if last else nn.MaxPool2d(3, 2, padding=1))
        self.features = nn.Sequential(*layers)
        self.fc = nn.Linear(inputs, config.num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.features(images).flatten(1))
        return logits


@register
def inception(config: InceptionConfig) -> Inception:
    """Inception network of Table 4 after Pramerdorfer & Kampel: 7 inception blocks."""
    return Inception(config)
