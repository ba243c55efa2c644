"""Who needs less energy, as far as this sensor can tell.

A sensor's gain is the same for two windows of one sensor, so it falls out of their ratio. Its
offset does not: o watts more or less in both windows move the ratio of energies e to

    (e_a + o * s_a) / (e_b + o * s_b),    s: seconds per sample,

which is monotonic in o, so that the two ends -o and +o bound it. The interval that is stated is the
union of the statistical ones (Student's t over log-ratios, paired by round) at both ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench.metrics.ratio import refusal
from benchbench.metrics.statistics import paired_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = ["Resolved", "resolve"]

Pair = tuple["Mapping[str, Any]", "Mapping[str, Any]"]
UNRESOLVED = "not resolvable with this meter"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The ratio of two models' energies per sample.

    Attributes:
        value: Geometric mean of the rounds' ratios; None where there is none.
        low: Lower end with the sensor's offset carried through; None where there is none.
        high: Upper end.
        verdict: ``less``, ``more``, or ``not resolvable with this meter``.
        reason: Why it is not; empty where it is.
    """

    value: float | None
    low: float | None
    high: float | None
    verdict: str
    reason: str = ""


def resolve(over: Measurement | None, under: Measurement | None) -> Resolved | None:
    """Compare the metered energy of two models.

    Args:
        over: The first one's energy per sample, with its windows in the detail.
        under: The second one's.

    Returns:
        None where neither was metered at all.
    """
    sides = [it for it in (over, under) if it is not None and it.value is not None]
    if not sides:
        return None
    why, pairs = _pairs(sides)
    if why:
        return Resolved(None, None, None, UNRESOLVED, why)
    value, *_ = paired_ratio(*_shifted(pairs, 0.0))
    offset_w = max(float(item["offset_w"]) for pair in pairs for item in pair)
    why, low, high = _interval(pairs, offset_w)
    if low is None or high is None:
        return Resolved(value, None, None, UNRESOLVED, why)
    if low <= 1 <= high:
        why = f"1 lies in the interval, which holds the sensor's offset of {offset_w:g} W"
        return Resolved(value, low, high, UNRESOLVED, why)
    return Resolved(value, low, high, "less" if high < 1 else "more")


def _pairs(sides: Sequence[Measurement]) -> tuple[str, list[Pair]]:
    """The windows of both sides by round, or why they cannot be compared."""
    if len(sides) < 2:
        return "one of the two was not metered", []
    for side, name in zip(sides, ("the first", "the second"), strict=True):
        if why := refusal(side, name):
            return why, []
    first, second = (_rounds(side) for side in sides)
    pairs = [(first[key], second[key]) for key in sorted(first.keys() & second.keys())]
    sensors = {str(item.get("sensor")) for pair in pairs for item in pair}
    if not pairs or len(sensors) > 1 or len({side.provenance for side in sides}) > 1:
        return "the two were metered by different sensors, whose gains do not cancel", []
    return "", pairs


def _interval(pairs: Sequence[Pair], offset_w: float) -> tuple[str, float | None, float | None]:
    """Why there is none, or its ends with the offset carried through."""
    ends: list[float] = []
    for shift_w in (-offset_w, offset_w):
        energies = _shifted(pairs, shift_w)
        if min(min(side) for side in energies) <= 0:
            return f"the sensor's offset of {offset_w:g} W is as large as the power", None, None
        _, low, high = paired_ratio(*energies)
        if low is None or high is None:
            return "one round gives no interval", None, None
        ends += [low, high]
    return "", min(ends), max(ends)


def _rounds(side: Measurement) -> dict[int, Mapping[str, Any]]:
    """What is stored of each window, by round."""
    return {
        found.repeat: found.detail
        for found in side.rounds()
        if found.value is not None and "offset_w" in found.detail
    }


def _shifted(pairs: Sequence[Pair], shift_w: float) -> tuple[list[float], list[float]]:
    """Energies per sample of both sides if every power were `shift_w` more."""
    first, second = (
        [
            (float(item["window_j"]) + shift_w * float(item["seconds"])) / float(item["samples"])
            for item in side
        ]
        for side in zip(*pairs, strict=True)
    )
    return first, second
