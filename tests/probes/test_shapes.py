"""Shapes of layers: one sample's, whatever the batch, the step mode and the place of time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchbench import zoo
from benchbench.data.inputs import Inputs
from benchbench.probes import operations
from benchbench.probes.counting.shapes import shapes_of

FACES = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(1))


def rows(model: nn.Module, example: Tensor) -> dict[str, dict[str, Any]]:
    """The layer rows of the probe, by name."""
    dense = next(f for f in operations.measure(model, example) if f.name == "macs_dense")
    return {row["name"]: row for row in dense.detail["layers"]}


@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize(("mode", "time", "calls"), [("m", (4,), 1), ("s", (), 4)])
def test_time_is_an_axis_or_a_number_of_calls(
    mode: str, time: tuple[int, ...], calls: int, samples: int
) -> None:
    """A layer that is called once for all steps has T in front; one called T times has T calls."""
    found = rows(zoo.build("conv_snn", {"step_mode": mode}), FACES[:samples])
    told = {name: (row["shape_in"], row["shape_out"], row["calls"]) for name, row in found.items()}
    assert told == {
        "static.0": ((1, 48, 48), (128, 48, 48), 1),
        "conv.2": ((*time, 128, 24, 24), (*time, 128, 24, 24), calls),
        "fc.2": ((*time, 18432), (*time, 1152), calls),
        "fc.5": ((*time, 1152), (*time, 128), calls),
        "fc.7": ((*time, 128), (*time, 7), calls),
    }


class Folded(nn.Module):
    """Time and batch are one axis in the first layer, and a product has no module of its own."""

    def __init__(self) -> None:
        """Two layers."""
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 2, 3), nn.Linear(2, 5)

    def forward(self, images: Tensor) -> Tensor:
        """Three time steps of [N, 1, 5, 5] to [N, 3, 3]."""
        steps = self.conv(images.repeat(3, 1, 1, 1)).mean((-1, -2))  # [T * N, 2]
        there = self.head(steps.unflatten(0, (3, -1)).transpose(0, 1))  # [N, T, 5]
        return there @ there.transpose(1, 2)


@pytest.mark.parametrize("samples", [1, 3, 4])
def test_a_batch_that_is_folded_into_time_is_told_apart(samples: int) -> None:
    """[T * N, ...] is T for one sample; a product without a module has no shape."""
    found = rows(Folded(), torch.ones(samples, 1, 5, 5))
    told = [(row["shape_in"], row["shape_out"], row["calls"]) for row in found.values()]
    assert told == [
        ((3, 1, 5, 5), (3, 2, 3, 3), 1),
        ((3, 2), (3, 5), 1),
        (None, None, None),
    ]


def test_calls_of_different_shapes_have_none() -> None:
    """A layer that sees two sizes is told to run twice, at no one shape."""
    conv = nn.Conv2d(1, 1, 3, padding=1)
    model = nn.Sequential(conv, nn.MaxPool2d(2), conv)
    (row,) = rows(model, torch.ones(1, 1, 8, 8)).values()
    assert (row["shape_in"], row["shape_out"], row["calls"]) == (None, None, 2)


class One(nn.Linear):
    """Takes one sample at a time."""

    def forward(self, images: Tensor) -> Tensor:
        """Refuse more than one."""
        return super().forward(images.reshape(1, 4))


def test_a_model_of_one_batch_size_is_counted_and_says_why_it_has_no_shapes() -> None:
    """The counts stand; the reason is beside them."""
    model = nn.Sequential(One(4, 2))
    dense = next(f for f in operations.measure(model, torch.ones(1, 4)) if f.name == "macs_dense")
    assert dense.value == 8
    (row,) = dense.detail["layers"]
    assert (row["shape_in"], row["shape_out"], row["calls"]) == (None, None, None)
    assert "takes no batch of 2" in dense.detail["shapes"]


class Mixed(nn.Module):
    """Sets every sample beside every other: the batch is two axes."""

    def forward(self, images: Tensor) -> Tensor:
        """[N, F] to [N, N]."""
        return images @ images.T


def test_a_batch_on_two_axes_has_no_shape_of_one_sample() -> None:
    """No shape is made up where samples are not apart."""
    found, reason = shapes_of(nn.Sequential(Mixed()), Inputs.of(torch.ones(2, 4)))
    assert (found["0"].shape_in, found["0"].shape_out, reason) == ((4,), None, "")
