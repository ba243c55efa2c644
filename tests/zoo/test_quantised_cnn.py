"""The few-bit twin: as many levels as its bits have, the spiking network's layers, trainable."""

from __future__ import annotations

import pytest
import torch

from benchbench import zoo
from benchbench.frameworks import Neurons, is_spiking
from benchbench.probes.counting.firing import find_neurons
from benchbench.training.loss import loss_name

pytest.importorskip("brevitas")


@pytest.mark.parametrize(("steps", "bits"), [(1, 1), (2, 2), (4, 3), (8, 4)])
def test_activations_have_as_many_levels_as_t_steps_need(steps: int, bits: int) -> None:
    """At most 2^bits values leave each of the four quantised layers, and T + 1 fit in them."""
    torch.manual_seed(0)
    model = zoo.build("quantised_cnn", {"T": steps}).eval()
    levels: list[int] = []

    def note(_: object, __: object, out: torch.Tensor) -> None:
        levels.append(len(out.unique()))

    for name, module in model.named_modules():
        if type(module).__name__ == "QuantReLU":
            assert name in {"conv.2", "conv.6", "fc.3", "fc.6"}
            module.register_forward_hook(note)
    with torch.no_grad():
        model(torch.rand(8, 1, 48, 48))
    assert len(levels) == 4
    assert max(levels) <= 2**bits
    assert steps + 1 <= 2**bits


def test_its_layers_are_those_of_the_relu_twin() -> None:
    """The same weights by name and shape, but for the scales of the quantisers."""
    twin = {name: it.shape for name, it in zoo.build("shallow_cnn", {}).named_parameters()}
    ours = {
        name: it.shape
        for name, it in zoo.build("quantised_cnn", {}).named_parameters()
        if "quant" not in name
    }
    assert ours == twin


def test_gradients_go_through_the_quantisers() -> None:
    """The straight-through estimator: the first convolution learns, and so do the scales."""
    torch.manual_seed(0)
    model = zoo.build("quantised_cnn", {"T": 4}).train()
    model(torch.rand(4, 1, 48, 48)).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.isfinite().all())
    assert float(model.conv[0].weight.grad.abs().sum()) > 0


@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_no_twin_is_taken_for_a_spiking_network(steps: int) -> None:
    """An activation of one bit has no state, and learns as the others do."""
    model = zoo.build("quantised_cnn", {"T": steps}).eval()
    find_neurons(model, Neurons(), lambda: [torch.rand(4, 1, 48, 48)])
    assert not is_spiking(model)
    assert loss_name("auto", model) == "cross_entropy"
