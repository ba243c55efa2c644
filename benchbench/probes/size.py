"""How large the model is: its parameters, and their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from benchbench.metrics.measurement import Measurement

__all__ = ["PARAMS", "PARAM_BYTES", "WEIGHT_SPARSITY", "measure"]

PARAMS = Figure(
    "params",
    "Parameters",
    "1",
    "counted",
    "number of scalars in the model's parameters, shared ones once",
    rests_on="model",
    exact=True,
    place=100,
)
PARAM_BYTES = Figure(
    "param_bytes",
    "Parameter size",
    "B",
    "counted",
    "bytes of the parameters as they lie in memory",
    rests_on="model",
    place=101,
)
WEIGHT_SPARSITY = Figure(
    "weight_sparsity",
    "Weight sparsity",
    "1",
    "counted",
    "share of the weights of convolutions and linear layers that are exactly 0",
    "higher",
    rests_on="model",
    place=102,
)


@probe(gives=(PARAMS, PARAM_BYTES, WEIGHT_SPARSITY))
def measure(model: nn.Module) -> Iterator[Measurement]:
    """Count parameters and their bytes.

    A parameter that several layers share counts once; buffers (a batch norm's running statistics,
    a neuron's state) are no parameters.

    Args:
        model: Any model whose parameters have a shape.

    Yields:
        ``params`` and ``param_bytes``, each with the same per top-level part in its detail, and
        ``weight_sparsity``: weights are the parameters of two dimensions or more.
    """
    owners: dict[str, list[int]] = {}
    for name, parameter in model.named_parameters():  # shared parameters come once
        part = owners.setdefault(name.partition(".")[0], [0, 0])
        part[0] += parameter.numel()
        part[1] += parameter.numel() * parameter.element_size()
    weights = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    for index, figure in enumerate((PARAMS, PARAM_BYTES)):
        parts = {name: part[index] for name, part in owners.items()}
        yield figure(sum(parts.values()), detail={"parts": parts})
    total = sum(weight.numel() for weight in weights)
    zeros = sum(weight.numel() - int(weight.count_nonzero()) for weight in weights)
    if total:
        yield WEIGHT_SPARSITY(zeros / total, n=total)
    else:
        yield WEIGHT_SPARSITY.missing("the model has no convolution or linear layer")
