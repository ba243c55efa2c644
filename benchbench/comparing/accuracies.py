"""Two models' accuracies on the same images: how far apart, and is that more than chance?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from benchbench.metrics.place import apart
from benchbench.metrics.ratio import unusable
from benchbench.metrics.statistics import holm, mcnemar, paired_difference

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

__all__ = [
    "LEVEL",
    "AccuracyDifference",
    "accuracy_difference",
    "ends_of_difference",
    "every_difference",
]

ACCURACY = "accuracy"
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class AccuracyDifference:
    """The accuracy of one model less that of another, on the same samples.

    Attributes:
        of: Id of the one model.
        to: Id of the other.
        value: The difference as a share; None where it was refused.
        low: Lower end of its 95 % interval.
        high: Upper end.
        chance: Probability of a difference so large where there is none, by McNemar's exact test.
        n: Number of samples.
        reason: Why it was refused; else empty.
    """

    of: str
    to: str
    value: float | None = None
    low: float = 0.0
    high: float = 0.0
    chance: float = 1.0
    n: int = 0
    reason: str = ""


def accuracy_difference(results: Results, of: str, to: str) -> AccuracyDifference | None:
    """Two models of a run; None where one of them has no accuracy.

    Args:
        results: The run.
        of: Id of the one model.
        to: Id of the other.
    """
    one, other = (results.figure(model, ACCURACY) for model in (of, to))
    if one is None or other is None or one.value is None or other.value is None:
        return None
    if why := _refused(results, one, other, (of, to)):
        return AccuracyDifference(of, to, reason=why)
    first, second, total = _right_alone(one, other)
    low, high = paired_difference(first, second, total)
    chance = mcnemar(first, second)
    return AccuracyDifference(of, to, (first - second) / total, low, high, chance, total)


def every_difference(results: Results) -> list[tuple[AccuracyDifference, float]]:
    """Every pair of models that have the same samples, in the suite's order.

    Returns:
        Each with its probability after Holm's adjustment for the number of pairs.
    """
    # Only those that have one: a thousand models are half a million pairs.
    models = [cell.model for cell in results.cells if ACCURACY in cell.measurements]
    found = [accuracy_difference(results, *pair) for pair in combinations(models, 2)]
    usable = [it for it in found if it is not None and it.value is not None]
    return [*zip(usable, holm([it.chance for it in usable]), strict=True)]


def ends_of_difference(one: Measurement, other: Measurement) -> tuple[float, float] | None:
    """The 95 % interval of one figure of trained weights less another.

    Of accuracies on the same samples it is that of paired proportions; of all others, also of means
    over seeds, what either side's own interval moves it by, added in quadrature.

    Args:
        one: Accuracy or error, or its mean over several trainings.
        other: The same figure of other weights.

    Returns:
        Lower and upper end; None where a side has no interval of its own.
    """
    if None in (one.value, one.low, one.high, other.value, other.low, other.high):
        return None
    labels = [it.detail.get("labels") for it in (one, other)]
    has_guesses = all("guesses" in it.detail for it in (one, other))
    if labels[0] and labels[0] == labels[1] and has_guesses:
        return paired_difference(*_right_alone(one, other))
    middle = (one.value or 0.0) - (other.value or 0.0)
    down = math.hypot(*(_side(it, up) for it, up in ((one, False), (other, True))))
    up = math.hypot(*(_side(it, up) for it, up in ((one, True), (other, False))))
    return middle - down, middle + up


def _side(figure: Measurement, up: bool) -> float:  # noqa: FBT001 - which end
    end = figure.high if up else figure.low
    return abs((end or 0.0) - (figure.value or 0.0))


def _right_alone(one: Measurement, other: Measurement) -> tuple[int, int, int]:
    """How many samples only the one has right, how many only the other, and how many there are."""
    labels, *guesses = one.detail["labels"], one.detail["guesses"], other.detail["guesses"]
    right = [[a == b for a, b in zip(labels, found, strict=True)] for found in guesses]
    pairs = [*zip(*right, strict=True)]
    return pairs.count((True, False)), pairs.count((False, True)), len(pairs)


def _refused(results: Results, one: Measurement, other: Measurement, names: tuple[str, str]) -> str:
    """Why two accuracies are not those of the same samples; empty where they are."""
    titles = [results.suite.model(name).title for name in names]
    for figure, title in zip((one, other), titles, strict=True):
        if why := unusable(figure, title):
            return why
        if not {"labels", "guesses"} <= {*figure.detail}:
            return f"{title}: its result holds no guess of each image"
    data = [results.data_of(results.cell(name))["digest"] for name in names]
    if data[0] != data[1] or one.detail["labels"] != other.detail["labels"]:
        return "they were measured on different images"
    return apart(one, other)
