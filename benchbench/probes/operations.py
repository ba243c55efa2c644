"""How many multiply-accumulates one sample takes, agreed on by four counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.display.text import first_of
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.counting.agreement import Agreement

__all__ = ["MACS_DENSE", "MACS_TORCHINFO", "MACS_VALID", "WEIGHT_SPARSITY", "measure"]

WEIGHT_SPARSITY = Figure(
    "weight_sparsity",
    "Weight sparsity",
    "1",
    "counted",
    "share of the weights of convolutions and linear layers that are exactly 0, as they run "
    "(masked, scaled, quantised)",
    "higher",
    rests_on="model",
    place=102,
)

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


@probe(gives=(WEIGHT_SPARSITY, MACS_DENSE, MACS_VALID, MACS_TORCHINFO))
def measure(model: nn.Module, example: Inputs | Tensor) -> Iterator[Measurement]:
    """Count one batch on the CPU and hold four counters against each other.

    Args:
        model: Left as it was: state reset, mode and device as before.
        example: Inputs, or a tensor [N, ...]; the figures are per sample.

    Yields:
        ``macs_dense``, ``macs_valid``, ``weight_sparsity`` and ``macs_torchinfo``, the first two
        with ``detail["layers"]``: name, kind, macs_dense, macs_valid, share, params, the counters
        that agree, shape_in and shape_out (without the batch axis), calls, lead and runs.

    Raises:
        CountError: Two counters disagree on a layer, or it runs a product that ours has no rule
            for.
    """
    from benchbench.data.inputs import Inputs
    from benchbench.probes.counting.agreement import agreed, per_sample

    inputs = Inputs.of(example)
    found, samples = agreed(model, inputs), len(inputs)
    detail: dict[str, Any] = {"layers": found.layers}
    if found.blind:
        detail["fvcore"] = found.blind
    if found.shapeless:
        detail["shapes"] = found.shapeless
    notes = _notes(found)
    for figure in (MACS_DENSE, MACS_VALID):
        total = sum(layer[figure.name] for layer in found.layers)
        yield figure(total, reasons=notes, detail=detail)
    if found.weights:
        yield WEIGHT_SPARSITY(found.zeros / found.weights, n=found.weights)
    else:
        yield WEIGHT_SPARSITY.missing("the model ran no convolution or linear layer")
    if found.summary is None:
        yield MACS_TORCHINFO.missing(found.reason)
        return
    unseen = _layers(found.unseen) if found.unseen else ""
    added = {path: per_sample(macs, samples) for path, macs in found.summary.extra.items()}
    yield MACS_TORCHINFO(
        per_sample(found.summary.total, samples),
        valid=not unseen,
        reasons=(f"torchinfo has no right formula for {unseen}",) if unseen else (),
        detail={"added": added},
    )


def _notes(found: Agreement) -> tuple[str, ...]:
    """What stands beside the figure: what it leaves out, and who could not see what."""
    notes = []
    if found.unfed:
        notes.append(f"no product with these parameters was counted: {first_of(found.unfed)}")
    own = [layer["name"] for layer in found.layers if layer["kind"] == "weights"]
    if own:
        notes.append(f"weights are made from weights at each pass, which counts: {first_of(own)}")
    for who in ("fvcore", "torchinfo"):
        unseen = [layer["name"] for layer in found.layers if who not in layer["counters"]]
        if unseen and len(unseen) < len(found.layers):
            notes.append(f"{who} does not see {_layers(unseen)}; the other counters agree")
        elif unseen:
            notes.append(f"{who} does not see this model; the other counters agree")
    return tuple(notes)


def _layers(names: Sequence[str]) -> str:
    """``layer '3'``: the name that a layer has in a `Sequential` is a number."""
    return f"layer{'s' if len(names) > 1 else ''} {first_of([repr(name) for name in names])}"
