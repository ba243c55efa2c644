"""What a figure means, declared once, in the file of the probe that takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from benchbench.metrics.measurement import Measurement, Method  # `codec` reads the annotations

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Provenance

__all__ = ["PHASES", "Figure", "Phase", "by_phase"]

Phase = Literal["train", "infer"]
PHASES: tuple[Phase, ...] = get_args(Phase)

_WORDS: dict[Phase, tuple[str, str]] = {
    "train": ("Training", "training step"),
    "infer": ("Inference", "inference of a batch"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """The declaration of a figure: refusal, merging, listing and comparing follow from it.

    Called with a value it gives the `Measurement`, so that a probe says ``PARAMS(1234)``.

    Attributes:
        name: Name in files and tables.
        title: Header in a table.
        unit: SI unit, or ``1`` for a count or a share.
        method: How it is got.
        says: Definition in one sentence, shown by ``benchbench list probes``.
        better: Direction that is better, for ratios and verdicts.
        rests_on: What may change it: the ``model`` alone, the ``data`` (and the weights) as well,
            or the ``machine``, so that its absolute value must not be compared with a paper's.
        beside_paper: How it is set beside a paper's figure: ``rounded`` as the paper prints it,
            as a ``ratio`` of two models, or by its ``interval`` over test images.
        merge: What stands for several processes: their ``mean``, or the ``largest`` of all.
        signed: Whether it may be below 0.
        ranked: Whether a model is the better one for it alone, so that the best of a row is marked.
        exact: Whether a gate asks it to be equal on both sides: no noise can touch it.
        phase: Step that it belongs to; empty where it belongs to none.
        place: Where it stands in lists; figures of one place are sorted by phase.
        source: Origin of an energy model's costs; those that have one are shown side by side.
        otherwise: Why a model that went well has none of it, where its probe says nothing.
    """

    name: str
    title: str
    unit: str
    method: Method
    says: str
    better: Literal["lower", "higher"] = "lower"
    rests_on: Literal["model", "data", "machine"] = "data"
    beside_paper: Literal["rounded", "ratio", "interval"] = "rounded"
    merge: Literal["mean", "largest"] = "mean"
    signed: bool = False
    ranked: bool = True
    exact: bool = False
    phase: Literal[Phase, ""] = ""
    place: int = 1000
    source: str = ""
    otherwise: str = ""

    @property
    def definition(self) -> str:
        """What it is and how it is got, in a sentence."""
        return f"{self.says} ({self.method})"

    def __call__(self, value: float, **fields: Any) -> Measurement:  # noqa: ANN401 - its own fields
        """The measurement of this figure.

        Args:
            value: The value in `unit`.
            fields: Further fields of `Measurement`: n, low, high, valid, reasons, detail ...
        """
        return Measurement(self.name, value, self.unit, self.method, **fields)

    def missing(self, reason: str, provenance: Provenance = "real") -> Measurement:
        """This figure as ``n/a``, with the reason."""
        return Measurement(
            self.name,
            None,
            self.unit,
            self.method,
            n=0,
            valid=False,
            reasons=(reason,),
            provenance=provenance,
        )


def by_phase(
    name: str,
    title: str,
    unit: str,
    method: Method,
    says: str,
    **fields: Any,  # noqa: ANN401 - fields of Figure
) -> dict[Phase, Figure]:
    """A figure that exists once for the training step and once for inference.

    Args:
        name: What follows ``train_`` and ``infer_``.
        title: Header, with ``{phase}`` for "Training" or "Inference", or ``{step}`` for "training
            step" or "inference of a batch".
        unit: Unit, as in `Figure`.
        method: Method, as in `Figure`.
        says: Definition, with ``{phase}`` in lower case, or ``{step}``.
        fields: Further fields of `Figure`.

    Returns:
        By phase: ``train`` and ``infer``.
    """
    return {
        phase: Figure(
            f"{phase}_{name}",
            title.format(phase=word, step=step),
            unit,
            method,
            says.format(phase=word.lower(), step=step),
            phase=phase,
            **fields,
        )
        for phase, (word, step) in _WORDS.items()
    }
