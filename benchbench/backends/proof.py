"""What a proof found that a model computes the same however it is executed, and what is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchbench.backends import Precision

__all__ = ["BOUNDS", "NOTHING_TO_PROVE", "Bounds", "Proof", "worse"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What still counts as the same.

    Attributes:
        spikes: Least share of equal spikes of the whole network.
        outputs: Largest norm of the differences of outputs, over the outputs' norm; see
            `Proof.most_output` for outputs that are made of few spikes.
        gradients: The same of the gradients; infinite where they are told and not bounded.
    """

    spikes: float
    outputs: float
    gradients: float


BOUNDS: dict[Precision, Bounds] = {
    32: Bounds(0.999, 0.02, 0.1),
    "bf16": Bounds(0.95, 0.5, math.inf),
}
"""By precision. Ours: float32 differs by the order of its sums alone (2 % of the gradients of an
untrained MobileNet), bfloat16 by its 8 bits, which deep networks of batch norms make so much of in
their gradients that these are told and not bounded: a backend's are proved in float32."""

MOST_BY_FLIPS = 0.5
"""What outputs may differ by at most, however few spikes they are made of: half of their norm."""

MOST_BY_ROUNDING = 2.0
"""Ours: bfloat16 rounds the inputs of each product as well as its weights. Untrained networks whose
activations have 1 to 4 bits differ by 0.95 to 1.6 times what their weights' rounding alone does."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How far a model as it is executed is from the model as its framework runs it, in float32.

    Attributes:
        bounds: What was asked.
        output: Norm of the differences of the outputs over the outputs' norm.
        output_largest: Largest difference of two outputs.
        equal: Share of equal spikes by layer; none where no layer can be watched.
        counted: Number of spikes and silences by layer, of those that can be watched.
        rates: Firing rates by layer, in the order of their calls, as the framework runs it:
            silence is equal without a proof.
        gradient: Norm of the differences of all gradients over the gradients' norm; None where it
            is not trained.
        gradient_largest: Largest difference of two gradients, over the largest gradient.
        in_float32: The same of its backend in float32, where the precision is another.
        rounding: Norm of the differences that the rounding of its weights alone makes natively in
            float32, over the outputs' norm; None where it was not asked.
    """

    bounds: Bounds
    output: float
    output_largest: float
    equal: dict[str, float] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    gradient: float | None = None
    gradient_largest: float | None = None
    in_float32: Proof | None = None
    rounding: float | None = None

    @property
    def share(self) -> float | None:
        """Share of equal spikes of the whole network."""
        total = sum(self.counted.values())
        if not total:
            return None
        return sum(self.equal[path] * count for path, count in self.counted.items()) / total

    @property
    def most_output(self) -> float:
        """What its outputs may differ by, over their norm.

        Spikes that may flip make outputs that may differ: of a layer that fires at a rate r, flips
        of a share f of all spikes and silences are the square root of f / r of its norm. Of an
        untrained network whose last layer hardly fires, one flip is a large part of its outputs.
        Of quantised activations each is a jump as well: see `rounding`.
        """
        last = next(reversed(self.rates.values()), 0.0)
        by_flips = math.sqrt((1 - self.bounds.spikes) / last) if last else 0.0
        by_rounding = MOST_BY_ROUNDING * (self.rounding or 0.0)
        return max(self.bounds.outputs, min(by_flips, MOST_BY_FLIPS), by_rounding)

    @property
    def fault(self) -> str:
        """Why it is not the same; empty where it is."""
        found = self._faults("")
        if self.in_float32 is not None:
            found += self.in_float32._faults("in float32 ")  # noqa: SLF001 - its own kind
        return "; ".join(found) and f"not the model as its framework runs it: {'; '.join(found)}"

    def _faults(self, where: str) -> list[str]:
        found = []
        if self.share is not None and self.share < self.bounds.spikes:
            found.append(
                f"{where}{100 * self.share:.3f} % of its spikes are equal, and at least "
                f"{100 * self.bounds.spikes:g} % must be"
            )
        asked = (
            ("outputs", self.output, self.most_output),
            ("gradients", self.gradient, self.bounds.gradients),
        )
        for what, apart, bound in asked:
            if apart is not None and not apart <= bound:  # NaN is within no bound
                found.append(
                    f"{where}its {what} differ by {100 * apart:.3g} % of their norm, and at most "
                    f"{100 * bound:.3g} % may"
                )
        return found


NOTHING_TO_PROVE = Proof(BOUNDS[32], 0.0, 0.0)
"""Of a model that is executed natively."""


def worse(trained: Proof, inferred: Proof) -> Proof:
    """What is told of a model that was proved both ways: the worse, with the gradients of the one.

    Args:
        trained: Proof of a training step.
        inferred: Proof of an inference.
    """
    shown = max(trained, inferred, key=lambda it: (bool(it.fault), -(it.share or 1), it.output))
    return replace(
        shown,
        gradient=trained.gradient,
        gradient_largest=trained.gradient_largest,
        in_float32=trained.in_float32,
    )
