"""How large the model is: its parameters, and their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.registry import measured, unavailable

if TYPE_CHECKING:
    from torch import nn

    from benchbench.metrics.measurement import Measurement

__all__ = ["measure"]


def measure(model: nn.Module) -> list[Measurement]:
    """Count parameters and their bytes.

    A parameter that several layers share counts once; buffers (a batch norm's running statistics,
    a neuron's state) are no parameters.

    Args:
        model: Any model whose parameters have a shape.

    Returns:
        ``params`` and ``param_bytes``, each with the same per top-level part in its detail, and
        ``weight_sparsity``: weights are the parameters of two dimensions or more.
    """
    owners: dict[str, list[int]] = {}
    for name, parameter in model.named_parameters():  # shared parameters come once
        part = owners.setdefault(name.partition(".")[0], [0, 0])
        part[0] += parameter.numel()
        part[1] += parameter.numel() * parameter.element_size()
    weights = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    total = sum(weight.numel() for weight in weights)
    zeros = sum(weight.numel() - int(weight.count_nonzero()) for weight in weights)
    if total:
        sparsity = measured("weight_sparsity", zeros / total, n=total)
    else:
        sparsity = unavailable("weight_sparsity", "the model has no convolution or linear layer")
    sizes = [
        measured(
            metric,
            sum(part[index] for part in owners.values()),
            detail={"parts": {name: part[index] for name, part in owners.items()}},
        )
        for index, metric in enumerate(("params", "param_bytes"))
    ]
    return [*sizes, sparsity]
