"""The convolutional spiking network without neurons at its output: it answers with logits.

A neuron at the output says one of T + 1 values, and at T = 1 whether its class is likelier than not,
which on hard images none is: most are answered with no spike at all, and nothing is learned. Here
the answer is what the last linear layer puts out, averaged over the steps, as ``shallow_cnn`` and
``quantised_cnn`` answer, so that networks of few steps can be set against them. The other layers,
their sizes and initialisation are those of ``conv_snn``.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchbench import register
from models.conv_snn import ConvSNN, ConvSNNConfig


@dataclass(frozen=True)
class ConvSNNLogitsConfig:
    """The settings of `conv_snn_logits`.

    Attributes:
        num_classes: Outputs: 7 for FER2013, 8 for FER+.
        T: Time steps per sample.
        dropout: Probability that an input of the first two linear layers is dropped, the same
            inputs in every time step.
    """

    num_classes: int = 7
    T: int = 4
    dropout: float = 0.5


@register
def conv_snn_logits(config: ConvSNNLogitsConfig) -> ConvSNN:
    """The convolutional spiking network read out before its last neurons, as ANNs are."""
    told = ConvSNNConfig(num_classes=config.num_classes, T=config.T, dropout=config.dropout)
    model = ConvSNN(told)
    model.fc.pop(-1)
    return model
