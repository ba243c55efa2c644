"""A training step by NeuroMC: what autograd does not compute, or does once, is charged so."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from benchbench.data.inputs import Inputs
from benchbench.formulas.layers import Layer
from benchbench.formulas.neuromc import neuromc_j, neuromc_train_pj
from benchbench.probes.counting.estimated import layers_given
from benchbench.probes.energy_training import measure


class Net(nn.Module):
    """Two linear layers with neurons, four time steps by layer or by step."""

    def __init__(self, mode: str) -> None:
        """Equal weights in both modes."""
        super().__init__()
        torch.manual_seed(0)
        self.mode = mode
        how: Any = {"surrogate_function": surrogate.ATan(), "step_mode": mode}
        self.layers = nn.Sequential(
            layer.Linear(20, 30, step_mode=mode),
            neuron.IFNode(v_threshold=0.3, **how),
            layer.Linear(30, 10, step_mode=mode),
            neuron.IFNode(**how),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Rates [N, 10]."""
        if self.mode == "m":
            rates: Tensor = self.layers(x.expand(4, *x.shape)).mean(0)
            return rates
        return torch.stack([self.layers(x) for _ in range(4)]).mean(0)


def stages_of(model: nn.Module, x: Tensor) -> dict[str, float]:
    """Joules of a training step for a sample, by stage."""
    (figure,) = measure(model, [x], {"neuromc": {}})
    assert figure.value is not None, figure.reasons
    stages: dict[str, float] = figure.detail["stages"]
    assert figure.value == pytest.approx(sum(stages.values()))
    return stages


def test_a_step_of_time_costs_no_update_of_its_own() -> None:
    """By layer or by time step, in training and in inference: it is the same network."""
    x = torch.rand(8, 20, generator=torch.Generator().manual_seed(1))
    by_layer, by_step = Net("m"), Net("s")
    assert stages_of(by_layer, x) == pytest.approx(stages_of(by_step, x))
    said = []
    for model in (by_layer, by_step):
        functional.reset_net(model)
        with torch.no_grad():
            said.append(neuromc_j(layers_given(model, Inputs.of(x[:1]))))
    assert said[0] == pytest.approx(said[1])


def test_a_weight_that_two_layers_share_is_updated_once() -> None:
    """Tied layers have the optimizer's cost of one."""
    x = torch.rand(2, 20)
    tied = nn.Sequential(nn.Linear(20, 20, bias=False), nn.ReLU(), nn.Linear(20, 20, bias=False))
    apart = stages_of(tied, x)
    tied[2].weight = tied[0].weight
    together = stages_of(tied, x)
    assert together["optimizer"] == pytest.approx(apart["optimizer"] / 2)
    assert together["backward"] == pytest.approx(apart["backward"], rel=0.05)


def test_the_gradient_of_the_data_is_not_charged() -> None:
    """A layer on the data has half of the products in its backward pass: those of its weights."""
    x, linear = torch.rand(16, 64), nn.Linear(64, 64, bias=False)
    first, later = (
        neuromc_train_pj([Layer("0", linear, "weights", x, passes_gradient=passes)])
        for passes in (False, True)
    )
    assert first["forward"] == later["forward"]
    assert first["optimizer"] == later["optimizer"]
    assert 0.2 * later["backward"] < first["backward"] < 0.8 * later["backward"]
    with torch.enable_grad():
        layers = layers_given(Net("m"), Inputs.of(x[:, :20]))
    assert [it.passes_gradient for it in layers] == [False, True, True, True]


def test_calls_of_other_shapes_stay_apart() -> None:
    """One convolution at two scales, and a linear layer without an axis of samples."""

    class Scales(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.linear = nn.Conv2d(1, 1, 3, padding=1), nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.conv(self.conv(x)[..., ::2, ::2]).flatten(1).sum(0)
            return self.linear(self.linear(found[:8]))[None]

    stages = stages_of(Scales(), torch.rand(2, 1, 8, 8))
    once = stages_of(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1)), torch.rand(2, 1, 8, 8))
    assert stages["forward"] > once["forward"]
