"""Whether a counter's readings are possible: no step is too high, every part moves, and none back.

These three need no second sensor. What they cannot see is a fault smaller than what the device
could have drawn meanwhile: how large that may be is stated, and without a power reading beside the
counter it is all that can be said (`unchecked`).
"""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from benchbench.meters import Ceiling
    from benchbench.probes.metering.sampler import Sample

__all__ = ["Plausibility", "plausible"]

STILL_S = 0.3  # ours: three updates of the slowest counter that is known, 100 ms
UPDATES = 3  # ours: what a counter with longer steps may stand still for, in its own steps
_REMEDY = "the counter jumped or was misread; run the cell again"


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What was found.

    Attributes:
        invalid: Reasons for which the energy is not to be believed.
        unseen_j: Most that one fault of the counter could have added or taken without being seen.
    """

    invalid: tuple[str, ...]
    unseen_j: float


def plausible(
    ceiling: Ceiling,
    energy_j: float,
    samples: Sequence[Sample],
    start_s: float,
    end_s: float,
    may_rest: Container[str] = (),
) -> Plausibility:
    """Hold a counter's readings against what the device can draw.

    Args:
        ceiling: Power that it does not exceed.
        energy_j: Energy from `start_s` to `end_s` by the counter.
        samples: Readings meanwhile and shortly before and after, in the order of time.
        start_s: Start of the stretch, seconds.
        end_s: End of it.
        may_rest: Names of counters that stand still while their part of the device does nothing.
    """
    read = [item for item in samples if item.energy_j is not None]
    invalid = [*_too_high(ceiling, energy_j, read, end_s - start_s), *_gone_back(read)]
    longest_s = STILL_S
    for name, times in _changes(read).items():
        stood_s, allowed_s = times
        longest_s = max(longest_s, allowed_s)
        if stood_s > allowed_s and name not in may_rest:
            text = f"frozen: {name} stood still for {stood_s:.1f} s, so its energy is missing"
            invalid.append(f"{text}: run the cell again, see `dmesg`")
    within = [item.time_s for item in read if start_s < item.time_s < end_s]
    gap_s = max(b - a for a, b in itertools.pairwise([start_s, *within, end_s]))
    return Plausibility(tuple(invalid), ceiling.reach_j(longest_s + 2 * gap_s))


def _too_high(
    ceiling: Ceiling, energy_j: float, read: Sequence[Sample], seconds: float
) -> list[str]:
    """Why the mean, or the highest step, is more than the device can draw."""
    if energy_j > ceiling.power_w * seconds:
        text = f"impossible: {energy_j / seconds:,.0f} W over {seconds:.1f} s"
        return [f"{text} is more than {ceiling.source} allows: {_REMEDY}"]
    steps = [
        (after.energy_j - before.energy_j, after.time_s + after.took_s - before.time_s)
        for before, after in itertools.pairwise(read)
        if before.energy_j is not None and after.energy_j is not None
    ]
    for step_j, apart_s in steps:
        if step_j > ceiling.reach_j(apart_s):
            text = f"impossible: the counter rose by {step_j:,.0f} J in {apart_s:.2f} s"
            return [f"{text}, more than {ceiling.source} allows: {_REMEDY}"]
    return []


def _gone_back(read: Sequence[Sample]) -> list[str]:
    """Which counters fell from one reading to the next: what they had counted by then is lost."""
    found = {}
    for before, after in itertools.pairwise(read):
        for name, now_j in after.counters_j.items():
            fell_j = before.counters_j.get(name, now_j) - now_j
            if fell_j > 0:
                text = f"impossible: {name} went back by {fell_j:,.3g} J, so energy is missing"
                found[name] = f"{text}: {_REMEDY}"
    return list(found.values())


def _changes(read: Sequence[Sample]) -> Mapping[str, tuple[float, float]]:
    """Longest time for which each counter stood still, and for which it may, seconds."""
    found = {}
    for name in dict.fromkeys(name for item in read for name in item.counters_j):
        values = [(i.time_s, i.counters_j[name]) for i in read if name in i.counters_j]
        stood_s, since_s = 0.0, values[0][0]
        changes: list[float] = []  # the first reading is none: it may stand for ever so long
        for (_, before_j), (time_s, now_j) in itertools.pairwise(values):
            if now_j != before_j:
                since_s = time_s
                changes.append(time_s)
            stood_s = max(stood_s, time_s - since_s)
        steps = [after - before for before, after in itertools.pairwise(changes)]
        usual_s = statistics.median(steps) if steps else 0.0
        found[name] = (stood_s, max(STILL_S, UPDATES * usual_s))
    return found
