"""MobileNet v1 of Table 4: a stem and thirteen depthwise-separable blocks.

Howard et al. 2017 (arXiv:1704.04861), Table 1, with one input channel. Pu & Chen 2024
(doi:10.20944/preprints202401.2165.v1) print ``C3C4C4C4CF``, 21, from which no layout follows.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from benchbench import register

STEM = 32
BLOCKS = (  # width and stride
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
)


@dataclass(frozen=True)
class MobileNetV1Config:
    """The settings of `mobilenet_v1`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
    """

    num_classes: int = 7


class SeparableBlock(nn.Sequential):
    """A 3x3 convolution per channel, then a 1x1 convolution over channels."""

    layer_symbol = "D"

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        """Build a block from `inputs` to `width` channels."""
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )


class MobileNetV1(nn.Module):
    """A strided convolution, thirteen separable blocks, the average over the image, one linear."""

    def __init__(self, config: MobileNetV1Config) -> None:
        """Build the layers of `config`."""
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(1, STEM, 3, 2, padding=1, bias=False),
            nn.BatchNorm2d(STEM),
            nn.ReLU(),
        ]
        inputs = STEM
        for width, stride in BLOCKS:
            layers.append(SeparableBlock(inputs, width, stride))
            inputs = width
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(inputs, config.num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.features(images).flatten(1))
        return logits


@register
def mobilenet_v1(config: MobileNetV1Config) -> MobileNetV1:
    """MobileNet v1: a stem of stride 2 and 13 depthwise-separable blocks."""
    return MobileNetV1(config)
