"""The convolutional spiking network of Table 1, SpikingJelly's Fashion-MNIST net at 48x48.

Source: Pu & Chen 2024, doi:10.20944/preprints202401.2165.v1, Table 1 and section 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from spikingjelly.activation_based import base, encoding, layer, neuron, surrogate
from torch import Tensor, nn

from benchbench import register

CHANNELS = 128  # Table 1, both convolutions
FLAT = CHANNELS * 12 * 12  # 48x48 pooled twice; Table 1's Flatten, 18,432
HIDDEN = (1152, 128)  # Table 1, the two hidden fully connected layers


@dataclass(frozen=True)
class ConvSNNConfig:
    """The settings of `conv_snn`.

    Attributes:
        num_classes: Output neurons: 7 for FER2013, 8 for FER+.
        T: Time steps per sample.
        step_mode: ``m`` takes all time steps through one layer after the other, ``s`` all layers
            through one time step after the other. Equal outputs in eval mode.
        tau: Membrane time constant of the LIF neurons, in time steps.
        v_threshold: Membrane potential at which a neuron fires.
        dropout: Probability that an input of the first two linear layers is dropped, the same
            inputs in every time step.
        encoder: ``none`` hands the image itself to the first convolution, once, outside the time
            loop. ``poisson`` turns it into new spikes at every time step, so that the first
            convolution is inside the loop.
    """

    num_classes: int = 7
    T: int = 4
    step_mode: Literal["m", "s"] = "m"
    tau: float = 2.0
    v_threshold: float = 1.0
    dropout: float = 0.5
    encoder: Literal["none", "poisson"] = "none"

    def __post_init__(self) -> None:
        """Refuse a network without time.

        Raises:
            ValueError: There is no time step.
        """
        if self.T < 1:
            raise ValueError(f"T must be at least 1, not {self.T}")


class ConvSNN(nn.Module, base.StepModule):  # type: ignore[misc]  # SpikingJelly ships no types
    """Table 1: a static convolution, then IF neurons in two stages, then LIF neurons in three.

    A ``StepModule`` itself, so that ``functional.set_step_mode`` switches the way that `forward`
    walks through time together with its layers. Training batch norms differ between the modes:
    ``m`` takes its statistics over ``T x N`` samples, ``s`` over ``N``.
    """

    def __init__(self, config: ConvSNNConfig) -> None:
        """Build the layers of `config`."""
        super().__init__()
        self.T = config.T
        self.step_mode = config.step_mode
        mode = config.step_mode

        def fire_if() -> nn.Module:
            node: nn.Module = neuron.IFNode(
                v_threshold=config.v_threshold,
                v_reset=0.0,
                surrogate_function=surrogate.ATan(),
                step_mode=mode,
            )
            return node

        def fire_lif() -> nn.Module:
            node: nn.Module = neuron.LIFNode(
                tau=config.tau,
                v_threshold=config.v_threshold,
                v_reset=0.0,
                surrogate_function=surrogate.ATan(),
                step_mode=mode,
            )
            return node

        self.encoder: nn.Module | None = None
        if config.encoder == "poisson":
            self.encoder = encoding.PoissonEncoder(step_mode=mode)
            self.static = nn.Sequential(
                layer.Conv2d(1, CHANNELS, 3, padding=1, bias=False, step_mode=mode),
                layer.BatchNorm2d(CHANNELS, step_mode=mode),
            )
        else:
            # The image does not change over time, so these two run once, outside the time loop:
            # plain layers, which no step mode touches.
            self.static = nn.Sequential(
                nn.Conv2d(1, CHANNELS, 3, padding=1, bias=False),
                nn.BatchNorm2d(CHANNELS),
            )
        self.conv = nn.Sequential(
            fire_if(),
            layer.MaxPool2d(2, step_mode=mode),
            layer.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False, step_mode=mode),
            layer.BatchNorm2d(CHANNELS, step_mode=mode),
            fire_if(),
            layer.MaxPool2d(2, step_mode=mode),
        )
        self.fc = nn.Sequential(
            layer.Flatten(step_mode=mode),
            layer.Dropout(config.dropout, step_mode=mode),
            layer.Linear(FLAT, HIDDEN[0], bias=False, step_mode=mode),
            fire_lif(),
            layer.Dropout(config.dropout, step_mode=mode),
            layer.Linear(HIDDEN[0], HIDDEN[1], bias=False, step_mode=mode),
            fire_lif(),
            layer.Linear(HIDDEN[1], config.num_classes, bias=False, step_mode=mode),
            fire_lif(),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)  # ours: the paper says only "Gaussian"

    def forward(self, images: Tensor) -> Tensor:
        """Firing rates of the output neurons.

        The neurons keep their state: call ``functional.reset_net`` before every batch.

        Args:
            images: [N, 1, 48, 48] in [0, 1].

        Returns:
            Spikes per time step, [N, num_classes] in [0, 1].
        """
        if self.step_mode == "m":
            every_step = self._currents(images)  # [T, N, C, H, W]
            rates: Tensor = self.fc(self.conv(every_step)).mean(
                0
            )  # [T, N, classes] -> [N, classes]
            return rates
        current = None if self.encoder else self.static(images)  # [N, C, H, W]
        spikes = torch.zeros((), device=images.device)
        for _ in range(self.T):
            now = current if self.encoder is None else self.static(self.encoder(images))
            spikes = spikes + self.fc(self.conv(now))
        return spikes / self.T

    def _currents(self, images: Tensor) -> Tensor:
        """What the first neurons receive, [T, N, C, H, W]."""
        if self.encoder is None:
            current: Tensor = self.static(images)  # [N, C, H, W]
            return current.expand(self.T, *current.shape)  # not copied
        spikes = self.encoder(images.expand(self.T, *images.shape))
        encoded: Tensor = self.static(spikes)
        return encoded


@register
def conv_snn(config: ConvSNNConfig) -> ConvSNN:
    """Convolutional spiking network of Table 1: 2 convolutions, 3 linear layers, IF and LIF."""
    return ConvSNN(config)
