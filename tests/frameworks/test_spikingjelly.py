"""What the report says of SpikingJelly's neurons."""

from __future__ import annotations

import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

from benchbench.frameworks import neuron_facts


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (neuron.IFNode(), "step mode s, torch-reference"),
        (neuron.LIFNode(step_mode="m"), "step mode m, torch-reference"),
        (neuron.ParametricLIFNode(step_mode="m"), "step mode m, torch-reference"),
        (neuron.KLIFNode(), "step mode s"),
        (neuron.PSN(T=4), "step mode m"),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, nn.Module) else None,
)
def test_the_implementation_is_told_of_neurons_that_have_one(made: nn.Module, said: str) -> None:
    """By the name that SpikingJelly has for it; of neurons that it does not list, nothing."""
    facts = neuron_facts(nn.Sequential(made), torch.device("cpu"))
    assert facts == {type(made).__name__: said}
