"""The convolutional spiking network without neurons at its output: it answers with logits.

A neuron at the output says one of T + 1 values, and at T = 1 whether its class is likelier than
not, which on hard images none is: most are answered with no spike at all, and nothing is learned.
Here the answer is what the last linear layer puts out, averaged over the steps, as ``shallow_cnn``
and ``quantised_cnn`` answer, so that networks of few steps can be set against them. The other
layers, their sizes and initialisation are those of ``conv_snn``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import Tensor, nn

from benchbench import register

CHANNELS = 128  # Table 1 of the paper, both convolutions
FLAT = CHANNELS * 12 * 12  # 48x48 pooled twice
HIDDEN = (1152, 128)


@dataclass(frozen=True)
class ConvSNNLogitsConfig:
    """The settings of `conv_snn_logits`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
        T: Time steps per sample.
        tau: Membrane time constant of the LIF neurons, in time steps.
        dropout: Probability that an input of the first two linear layers is dropped, the same
            inputs in every time step.
    """

    num_classes: int = 7
    T: int = 4
    tau: float = 2.0
    dropout: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a network without time.

        Raises:
            ValueError: There is no time step.
        """
        if self.T < 1:
            raise ValueError(f"T must be at least 1, not {self.T}")


class ConvSNNLogits(nn.Module):
    """Table 1 up to its last linear layer; all time steps go through one layer after the other."""

    def __init__(self, config: ConvSNNLogitsConfig) -> None:
        """Build the layers of `config`."""
        super().__init__()
        self.T = config.T

        def fire_if() -> nn.Module:
            node: nn.Module = neuron.IFNode(surrogate_function=surrogate.ATan(), step_mode="m")
            return node

        def fire_lif() -> nn.Module:
            node: nn.Module = neuron.LIFNode(
                tau=config.tau, surrogate_function=surrogate.ATan(), step_mode="m"
            )
            return node

        # The image does not change over time: these two run once, outside the time loop.
        self.static = nn.Sequential(
            nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS)
        )
        self.conv = nn.Sequential(
            fire_if(),
            layer.MaxPool2d(2, step_mode="m"),
            layer.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False, step_mode="m"),
            layer.BatchNorm2d(CHANNELS, step_mode="m"),
            fire_if(),
            layer.MaxPool2d(2, step_mode="m"),
        )
        self.fc = nn.Sequential(
            layer.Flatten(step_mode="m"),
            layer.Dropout(config.dropout, step_mode="m"),
            layer.Linear(FLAT, HIDDEN[0], bias=False, step_mode="m"),
            fire_lif(),
            layer.Dropout(config.dropout, step_mode="m"),
            layer.Linear(HIDDEN[0], HIDDEN[1], bias=False, step_mode="m"),
            fire_lif(),
            layer.Linear(HIDDEN[1], config.num_classes, bias=False, step_mode="m"),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)  # as in the spiking network

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, num_classes] of images [N, 1, 48, 48] in [0, 1].

        The neurons keep their state: call ``functional.reset_net`` before every batch.
        """
        currents = self.static(images)  # [N, C, H, W]
        every_step = currents.expand(self.T, *currents.shape)  # [T, N, C, H, W]
        logits: Tensor = self.fc(self.conv(every_step))  # [T, N, classes]
        return torch.mean(logits, 0)


@register
def conv_snn_logits(config: ConvSNNLogitsConfig) -> ConvSNNLogits:
    """The convolutional spiking network read out before its last neurons, as ANNs are."""
    return ConvSNNLogits(config)
