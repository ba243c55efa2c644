"""The counter against loops written out by hand, and what it calls a weight."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from benchbench.errors import CountError
from benchbench.probes.counting.context import countable
from benchbench.probes.counting.counter import Counter, LayerCount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def count(model: nn.Module, *inputs: Tensor) -> list[LayerCount]:
    """The layers of one run."""
    with countable(model), Counter(model) as counter:
        model(*inputs)
    return counter.layers()


def sparse(*shape: int, seed: int = 0) -> Tensor:
    """Random numbers, half of them zero."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator) * (torch.rand(shape, generator=generator) > 0.5)


def by_hand(conv: Any, data: Tensor, output: Tensor) -> tuple[int, int, int]:
    """Dense, valid and effective operations of a convolution, one tap at a time."""
    groups, transposed = conv.groups, conv.transposed
    padding = [0] * (data.dim() - 2)
    if conv.padding == "same":
        pairs = zip(conv.dilation, conv.kernel_size, strict=True)
        padding = [d * (k - 1) // 2 for d, k in pairs]
    elif conv.padding_mode == "zeros":
        padding = list(conv.padding)
    far, near = (data, output) if transposed else (output, data)
    dense = valid = effective = 0
    taps = list(itertools.product(*map(range, conv.kernel_size)))
    for n, c in itertools.product(range(len(data)), range(conv.in_channels)):
        for place in itertools.product(*map(range, far.shape[2:])):
            for tap in taps:
                spots = [
                    p * s - pad + t * d
                    for p, s, pad, t, d in zip(
                        place, conv.stride, padding, tap, conv.dilation, strict=True
                    )
                ]
                fan_out = conv.out_channels // groups
                dense += fan_out
                if all(0 <= spot < size for spot, size in zip(spots, near.shape[2:], strict=True)):
                    valid += fan_out
                    read = place if transposed else tuple(spots)
                    effective += fan_out * bool(data[(n, c, *read)] != 0)
    return dense, valid, effective


CONVOLUTIONS: list[Callable[[], Any]] = [
    lambda: nn.Conv2d(2, 3, 3),
    lambda: nn.Conv2d(2, 3, 3, padding=1, stride=2),
    lambda: nn.Conv2d(4, 6, (3, 2), padding=(2, 1), dilation=2, groups=2),
    lambda: nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
    lambda: nn.Conv2d(2, 3, 3, padding="same", dilation=2),
    lambda: nn.Conv2d(2, 3, (5, 3), stride=(3, 1), padding=(4, 0)),
    lambda: nn.Conv1d(2, 3, 3, padding=2, dilation=3),
    lambda: nn.Conv3d(1, 2, 2, padding=1, stride=2),
    lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1),
    lambda: nn.ConvTranspose2d(4, 6, 3, dilation=2, groups=2),
    lambda: nn.ConvTranspose1d(2, 3, 4, stride=3, padding=2),
]


@pytest.mark.parametrize("make", CONVOLUTIONS)
def test_convolutions_by_hand(make: Callable[[], Any]) -> None:
    """Dense, valid and effective counts are those of a loop over every tap."""
    conv = make()
    side = {1: (9,), 2: (6, 7), 3: (3, 4, 3)}[len(conv.kernel_size)]
    data = sparse(2, conv.in_channels, *side)
    (layer,) = count(nn.Sequential(conv), data)
    tally = layer.tally
    expected = by_hand(conv, data, conv(data))
    assert (tally.macs_dense, tally.macs_valid, tally.macs_effective) == expected
    assert (tally.nonzero, tally.elements) == (int((data != 0).sum()), data.numel())
    assert not tally.binary


@settings(max_examples=15, deadline=None)
@given(
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 2),
    side=st.integers(7, 9),
    transposed=st.booleans(),
)
def test_any_convolution(**shape: Any) -> None:
    """Any geometry is counted as the loop does."""
    side, transposed = shape.pop("side"), shape.pop("transposed")
    kind = nn.ConvTranspose1d if transposed else nn.Conv1d
    conv = kind(2, 2, shape.pop("kernel"), **shape)
    data = sparse(1, 2, side + 2)
    (layer,) = count(nn.Sequential(conv), data)
    tally = layer.tally
    expected = by_hand(conv, data, conv(data))
    assert (tally.macs_dense, tally.macs_valid, tally.macs_effective) == expected


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_even_kernel_pads_one_side_more() -> None:
    """The extra element of an even kernel's ``same`` padding is no valid tap."""
    conv = nn.Conv2d(1, 1, 4, padding="same")
    data = sparse(1, 1, 5, 5)
    (layer,) = count(nn.Sequential(conv), data)
    expected = by_hand(conv, data, conv(data))
    tally = layer.tally
    assert (tally.macs_dense, tally.macs_valid, tally.macs_effective) == expected


@pytest.mark.parametrize("padding", ["reflect", "circular", "replicate"])
def test_padding_with_data_is_valid(padding: str) -> None:
    """Taps on reflected or repeated data read data, so all of them are valid."""
    conv = nn.Conv2d(1, 2, 3, padding=1, padding_mode=padding)
    data = sparse(1, 1, 5, 5)
    (layer,) = count(nn.Sequential(conv), data)
    padded = nn.functional.pad(data, (1, 1, 1, 1), mode=padding)
    expected = by_hand(conv, padded, conv(data))
    tally = layer.tally
    assert (tally.macs_dense, tally.macs_valid, tally.macs_effective) == expected


class Functional(nn.Module):
    """Products without layers."""

    def __init__(self) -> None:
        """Two weights."""
        super().__init__()
        self.kernel = nn.Parameter(sparse(3, 2, 3, 3))
        self.table = nn.Parameter(sparse(4, 5))

    def forward(self, image: Tensor, rows: Tensor) -> Sequence[Tensor]:
        """A functional convolution, three products with a weight, two of data with data."""
        return (
            nn.functional.conv2d(image, self.kernel, padding=1),
            rows @ self.table,
            torch.einsum("ij,ki->kj", self.table * 2, rows),
            self.table.t() @ rows.t(),
            rows @ rows.t(),
            nn.functional.scaled_dot_product_attention(rows[None], rows[None], rows[None]),
        )


def test_weights_are_told_by_storage() -> None:
    """Functional calls find their weights, also transposed ones and ones computed from weights."""
    rows, image = sparse(3, 4, seed=1), sparse(1, 2, 4, 4, seed=2)
    layers = {layer.name: layer for layer in count(Functional(), image, rows)}
    assert {name: layer.kind for name, layer in layers.items()} == {
        "kernel": "conv",
        "table": "linear",
        ":matmul": "matmul",
        ":matmul.2": "matmul",
    }
    nonzero = int((rows != 0).sum())
    assert layers["table"].tally.macs_dense == 3 * (3 * 4 * 5)
    assert layers["table"].tally.macs_effective == 3 * (nonzero * 5)
    assert layers["table"].tally.elements == 3 * rows.numel()
    assert layers[":matmul"].tally.macs_dense == 2 * 3 * 4 * 3
    assert layers[":matmul.2"].tally.macs_dense == 3 * 4 * 3


def test_data_times_data_needs_both() -> None:
    """A product of two activations is effective where neither of them is zero."""

    class Gram(nn.Module):
        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return torch.bmm(left, right)

    left, right = sparse(2, 3, 4, seed=1), sparse(2, 4, 5, seed=2)
    (layer,) = count(Gram(), left, right)
    both = torch.einsum("bnk,bkm->", (left != 0).double(), (right != 0).double())
    assert layer.tally.macs_effective == int(both)
    assert layer.tally.macs_dense == 2 * 3 * 4 * 5


def test_binary_is_decided_over_all_calls() -> None:
    """A blank input among others does not make a layer spike-fed; spikes in every call do."""
    model = nn.Sequential(nn.Linear(4, 2))
    spikes, blank = torch.tensor([[1.0, 0, 0, 1]]), torch.zeros(1, 4)

    def binary(*calls: Tensor) -> bool:
        with countable(model), Counter(model) as counter:
            for data in calls:
                model(data)
        (layer,) = counter.layers()
        return layer.tally.binary

    assert binary(spikes, blank)
    assert not binary(blank, spikes * 0.5)
    assert not binary(spikes * 0.5, blank)
    assert not binary(-spikes)
    assert not binary(spikes * torch.nan)


@pytest.mark.parametrize(
    ("model", "data", "macs"),
    [
        (nn.LSTM(8, 4, batch_first=True), sparse(3, 5, 8), 3 * 5 * (8 * 16 + 4 * 16)),
        (nn.GRUCell(8, 4), sparse(3, 8), 3 * (8 * 12 + 4 * 12)),
        (
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
            sparse(3, 5, 8),
            3 * (5 * 8 * (24 + 8 + 32) + 2 * 5 * 5 * 8),
        ),
    ],
)
def test_fused_layers_are_taken_apart(model: nn.Module, data: Tensor, macs: int) -> None:
    """Recurrent layers and attention are counted though their fused kernels hide products."""
    assert sum(layer.tally.macs_dense for layer in count(model, data)) == macs


def test_what_has_no_rule_is_an_error() -> None:
    """A product that the counter does not know is never left out in silence."""

    class Sums(nn.Module):
        def forward(self, stack: Tensor) -> Tensor:
            return torch.addbmm(torch.zeros(2, 2), stack, stack)

    model = nn.Sequential(nn.ReLU(), Sums())
    with pytest.raises(CountError, match=r"layer '1' runs aten.addbmm"):
        count(model, sparse(2, 2, 2))


def test_shared_layer_is_one_layer() -> None:
    """A layer that runs twice, or stands at two places, has one row with both."""
    shared = nn.Linear(4, 4)
    (layer,) = count(nn.Sequential(shared, nn.ReLU(), shared), torch.ones(2, 4))
    assert (layer.name, layer.tally.macs_dense) == ("0", 2 * 2 * 16)


def test_model_is_given_back() -> None:
    """Mode, gradients and hooks are as before, also after an error."""
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout())
    model[1].eval()
    model[0].bias.requires_grad_(requires_grad=False)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        count(model, torch.ones(2, 5))
    assert (model.training, model[0].training, model[1].training) == (True, True, False)
    assert (model[0].weight.requires_grad, model[0].bias.requires_grad) == (True, False)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.backends.mkldnn.enabled
    assert torch.backends.mha.get_fastpath_enabled()
