"""The ResNet of Table 4: 3, 4, 6 and 3 basic blocks without a stem.

Pu & Chen 2024 (doi:10.20944/preprints202401.2165.v1) quote Pramerdorfer & Kampel 2016
(arXiv:1612.02903): ``3R4R6R3RPF``, 33 weight layers, 5.3 M parameters. The blocks are the basic
ones of He et al. 2016 (arXiv:1512.03385), at half the usual widths.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from benchbench import register

GROUPS = ((3, 32), (4, 64), (6, 128), (3, 256))  # blocks and width


@dataclass(frozen=True)
class ResNet34Config:
    """The settings of `resnet34`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
    """

    num_classes: int = 7


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where shapes change."""

    layer_symbol = "R"  # in strings like 3R4R6R3RPF

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        """Build a block from `inputs` to `width` channels."""
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )
        self.relu = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, width, H / stride, W / stride]."""
        out: Tensor = self.relu(self.body(features) + self.shortcut(features))
        return out


class ResNet34(nn.Module):
    """Sixteen residual blocks in four groups, the average over the image, one linear layer."""

    def __init__(self, config: ResNet34Config) -> None:
        """Build the layers of `config`."""
        super().__init__()
        blocks: list[nn.Module] = []
        inputs = 1
        for group, (count, width) in enumerate(GROUPS):
            for index in range(count):
                blocks.append(ResidualBlock(inputs, width, 2 if group and not index else 1))
                inputs = width
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, config.num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.pool(self.blocks(images)).flatten(1))
        return logits


@register
def resnet34(config: ResNet34Config) -> ResNet34:
    """ResNet-34 of Table 4 after Pramerdorfer & Kampel: 16 basic blocks, no stem."""
    return ResNet34(config)
