"""One measured, counted, modelled or quoted figure, and how it was got."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Measurement", "Method", "Provenance"]

Method = Literal["counted", "timed", "metered", "modelled", "quoted"]
Provenance = Literal["real", "simulated"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure that says how it was got, or why it could not be.

    Attributes:
        name: Name from `benchbench.metrics.registry`, e.g. ``macs_dense``.
        value: The figure in `unit`, or None where it could not be got.
        unit: SI unit or ``1`` for a share or a count.
        method: ``counted`` (arithmetic, exact), ``timed`` (clock), ``metered`` (sensor),
            ``modelled`` (a formula over counts) or ``quoted`` (from a paper).
        n: Number of samples behind `value`: images, windows or processes.
        low: Lower end of the 95 % interval, or None where there is none.
        high: Upper end of the 95 % interval, or None.
        valid: False where the figure must not be compared; `reasons` says why.
        reasons: Why there is no value, why it is invalid, or what to know when reading it.
        provenance: ``simulated`` where a simulated sensor stands behind it.
        detail: Further figures, JSON only: per layer, per window.
    """

    name: str
    value: float | None
    unit: str
    method: Method
    n: int = 1
    low: float | None = None
    high: float | None = None
    valid: bool = True
    reasons: tuple[str, ...] = ()
    provenance: Provenance = "real"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what would be a lie in a table.

        Raises:
            ValueError: The method is unknown, the value is not finite, or a missing value
                has no reason.
        """
        if self.method not in get_args(Method):
            raise ValueError(f"{self.name}: method {self.method!r} is none of {get_args(Method)}")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"{self.name}: {self.value} is not a figure; give None and a reason")
        if self.value is None and not self.reasons:
            raise ValueError(f"{self.name}: a missing value needs a reason")

    @classmethod
    def missing(cls, name: str, unit: str, method: Method, reason: str) -> Measurement:
        """A figure that could not be got: `n/a` in every table, with `reason`."""
        return cls(name, None, unit, method, n=0, valid=False, reasons=(reason,))

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measurement:
        """The inverse of `to_json`.

        Raises:
            TypeError: A field is missing or unknown.
        """
        return cls(**{**data, "reasons": tuple(data.get("reasons", ()))})
