"""How far a model as it is executed is from the model as its framework runs it, in float32."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.backends.proof import Proof
    from benchbench.metrics.measurement import Measurement

__all__ = ["EQUAL_SPIKES", "GRADIENTS_APART", "OUTPUTS_APART", "measure"]

NATIVE = "the model is executed natively, which is what other backends are set against"

NOTHING = "natively they are all 0, or these are not finite: there is no norm to set them over"

EQUAL_SPIKES = Figure(
    "equal_spikes",
    "Equal spikes",
    "1",
    "counted",
    "share of the spikes and silences of one batch that are those of native float32, by layer in "
    "the detail",
    better="higher",
    place=880,
    otherwise=NATIVE,
    ranked=False,
)
OUTPUTS_APART = Figure(
    "outputs_apart",
    "Outputs apart",
    "1",
    "counted",
    "norm of the differences of one batch's outputs from native float32, over their norm",
    rests_on="machine",
    place=881,
    otherwise=NATIVE,
    ranked=False,
)
GRADIENTS_APART = Figure(
    "gradients_apart",
    "Gradients apart",
    "1",
    "counted",
    "norm of the differences of one batch's gradients from native float32, over their norm",
    rests_on="machine",
    place=882,
    otherwise=NATIVE,
    ranked=False,
)


@probe(gives=(EQUAL_SPIKES, OUTPUTS_APART, GRADIENTS_APART))
def measure(proof: Proof) -> Iterator[Measurement]:
    """What the proof of a run found."""
    if proof.share is None:
        yield EQUAL_SPIKES.missing("no layer of spikes can be watched as it is executed")
    else:
        layers = {
            path: {"equal": equal, "rate": proof.rates[path], "spikes": proof.counted[path]}
            for path, equal in proof.equal.items()
        }
        yield EQUAL_SPIKES(proof.share, detail={"layers": layers, "least": proof.bounds.spikes})
    largest = {"largest": proof.output_largest, "most": proof.most_output}
    if math.isfinite(proof.output):
        yield OUTPUTS_APART(proof.output, detail=largest)
    else:
        yield OUTPUTS_APART.missing(NOTHING)
    if proof.gradient is None:
        yield GRADIENTS_APART.missing("the model is not trained here")
    elif not math.isfinite(proof.gradient):
        yield GRADIENTS_APART.missing(NOTHING)
    else:
        detail: dict[str, object] = {"largest_over_largest": proof.gradient_largest}
        if math.isfinite(proof.bounds.gradients):
            detail["most"] = proof.bounds.gradients
        if proof.in_float32 is not None:
            detail["in_float32"] = proof.in_float32.gradient
        yield GRADIENTS_APART(proof.gradient, detail=detail)
