"""Parameters and their bytes."""

from __future__ import annotations

import torch
from torch import nn

from benchbench import zoo
from benchbench.probes import size


def figures(model: nn.Module) -> dict[str, float | None]:
    """The probe's values by name."""
    return {figure.name: figure.value for figure in size.measure(model)}


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
    for figure in size.measure(zoo.build("cnn3", {})):
        assert sum(figure.detail["parts"].values()) == figure.value
    assert figures(nn.ReLU()) == {"params": 0, "param_bytes": 0}
