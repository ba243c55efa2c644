"""The STDP fine-tune, against SpikingJelly's own learner."""

from __future__ import annotations

import pytest
import torch
from spikingjelly.activation_based import layer, learning, neuron
from torch import nn

from benchbench import zoo
from benchbench.backends.native import training_step
from benchbench.data import load
from benchbench.data.inputs import Inputs
from benchbench.errors import ModelError
from benchbench.suite.training import Stdp
from benchbench.training.loss import loss_of
from benchbench.training.stdp import fine_tune, stdp_update

IMAGES = torch.from_numpy(load("synthetic_faces").images[:16]).unsqueeze(1).float() / 255


@pytest.mark.parametrize("tau", [1.5, 2.0, 10.0])
@pytest.mark.parametrize("soft_bounds", [False, True])
def test_our_update_is_spikingjellys(tau: float, soft_bounds: bool) -> None:  # noqa: FBT001
    """The matrix-product form equals STDPLearner's to 1e-6, with and without weight factors."""
    torch.manual_seed(0)
    net = nn.Sequential(
        layer.Linear(12, 5, bias=False, step_mode="m"), neuron.IFNode(step_mode="m")
    )
    f_pre, f_post = (torch.sigmoid, torch.cos) if soft_bounds else (torch.ones_like,) * 2
    learner = learning.STDPLearner("m", net[0], net[1], tau, tau, f_pre, f_post)
    spikes = (torch.rand(9, 4, 12) < 0.4).float()
    with torch.no_grad():
        out = net(spikes)
    assert 0 < out.mean() < 1
    wanted = learner.step(on_grad=False)
    found = stdp_update(spikes, out, tau, f_pre, f_post, net[0].weight.detach())
    assert torch.allclose(found, wanted, atol=1e-6, rtol=0)
    assert wanted.abs().max() > 1e-3
    learner.close()


def test_only_linear_weights_change_and_every_layer_has_spikes() -> None:
    """By the default options all three linear layers learn; all else is bit-identical."""
    torch.manual_seed(0)
    model = zoo.build("conv_snn", {})
    batches = [(Inputs.of(IMAGES), torch.arange(16) % 7)]
    step = training_step(model, batches, loss_of("mse", model, 0.1), 1e-3)
    for _ in range(20):  # untrained, the second and the third layer are silent at a threshold of 5
        step()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    log = fine_tune(model, IMAGES.split(8), Stdp())
    after = model.state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert changed == ["fc.2.weight", "fc.5.weight", "fc.7.weight"]
    assert [item.name for item in log] == ["fc.2", "fc.5", "fc.7"]
    assert all(item.spikes_in and item.spikes_out and 0 < item.change < 0.1 for item in log)


def test_table_5_taken_literally_leaves_layers_silent() -> None:
    """With the input divided by tau the second and third layer have nothing to learn from."""
    torch.manual_seed(0)
    model = zoo.build("conv_snn", {})
    log = fine_tune(model, IMAGES.split(8), Stdp(decay_input=True))
    assert [item.spikes_out for item in log[1:]] == [0, 0]


def test_a_network_without_spiking_head_is_refused() -> None:
    """A CNN has nothing that STDP could learn from."""
    with pytest.raises(ModelError, match="spiking neurons"):
        fine_tune(zoo.build("shallow_cnn", {}), IMAGES.split(8), Stdp())
