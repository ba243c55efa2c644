"""The one ratio of two figures: for tables, claims, verdicts, comparisons of runs and baselines.

It refuses what would make a false one: a figure that is not there, is invalid, or is at or below 0,
and a simulated figure over a real one. A refusal is a type of its own, with its reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchbench.metrics import offset
from benchbench.metrics.place import apart
from benchbench.metrics.registry import METRICS
from benchbench.metrics.statistics import paired_ratio, welch_ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchbench.metrics.measurement import Measurement, Round

__all__ = ["NoRatio", "Ratio", "ratio", "refusal", "unusable"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two figures.

    Attributes:
        value: Ratio of the geometric means.
        low: Lower end of its 95 % interval; None where there are too few processes for one.
        high: Upper end.
        n: Number of pairs of processes; where nothing is paired, of processes on the smaller side.
        reason: Why there is no interval though there are processes enough; else empty.
        offset_w: Offset of the sensor that the interval holds, watts; 0 where there was none.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    reason: str = ""
    offset_w: float = 0.0


@dataclass(frozen=True, slots=True)
class NoRatio:
    """Why two figures have none."""

    reason: str


def ratio(
    over: Measurement | None,
    under: Measurement | None,
    *,
    names: tuple[str, str] = ("the first", "the second"),
    paired: bool = True,
) -> Ratio | NoRatio:
    """One figure over another.

    Args:
        over: The numerator.
        under: The denominator, of the same metric.
        names: What the two sides are called in a reason.
        paired: Whether both are of one run, whose rounds were interleaved: then a round is a pair,
            a drift of the machine falls out, and the offset of a sensor is carried through. Else
            the processes of the two sides are independent (Welch's interval).
    """
    for side, name in ((under, names[1]), (over, names[0])):
        if why := refusal(side, name):
            return NoRatio(why)
    if over is None or under is None or over.value is None or under.value is None:
        raise AssertionError("refusal has let a missing figure pass")
    mixed = "one is simulated, the other is not" if over.provenance != under.provenance else ""
    if why := mixed or (apart(over, under) if paired else ""):
        return NoRatio(why)
    declared = METRICS.get(over.name)
    if declared is not None and declared.merge == "largest":  # the largest of all has no rounds
        return Ratio(over.value / under.value, None, None, 1)
    sides = [{r.repeat: r for r in side.rounds() if r.value} for side in (over, under)]
    if not paired:
        found = _unpaired(*([*side.values()] for side in sides))
        return _with_factors(found, over, under)
    pairs = [(sides[0][key], sides[1][key]) for key in sorted(sides[0].keys() & sides[1].keys())]
    if not pairs:
        return NoRatio(f"{names[0]} and {names[1]} have no round in common")
    return _with_factors(_paired(pairs), over, under)


def _unpaired(over: Sequence[Round], under: Sequence[Round]) -> Ratio | NoRatio:
    """The ratio of two runs; a sensor of another name counts other parts of the machine."""
    now, before = offset.sensors_of(over), offset.sensors_of(under)
    if before and now and before != now:
        told = " : ".join(", ".join(sorted(names)) for names in (before, now))
        return NoRatio(f"metered by other sensors, which count other things: {told}")
    new, base = ([it.value for it in side if it.value] for side in (over, under))
    found = Ratio(*welch_ratio(base, new), min(len(new), len(base)))
    offset_w = offset.offset_of((*over, *under))
    if not offset_w:
        return found
    ends = offset.carried(over, under, offset_w, lambda new, base: welch_ratio(base, new))
    if ends is None:
        return replace(found, low=None, high=None, reason=_as_large(offset_w), offset_w=offset_w)
    return replace(found, low=ends[0], high=ends[1], offset_w=offset_w)


def _paired(pairs: Sequence[tuple[Round, Round]]) -> Ratio | NoRatio:
    """The ratio over rounds; of metered figures the interval holds their sensor's offset."""
    if not offset.one_sensor(pairs):
        return NoRatio("the two were metered by different sensors, whose gains do not cancel")
    n, offset_w = len(pairs), offset.offset_of(it for pair in pairs for it in pair)
    over, under = [one for one, _ in pairs], [other for _, other in pairs]
    value, low, high = paired_ratio(*([it.value or 0.0 for it in side] for side in (over, under)))
    if not offset_w:
        return Ratio(value, low, high, n)
    ends = offset.carried(over, under, offset_w, paired_ratio)
    if ends is None:
        return Ratio(value, None, None, n, _as_large(offset_w), offset_w)
    return Ratio(value, *ends, n, offset_w=offset_w)


def _as_large(offset_w: float) -> str:
    return f"the sensor's offset of {offset_w:g} W is as large as the power"


def _with_factors(found: Ratio | NoRatio, over: Measurement, under: Measurement) -> Ratio | NoRatio:
    """The interval with that of a factor which is the same in every round, such as an accuracy."""
    if isinstance(found, NoRatio) or found.low is None or found.high is None:
        return found
    spans = [(math.log(found.value / found.low), math.log(found.high / found.value))]
    for side, upside_down in ((over, False), (under, True)):
        factor = side.detail.get("factor", {})
        if None in (ends := [factor.get(key) for key in ("low", "value", "high")]):
            continue
        low, value, high = ends
        if low <= 0:
            return replace(found, low=None, high=None, reason="a factor of it may be 0")
        span = (math.log(value / low), math.log(high / value))
        spans.append((span[1], span[0]) if upside_down else span)
    down, up = (math.hypot(*sides) for sides in zip(*spans, strict=True))
    return replace(found, low=found.value * math.exp(-down), high=found.value * math.exp(up))


def refusal(figure: Measurement | None, whose: str) -> str:
    """Why a figure must enter no ratio; empty where it may.

    Args:
        figure: The figure.
        whose: What its side is called, e.g. ``the base``.
    """
    why = unusable(figure, whose)
    if figure is None or figure.value is None or why:
        return why
    below = _below(r.value for r in figure.rounds())
    if figure.value <= 0 or below is not None:
        least = figure.value if below is None else below
        return f"{least:g} in {whose}: only positive figures have a ratio"
    return ""


def unusable(figure: Measurement | None, whose: str) -> str:
    """Why a figure must enter no verdict; empty where it may.

    Args:
        figure: The figure.
        whose: What its side is called, e.g. ``the base``.
    """
    if figure is None:
        return f"{whose} does not have it"
    why = "; ".join(figure.reasons)
    if figure.value is None:
        return f"n/a in {whose}: {why}"
    if not figure.valid:
        return f"invalid in {whose}: {why or 'no reason was given'}"
    return ""


def _below(values: Iterable[float | None]) -> float | None:
    """The first value at or below 0; None where there is none."""
    return next((value for value in values if value is not None and value <= 0), None)
