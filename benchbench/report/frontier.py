"""What a frontier's evidence comes to: who costs what where no test tells two accuracies apart.

A figure with ``front: true`` and accuracy on one axis says which families of models are weighed
against each other. The first family is set against each of the others, in one sentence: at the most
accurate pair that McNemar's test does not tell apart, or that there is none.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from benchbench.comparing.accuracies import ACCURACY, LEVEL, accuracy_difference
from benchbench.display.text import first_of
from benchbench.metrics.ratio import unusable
from benchbench.metrics.registry import METRICS
from benchbench.report.best import intervals_apart
from benchbench.report.findings import HeadlineFinding, digits, ratio_finding
from benchbench.report.headline import Headline
from benchbench.report.modelled import charges_for_computing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchbench.comparing.accuracies import AccuracyDifference
    from benchbench.results.schema import Results

__all__ = ["frontier"]

EQUAL = "At accuracies that McNemar's test does not tell apart"
UNEQUAL = "Equal accuracy"
NAMED = 3  # formulas in a sentence
NO_TRUTH = "no formula is the truth; each charges both networks at its own precision"
FEW_BIT_TWIN = "modelled_few_bit_twin"


def frontier(results: Results) -> tuple[Headline, ...]:
    """A sentence for each family that a frontier of the suite sets the first one against."""
    found: dict[tuple[str, str], Headline] = {}
    for chart in results.suite.figures:
        weighs = ACCURACY in {chart.x.metric, chart.y.metric} and len(chart.lines) > 1
        if not (chart.front and weighs):
            continue
        (first, ours), *others = chart.lines.items()
        for name, theirs in others:
            if (first, name) not in found:
                found[first, name] = _sentence(results, (first, ours), (name, theirs))
    return tuple(found.values())


def _sentence(
    results: Results, first: tuple[str, Sequence[str]], other: tuple[str, Sequence[str]]
) -> Headline:
    """One family against another.

    The probability is not adjusted for the number of pairs: that would call more of them equal.
    """
    pairs = product(first[1], other[1])
    known = [it for pair in pairs if (it := accuracy_difference(results, *pair))]
    apart = [it for it in known if it.value is not None]
    equal = [it for it in apart if it.chance >= LEVEL]
    if equal:
        best = max(equal, key=lambda it: _accuracy(results, it.of) + _accuracy(results, it.to))
        one, two = (results.suite.model(model).title for model in (best.of, best.to))
        # Not "equal": that no test tells them apart is all that is known.
        said = HeadlineFinding(ACCURACY, _accuracies(results, best), "no interval")
        costs = [*_modelled(results, best.of, best.to), *_measured(results, best.of, best.to)]
        return Headline(one, two, (said, *costs), EQUAL)
    if apart:
        near = min(apart, key=lambda it: abs(it.value or 0.0))
        titles = [results.suite.model(model).title for model in (near.of, near.to)]
        text = (
            f"no two of them; the nearest are {' and '.join(titles)}: {_accuracies(results, near)}"
        )
        why = HeadlineFinding(ACCURACY, text, "better" if (near.value or 0.0) > 0 else "worse")
    else:
        reason = next((it.reason for it in known), "no two of them have an accuracy")
        why = HeadlineFinding(ACCURACY, f"not comparable: {reason}", "not measured")
    return Headline(first[0], other[0], (why,), UNEQUAL)


def _accuracy(results: Results, model: str) -> float:
    figure = results.figure(model, ACCURACY)
    return (figure.value if figure else None) or 0.0


def _accuracies(results: Results, it: AccuracyDifference) -> str:
    """Both, their difference with its interval, and how likely chance alone gives it."""
    one, other = (f"{100 * _accuracy(results, model):.1f} %" for model in (it.of, it.to))
    value, low, high = (100 * share for share in (it.value or 0.0, it.low, it.high))
    return (
        f"{one} and {other}, {value:+.1f} points [{low:+.1f}, {high:+.1f}] on {it.n:,} images "
        f"(p = {it.chance:.2g})"
    )


def _modelled(results: Results, of: str, to: str) -> Iterator[HeadlineFinding]:
    """The first's modelled energy over the second's: the least and the most, and who wins where.

    Of formulas that charge for computing, and of figures that are apart by their intervals.
    """
    ratios, unresolved, missing = dict[str, float](), 0, list[str]()
    for name, metric in METRICS.items():
        over, under = (results.figure(model, name) for model in (of, to))
        if not metric.source or not charges_for_computing(name):
            continue
        title = metric.title.partition(": ")[2] or metric.title
        without = [not figure or bool(unusable(figure, "")) for figure in (over, under)]
        if any(without):
            missing += [] if all(without) else [title]
            continue
        if over and under and over.value and under.value:
            if over.value != under.value and not intervals_apart(over, under):
                unresolved += 1
                continue
            ratios[title] = over.value / under.value
    every = len(ratios) + unresolved
    lacking = f"; n/a for one of the two under {first_of(missing, NAMED)}" if missing else ""
    if not ratios:
        text = f"not resolved under any of {every} formulas" if every else "n/a"
        yield HeadlineFinding("", f"modelled energy: {text}{lacking}", "not measured")
    else:
        text = f"{_spread(ratios, every)}{lacking} ({NO_TRUTH})"
        yield HeadlineFinding("", text, "no interval")
    yield from _few_bits(results, of)


def _spread(ratios: Mapping[str, float], every: int) -> str:
    """The least and the most of the ratios under formulas, and how many are on which side."""
    least, most = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
    text = f"needs {digits(ratios[least])} x the modelled energy under '{least}'"
    if most != least:
        text += f" and {digits(ratios[most])} x under '{most}'"
    less, more = (sum(sign * it < sign for it in ratios.values()) for sign in (1, -1))
    if every > 1:
        unsure = every - less - more
        text += f", less under {less} and more under {more} of {every} formulas"
        text += f", neither under {unsure}" if unsure else ""
    return text


def _few_bits(results: Results, of: str) -> Iterator[HeadlineFinding]:
    """The first's arithmetic over that of its own layers as a ReLU network of few bits."""
    figure, twin = (results.figure(of, name) for name in ("modelled_compute_int8", FEW_BIT_TWIN))
    if unusable(figure, of) or unusable(twin, of):
        return
    if figure and twin and figure.value and twin.value and (bits := twin.detail.get("bits")):
        text = f"needs {digits(figure.value / twin.value)} x the modelled energy of its own layers"
        with_bits = "1 bit" if bits == 1 else f"{bits} bits"
        text += f" run once with {with_bits}, by arithmetic alone, int8"
        text += " (the twin of Yan et al. 2024; its cost is ours)"
        text += "" if intervals_apart(figure, twin) else ", which is not resolved"
        yield HeadlineFinding("", text, "no interval")


def _measured(results: Results, of: str, to: str) -> Iterator[HeadlineFinding]:
    """What a clock and a sensor say; energy where one of the two was metered."""
    yield ratio_finding(results, "latency", of, to) or HeadlineFinding(
        "latency", "latency: not measured", "not measured"
    )
    energies = [results.figure(model, "infer_energy") for model in (of, to)]
    if any(it and it.value is not None for it in energies) and (
        found := ratio_finding(results, "infer_energy", of, to)
    ):
        yield found
