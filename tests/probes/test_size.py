"""Parameters and their bytes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchbench import zoo
from benchbench.probes import operations, size


def figures(model: nn.Module) -> dict[str, float | None]:
    """The probe's sizes by name."""
    return {figure.name: figure.value for figure in size.measure(model)[:2]}


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


@pytest.mark.filterwarnings("ignore")  # PyTorch calls its own quantisation deprecated
@pytest.mark.parametrize("kind", ["dynamic", "static"])
def test_packed_weights_are_refused(kind: str) -> None:
    """A quantised layer, whose weights are no parameters, makes the size n/a and is named."""
    if kind == "dynamic":
        plain = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        model = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear})
    else:
        model = nn.Sequential(torch.ao.nn.quantized.Conv2d(1, 2, 3))
    for figure in size.measure(model):
        assert figure.value is None
        assert "packs its weights" in figure.reasons[0]
        assert ": 0" in figure.reasons[0]


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
    found = {figure.name: figure for figure in operations.measure(model, torch.rand(1, 1, 48, 48))}
    ours = found["weight_sparsity"].value
    assert ours == pytest.approx(ConnectionSparsity()(TorchModel(model)), abs=1e-3)
    assert 0.4 < ours < 0.6
