"""How large the model is: its parameters, and their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from benchbench.metrics.measurement import Measurement

__all__ = ["FOOTPRINT", "PARAMS", "PARAM_BYTES", "measure"]

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


FOOTPRINT = Figure(
    "footprint",
    "Footprint",
    "B",
    "counted",
    "bytes of the parameters and buffers as they lie in memory, as NeuroBench has it",
    rests_on="model",
    place=102,
)


@probe(gives=(PARAMS, PARAM_BYTES, FOOTPRINT))
def measure(model: nn.Module) -> Iterator[Measurement]:
    """Count parameters and their bytes.

    A parameter that several layers share counts once; buffers (a batch norm's running statistics,
    a neuron's state) are no parameters. What the last batch left in the neurons of a framework,
    of that batch's size, is no part of the footprint either.

    Args:
        model: Any model whose parameters have a shape.

    Yields:
        ``params`` and ``param_bytes``, each with the same per top-level part in its detail; ``n/a``
        where a layer packs its weights away, as quantised ones do, or is TorchScript, which may
        have made constants of them.
    """
    import torch

    from benchbench.frameworks import states_of

    scripted = [
        path or "(the model)"
        for path, module in model.named_modules()
        if isinstance(module, torch.jit.ScriptModule)
    ]
    packed = [
        path or "(the model)"
        for path, module in model.named_modules()
        if any(isinstance(value, torch.ScriptObject) for value in vars(module).values())
    ]
    if scripted or packed:
        reason = f"packs its weights where they cannot be counted (quantised): {', '.join(packed)}"
        if scripted:
            reason = (
                f"is TorchScript, whose weights may be constants: {scripted[0]}; count the module "
                "that it was scripted or traced from"
            )
        yield PARAMS.missing(reason[:300])
        yield PARAM_BYTES.missing(reason[:300])
        yield FOOTPRINT.missing(reason[:300])
        return
    owners: dict[str, list[int]] = {}
    for name, parameter in model.named_parameters():  # shared parameters come once
        part = owners.setdefault(name.partition(".")[0], [0, 0])
        part[0] += parameter.numel()
        part[1] += parameter.numel() * parameter.element_size()
    for index, figure in enumerate((PARAMS, PARAM_BYTES)):
        parts = {name: part[index] for name, part in owners.items()}
        yield figure(sum(parts.values()), detail={"parts": parts})
    states = states_of(model)
    kept = [buffer for name, buffer in model.named_buffers() if name not in states]
    buffers = sum(buffer.numel() * buffer.element_size() for buffer in kept)
    yield FOOTPRINT(sum(part[1] for part in owners.values()) + buffers)
