"""Table 3's CNN, reconstructed: three 5x5 convolutions and four linear layers.

The paper (Pu & Chen 2024, doi:10.20944/preprints202401.2165.v1) gives this CNN's 50,805,191
parameters and 1,266.64 M mult-adds but not its layers, and no architecture of usual widths, kernels
and pools has both figures (they are 2.96 x the SNN's mult-adds and look computed backwards). This
one has three convolutions as the text says and comes within 0.6 % and 1.9 %: 50,481,671 parameters
and 1,242.37 M mult-adds by torchinfo's definition, which adds biases and batch norms.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from benchbench import register

WIDTH = 256  # ours, each of the three convolutions
KERNEL = 5  # ours
FLAT = WIDTH * 6 * 6  # 48x48 pooled three times
HIDDEN = (4096, 2048, 512)  # ours


@dataclass(frozen=True)
class CNN3Config:
    """The settings of `cnn3`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
        dropout: Probability that an input of the first two linear layers is dropped, as in the
            spiking network.
    """

    num_classes: int = 7
    dropout: float = 0.5


class CNN3(nn.Module):
    """Three times convolution, batch norm, ReLU and pool; then four linear layers."""

    def __init__(self, config: CNN3Config) -> None:
        """Build the layers of `config`. All have biases: that gives the parameters above."""
        super().__init__()
        stages: list[nn.Module] = []
        for inputs in (1, WIDTH, WIDTH):
            stages += [
                nn.Conv2d(inputs, WIDTH, KERNEL, padding=KERNEL // 2),
                nn.BatchNorm2d(WIDTH),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.conv = nn.Sequential(*stages)
        self.fc = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(FLAT, HIDDEN[0]),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(HIDDEN[0], HIDDEN[1]),
            nn.ReLU(),
            nn.Linear(HIDDEN[1], HIDDEN[2]),
            nn.ReLU(),
            nn.Linear(HIDDEN[2], config.num_classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)  # as in the spiking network
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1]."""
        logits: Tensor = self.fc(self.conv(images))
        return logits


@register
def cnn3(config: CNN3Config) -> CNN3:
    """Our reconstruction of Table 3's CNN: 3 convolutions of 5x5, 4 linear layers."""
    return CNN3(config)
