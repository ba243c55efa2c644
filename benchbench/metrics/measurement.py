"""One measured, counted, modelled or quoted figure, and how it was got."""

from __future__ import annotations

import math
from collections.abc import Mapping  # noqa: TC003 - `codec` reads the annotations
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

__all__ = ["Measurement", "Method", "Provenance", "Round"]

Method = Literal["counted", "timed", "metered", "modelled", "quoted"]
Provenance = Literal["real", "simulated"]


@dataclass(frozen=True, slots=True)
class Round:
    """A figure in one process.

    Attributes:
        repeat: Number of the round, from 0: the rounds of all models are interleaved.
        value: The figure; None where it could not be got.
        valid: False where it must not be compared.
        detail: What stands behind it.
    """

    repeat: int
    value: float | None
    valid: bool
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure that says how it was got, or why it could not be.

    >>> import benchbench
    >>> benchbench.Measurement("params", 46, "1", "counted").valid
    True
    >>> benchbench.Measurement("params", None, "1", "counted")  # n/a wants its reason
    Traceback (most recent call last):
    ValueError: params: a missing value needs a reason

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

    def rounds(self) -> tuple[Round, ...]:
        """The figure in each process; one round, itself, where it was taken in one alone."""
        repeats = self.detail.get("repeats")
        if repeats is None:
            return (Round(self.detail.get("repeat", 0), self.value, self.valid, self.detail),)
        return tuple(
            Round(item.get("repeat", index), item["value"], item.get("valid", True), item)
            for index, item in enumerate(repeats)
        )

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return asdict(self)
