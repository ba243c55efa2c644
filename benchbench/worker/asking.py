"""Asks every probe that can be asked, once, and hands over what it gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import torch

from benchbench.metrics.registry import ready

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement

__all__ = ["Asking", "Hearer", "count_alone"]


class Hearer(Protocol):
    """Who hears what probes give: a worker's channel, or a caller in this process."""

    def phase(self, name: str) -> None:
        """Something begins now."""

    def measurements(self, figures: Sequence[Measurement]) -> None:
        """Figures were given."""

    def refused(self, reason: str) -> None:
        """A probe refused."""


class Asking:
    """Asks every probe that can be asked, once, and hands over what it gives.

    Attributes:
        figures: What was given so far, by name.
    """

    def __init__(self, listener: Hearer, but: tuple[str, ...] = ()) -> None:
        """Nothing has been asked yet.

        Args:
            listener: Hears figures and refusals.
            but: Names of probes that are not asked.
        """
        self._listener, self._done = listener, [*but]
        self.figures: dict[str, Measurement] = {}

    def ask(self, refusal: str = "", **given: object) -> None:
        """Ask the probes that take no more than what is given.

        Args:
            refusal: Why none of them can be asked; all of their figures are then ``n/a``.
            given: What there is, by the names that probes have for it.
        """
        for probe in ready(given, self._done):
            self._done.append(probe.name)
            self._listener.phase(f"count {probe.name.replace('_', ' ')}")
            taken = probe.refusing(refusal) if refusal else probe.take(given)
            self.figures |= {figure.name: figure for figure in taken.figures}
            self._listener.measurements([*taken.figures, *self._noted(taken.figures)])
            if taken.refusal:
                self._listener.refused(taken.refusal)

    def _noted(self, figures: Sequence[Measurement]) -> list[Measurement]:
        """Figures that were given before and that must not be compared, as these have found.

        They are given again, with what the `notes_on` of one of these say. A listener keeps the
        last.
        """
        noted = []
        for figure in figures:
            for name, note in figure.detail.get("notes_on", {}).items():
                found = self.figures.get(name)
                if found is not None and found.value is not None:
                    reasons = (*found.reasons, note)
                    self.figures[name] = replace(found, valid=False, reasons=reasons)
                    noted.append(self.figures[name])
        return noted


def count_alone(
    model: nn.Module,
    inputs: Sequence[Inputs | Tensor] | tuple[int, ...],
    listener: Hearer,
    formulas: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Count a model by itself, with the weights that it has.

    Args:
        model: Model on the CPU.
        inputs: Batches that spikes are counted on; or the shape of one sample, and then
            nothing is counted that rests on data.
        listener: Hears figures and refusals.
        formulas: Parameters of formulas, as `Settings` has them.
    """
    asked = Asking(listener, but=("depth",))
    first = inputs[0]
    if not isinstance(first, int):
        asked.ask(
            model=model,
            example=first[:1],
            batches=inputs,
            figures=asked.figures,
            formulas=formulas or {},
        )
    else:
        asked.ask(model=model, example=torch.rand(1, *inputs))
