"""A ratio of two metered figures, with what the sensor's offset may be carried through.

A sensor's gain is the same for two windows of one sensor, so it falls out of their ratio. Its
offset does not: o watts more or less in both windows move the ratio of energies e to

    (e_a + o * s_a) / (e_b + o * s_b),    s: seconds per sample,

which is monotonic in o, so that the two ends -o and +o bound it; power and samples per joule are
made of the same energy and move with it, also where they are multiplied by a ``scale``, as accuracy
per joule is. The interval is the union of the statistical ones
(Student's t over log-ratios, paired by round) at both ends.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchbench.metrics.measurement import Round

    Interval = tuple[float, float | None, float | None]  # a ratio and the ends of its interval
    RatioOf = Callable[[Sequence[float], Sequence[float]], Interval]

__all__ = ["carried", "offset_of", "one_sensor", "sensors_of"]

Pair = tuple["Round", "Round"]

# What is made of a window's energy, by its joules, seconds and samples: per sample, power, samples
# per joule. Net energy is none of them: the offset is in its idle power as well, and falls out.
_MADE_OF_ENERGY = (
    lambda joules, _, samples: joules / samples,
    lambda joules, seconds, _: joules / seconds,
    lambda joules, _, samples: samples / joules,
)


def one_sensor(pairs: Sequence[Pair]) -> bool:
    """Whether every window of both sides was metered by the same sensor, or none by any."""
    return len({str(it.detail.get("sensor")) for pair in pairs for it in pair}) == 1


def sensors_of(rounds: Iterable[Round]) -> set[str]:
    """The sensors behind these rounds, by their names, which list what each of them counts."""
    return {str(name) for it in rounds if (name := it.detail.get("sensor"))}


def offset_of(rounds: Iterable[Round]) -> float:
    """The largest offset that a window's sensor may have, watts; 0 where there was no sensor."""
    return max((float(it.detail.get("offset_w", 0.0)) for it in rounds), default=0.0)


def carried(
    over: Sequence[Round], under: Sequence[Round], offset_w: float, ratio_of: RatioOf
) -> tuple[float | None, float | None] | None:
    """The ends of the ratio's interval; None where the offset is as large as the power.

    Args:
        over: Windows of the numerator; positive.
        under: Windows of the denominator.
        offset_w: Largest offset of their sensor, watts.
        ratio_of: Ratio of the two sides' values with its interval: paired by round, or Welch's.

    Returns:
        Lower and upper end, each None with fewer than two rounds: one has no spread.
    """
    lows, highs = list[float](), list[float]()
    for shift_w in (-offset_w, offset_w):
        moved = [
            [value for it in side if (value := _shifted(it, shift_w)) is not None]
            for side in (over, under)
        ]
        if [*map(len, moved)] != [len(over), len(under)]:
            return None
        _, low, high = ratio_of(moved[0], moved[1])
        if low is None or high is None:
            return None, None
        lows.append(low)
        highs.append(high)
    return min(lows), max(highs)


def _shifted(window: Round, shift_w: float) -> float | None:
    """A window's figure if its power were `shift_w` more; None where nothing would be left."""
    value, detail = window.value or 0.0, window.detail
    if not shift_w or "window_j" not in detail:
        return value
    joules, seconds, samples = (float(detail[key]) for key in ("window_j", "seconds", "samples"))
    scale = float(detail.get("scale", 1.0))
    for figure in _MADE_OF_ENERGY:
        if math.isclose(scale * figure(joules, seconds, samples), value, rel_tol=1e-6):
            moved = joules + shift_w * seconds
            return scale * figure(moved, seconds, samples) if moved > 0 else None
    return value
