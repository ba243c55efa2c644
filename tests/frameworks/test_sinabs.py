"""sinabs' layers are counted as hooks count them; `make sinabs` runs this in its environment."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchbench.frameworks import neuron_facts, reset, spiking_layers, steps_of
from benchbench.probes import size

sinabs = pytest.importorskip("sinabs.layers", reason="sinabs is not installed: make sinabs")
activation = pytest.importorskip("sinabs.activation")

CPU = torch.device("cpu")
# v <- exp(-1 / tau) v + x, s = [v >= 0.3], v <- (1 - s) v: one half for tau = 1 / ln 2.
LIF = {
    "tau_mem": 1 / math.log(2),
    "spike_threshold": torch.tensor(0.3),
    "spike_fn": activation.SingleSpike,
    "reset_fn": activation.MembraneReset(),
    "norm_input": False,
}


def squeezed(**more: Any) -> nn.Module:
    """A layer that takes [N * T, ...]."""
    layer: nn.Module = sinabs.LIFSqueeze(num_timesteps=4, **(LIF | more))
    return layer


def net(kit: Any, neuron: Any = squeezed) -> nn.Module:
    """The network with all steps in a call: [N * T, ...] throughout."""

    class Squeezed(kit.net):  # type: ignore[misc]
        def forward(self, images: Tensor) -> Tensor:
            x = images.repeat_interleave(kit.steps, 0)
            x = self.lif2(self.conv2(self.pool(self.lif1(self.conv1(x)))))
            found: Tensor = self.lif3(self.fc(self.flat(x)))
            return found.unflatten(0, (len(images), kit.steps)).mean(1)

    return Squeezed(neuron)


def test_counts_are_those_of_hooks(kit: Any) -> None:
    """Spikes, SynOps, neurons and steps of each layer are what hooks of the test see."""
    model = net(kit)
    figures = kit.measured(model)
    reset(model)
    kit.agrees(figures, kit.by_hooks(model))


def test_twin_of_spikingjelly(kit: Any) -> None:
    """Equal equations (above) and weights are equal figures, whatever ran before."""
    model = net(kit)
    with torch.no_grad():
        model(kit.images()[:2])
    ours, twin = kit.measured(model), kit.measured(kit.twin())
    for name in ("synops_exact", "firing_rate", "neuron_updates", "macs_effective"):
        assert ours[name].value == pytest.approx(twin[name].value)


def test_several_spikes_a_step_are_mult_adds(kit: Any) -> None:
    """Sinabs' default fires 2 and 3 as well: the layers that it feeds are named."""
    figures = kit.measured(net(kit, lambda: squeezed(spike_fn=activation.MultiSpike)))
    assert figures["synops_exact"].value == 0
    assert "conv2, fc" in figures["synops_exact"].reasons[0]


def test_time_is_the_second_axis() -> None:
    """A layer takes [N, T, ...] in one call; a squeezed one knows T or N."""
    spikes = torch.zeros(2, 7, 3)
    assert steps_of(sinabs.IAF(), spikes) == 7
    assert steps_of(sinabs.IAFSqueeze(batch_size=2), spikes.flatten(0, 1)) == 7
    assert steps_of(sinabs.IAFSqueeze(num_timesteps=7), spikes.flatten(0, 1)) == 7


def test_integrators_do_not_fire() -> None:
    """What integrates without firing is no neuron, and is reset all the same."""
    model = nn.Sequential(sinabs.ExpLeak(tau_mem=10.0), sinabs.ALIF(tau_mem=10.0, tau_adapt=10.0))
    assert list(spiking_layers(model)) == ["1"]
    inputs = torch.rand(2, 5, 3)
    with torch.inference_mode():
        first = model(inputs)
    reset(model)
    assert torch.equal(model(inputs), first)


def test_facts_say_the_spike_function(kit: Any) -> None:
    """The report says whether a neuron fires several times a step."""
    assert neuron_facts(net(kit), CPU) == {"LIFSqueeze": "sinabs, all steps in a call, SingleSpike"}


def test_facts_of_one_class_with_several_settings_are_all_told() -> None:
    """Neither the last layer's settings alone, nor those of each layer again."""
    layers = [sinabs.IAF(), sinabs.IAF(spike_fn=activation.SingleSpike), sinabs.IAF()]
    assert neuron_facts(nn.Sequential(*layers), CPU)["IAF"] == (
        "sinabs, all steps in a call, MultiSpike; sinabs, all steps in a call, SingleSpike"
    )


def test_the_footprint_is_not_of_the_last_batch() -> None:
    """Parameters alone: whatever ran before is no part of it."""
    model = nn.Sequential(nn.Linear(3, 4), sinabs.IAF(), nn.Linear(4, 2))
    model(torch.rand(64, 5, 3))
    (footprint,) = [it for it in size.measure(model) if it.name == "footprint"]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert footprint.value == 4 * parameters
