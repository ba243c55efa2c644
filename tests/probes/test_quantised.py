"""Layers whose weights are packed away by a quantisation: refused by name, never counted as 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn

from benchbench.errors import CountError
from benchbench.probes import operations, size

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = torch.rand(2, 6, 8, generator=torch.Generator().manual_seed(1))
WORDS = torch.tensor([[1, 2, 3], [4, 5, 6]])


def dynamic(layer: nn.Module, dtype: torch.dtype = torch.qint8) -> nn.Module:
    """A layer whose weights are in 8 bit, and whose inputs become so as they come."""
    model: nn.Module = torch.ao.quantization.quantize_dynamic(
        nn.Sequential(layer).eval(), {type(layer)}, dtype=dtype
    )
    return model


def static() -> nn.Module:
    """A convolution in 8 bit throughout, its ranges seen on a batch."""
    quantization = torch.ao.quantization
    model = nn.Sequential(quantization.QuantStub(), nn.Conv1d(6, 4, 3), quantization.DeQuantStub())
    model.eval().qconfig = quantization.get_default_qconfig()
    prepared = quantization.prepare(model)
    prepared(ROWS)
    converted: nn.Module = quantization.convert(prepared)
    return converted


def embedded() -> nn.Module:
    """A table of words in 8 bit: no product, but nobody can see how large it is."""
    quantization = torch.ao.quantization
    model = nn.Sequential(nn.Embedding(12, 8)).eval()
    model[0].qconfig = quantization.float_qparams_weight_only_qconfig
    converted: nn.Module = quantization.convert(quantization.prepare(model))
    return converted


QUANTISED: dict[str, tuple[Callable[[], nn.Module], Tensor, str]] = {
    "linear, dynamic": (lambda: dynamic(nn.Linear(8, 5)), ROWS, "layer '0' runs quantized"),
    "linear, half": (
        lambda: dynamic(nn.Linear(8, 5), torch.float16),
        ROWS,
        "layer '0' runs quantized",
    ),
    "LSTM": (
        lambda: dynamic(nn.LSTM(8, 4, batch_first=True)),
        ROWS,
        "layer '0' runs aten.quantized_lstm",
    ),
    "convolution, static": (static, ROWS, "layer '1' runs quantized.conv1d"),
    "embedding": (embedded, WORDS, "layer '0' runs quantized.embedding"),
}


@pytest.mark.filterwarnings("ignore")  # PyTorch calls its own quantisation deprecated
@pytest.mark.parametrize("how", QUANTISED)
def test_quantised_layers_are_refused(how: str) -> None:
    """Neither work nor size of them is counted as nothing, and the reason says what to count."""
    make, inputs, layer = QUANTISED[how]
    model = make()
    with pytest.raises(CountError, match=f"{layer}.*: count the model before it is quantised$"):
        list(operations.measure(model, inputs[:1]))
    for figure in size.measure(model):
        assert figure.value is None
        assert "packs its weights where they cannot be counted" in figure.reasons[0]
