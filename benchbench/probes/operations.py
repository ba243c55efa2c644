"""How many multiply-accumulates one sample takes, agreed on by four counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from benchbench.metrics.measurement import Measurement

__all__ = ["MACS_DENSE", "MACS_TORCHINFO", "MACS_VALID", "measure"]

MACS_DENSE = Figure(
    "macs_dense",
    "Mult-adds, dense",
    "1",
    "counted",
    "multiply-accumulates per sample, padding taps included, over all time steps",
    rests_on="model",
    exact=True,
    place=200,
)
MACS_VALID = Figure(
    "macs_valid",
    "Mult-adds, valid taps",
    "1",
    "counted",
    "the same without taps that fall on padding",
    rests_on="model",
    place=201,
)
MACS_TORCHINFO = Figure(
    "macs_torchinfo",
    "Mult-adds (torchinfo)",
    "1",
    "counted",
    "torchinfo's total_mult_adds in step mode s: the paper's own definition, which "
    "adds the parameters of batch norms and biases",
    rests_on="model",
    place=202,
)


@probe(gives=(MACS_DENSE, MACS_VALID, MACS_TORCHINFO))
def measure(model: nn.Module, example: Tensor) -> Iterator[Measurement]:
    """Count one batch on the CPU and hold four counters against each other.

    Args:
        model: Left as it was: state reset, mode and device as before.
        example: Images [N, ...]; the figures are per sample.

    Yields:
        ``macs_dense``, ``macs_valid`` and ``macs_torchinfo``, the first two with
        ``detail["layers"]``: name, kind, macs_dense, macs_valid, share, params, the counters
        that agree, shape_in and shape_out (without the batch axis) and calls.

    Raises:
        CountError: Two counters disagree on a layer, or it runs a product that ours has no rule
            for.
    """
    from benchbench.probes.counting.agreement import agreed, per_sample

    found, samples = agreed(model, example), len(example)
    detail: dict[str, Any] = {"layers": found.layers}
    if found.blind:
        detail["fvcore"] = found.blind
    if found.shapeless:
        detail["shapes"] = found.shapeless
    for figure in (MACS_DENSE, MACS_VALID):
        yield figure(sum(layer[figure.name] for layer in found.layers), detail=detail)
    if found.summary is None:
        yield MACS_TORCHINFO.missing(found.reason)
        return
    unseen = ", ".join(found.unseen)
    added = {path: per_sample(macs, samples) for path, macs in found.summary.extra.items()}
    yield MACS_TORCHINFO(
        per_sample(found.summary.total, samples),
        valid=not unseen,
        reasons=(f"torchinfo has no right formula for {unseen}",) if unseen else (),
        detail={"added": added},
    )
