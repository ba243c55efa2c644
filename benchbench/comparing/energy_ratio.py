"""Who needs less energy, as far as this sensor can tell.

The ratio and its interval, which holds the sensor's offset, are those of every table and claim:
`benchbench.metrics.ratio`. Here they get their verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.metrics.ratio import NoRatio, ratio

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

__all__ = ["Resolved", "resolve"]

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
    metered = [it is not None and it.value is not None for it in (over, under)]
    if not any(metered):
        return None
    if not all(metered):
        return Resolved(None, None, None, UNRESOLVED, "one of the two was not metered")
    found = ratio(over, under)
    if isinstance(found, NoRatio):
        return Resolved(None, None, None, UNRESOLVED, found.reason)
    value, low, high = found.value, found.low, found.high
    if low is None or high is None:
        why = found.reason or "one round gives no interval"
        return Resolved(value, None, None, UNRESOLVED, why)
    if low <= 1 <= high:
        why = f"1 lies in the interval, which holds the sensor's offset of {found.offset_w:g} W"
        return Resolved(value, low, high, UNRESOLVED, why)
    return Resolved(value, low, high, "less" if high < 1 else "more")
