"""Parameters and their bytes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchbench import zoo
from benchbench.probes import size


def figures(model: nn.Module) -> dict[str, float | None]:
    """The probe's sizes by name."""
    return {figure.name: figure.value for figure in size.measure(model)[:2]}


def sparsity(model: nn.Module) -> float | None:
    """The share of weights that are 0."""
    return size.measure(model)[2].value


def test_paper() -> None:
    """The spiking network has the paper's 21,531,136 parameters and 86.12 MB."""
    found = figures(zoo.build("conv_snn", {}))
    assert found == {"params": 21_531_136, "param_bytes": 86_124_544}


def test_shared_parameters_count_once() -> None:
    """Two layers that share a weight have it once."""
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    assert figures(model) == {"params": 16, "param_bytes": 64}


def test_bytes_follow_the_type() -> None:
    """Half precision takes two bytes, and buffers none."""
    model = nn.BatchNorm2d(3).to(torch.float16)
    assert figures(model) == {"params": 6, "param_bytes": 12}


def test_parts_add_up() -> None:
    """The detail's parts add up to the total, and a model without parameters has none."""
    for figure in size.measure(zoo.build("cnn3", {}))[:2]:
        assert sum(figure.detail["parts"].values()) == figure.value
    assert figures(nn.ReLU()) == {"params": 0, "param_bytes": 0}


def test_weights_that_are_zero_are_counted_and_biases_are_not() -> None:
    """A third of a layer's weights at 0 is a third, whatever its bias; no weights, no share."""
    model = nn.Sequential(nn.Linear(6, 2), nn.BatchNorm1d(2))
    model[0].weight.data.fill_(1)
    model[0].weight.data[:, :2] = 0
    nn.init.zeros_(model[0].bias)
    assert sparsity(model) == pytest.approx(1 / 3)
    assert sparsity(nn.BatchNorm1d(3)) is None


@pytest.mark.peers
def test_weight_sparsity_is_neurobenchs() -> None:
    """NeuroBench's ConnectionSparsity of the same network."""
    pytest.importorskip("neurobench")
    from neurobench.metrics.static import ConnectionSparsity
    from neurobench.models import TorchModel

    model = zoo.build("shallow_cnn", {})
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data[parameter.abs() < parameter.abs().median()] = 0
    ours = sparsity(model)
    assert ours == pytest.approx(ConnectionSparsity()(TorchModel(model)), abs=1e-3)
    assert 0.4 < ours < 0.6
