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
        status: ``ok``, ``invalid``, ``error``, ``oom``, ``timeout`` or ``crash``.
        reason: Why it is not ok; empty where it is.
        measurements: Every figure.
        facts: What the model is made of: its kinds of neurons.
    """

    status: str
    reason: str
    measurements: tuple[Measurement, ...]
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return plain(self)
