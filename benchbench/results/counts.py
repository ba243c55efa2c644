"""What was counted of one model by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchbench.codec import plain
from benchbench.metrics.measurement import Measurement  # noqa: TC001 - a field of what is stored

__all__ = ["Counts"]


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a model.

    Attributes:
        model: The model's reference, or the name of its class.
        data: What it was counted on: data, the caller's inputs, or a shape.
        synthetic: Whether that is drawn data.
        status: ``ok``, ``invalid``, ``error``, ``oom``, ``timeout`` or ``crash``.
        reason: Why it is not ok; empty where it is.
        measurements: Every figure.
        facts: What the model is made of: its kinds of neurons.
    """

    model: str
    data: str
    synthetic: bool
    status: str
    reason: str
    measurements: tuple[Measurement, ...]
    facts: dict[str, Any]

    def __getitem__(self, name: str) -> Measurement:
        """The figure of this name.

        Raises:
            KeyError: There is none.
        """
        return {figure.name: figure for figure in self.measurements}[name]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return plain(self)
