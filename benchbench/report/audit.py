"""The claims audit: what the paper says, what its own figures give, and what this run found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.comparing.accuracies import LEVEL, accuracy_difference, every_difference
from benchbench.metrics.statistics import difference_error
from benchbench.report.format import Grid, Line, number, ratio_text

if TYPE_CHECKING:
    from benchbench.comparing.accuracies import AccuracyDifference
    from benchbench.results.schema import Results
    from benchbench.suite.tables import Claim, Difference

__all__ = ["accuracies", "claims"]


def claims(results: Results) -> Grid:
    """The paper's sentences, and what holds of them."""
    lines = [
        Line(
            (
                claim.text,
                "; ".join(filter(None, (claim.recomputed, _own_error(claim.difference)))),
                claim.verdict,
                "; ".join(filter(None, (_ratio(claim, results), _difference(claim, results)))),
                claim.note,
            )
        )
        for claim in results.suite.claims
    ]
    header = (
        "the paper says",
        "recomputed from its own figures",
        "verdict",
        "this run's",
        "note",
    )
    return Grid("Claims audit", header, tuple(lines), text_columns=5)


def accuracies(results: Results) -> list[Grid]:
    """Every two models on the same test images, and whether they differ by more than chance."""
    found = every_difference(results)
    if not found:
        return []
    lines = tuple(
        Line(
            (
                f"{_title(results, it.of)} - {_title(results, it.to)}",
                _points(it),
                number(it.n),
                f"{it.chance:.2g}",
                f"{adjusted:.2g}",
                "differ" if adjusted < LEVEL else "not resolved",
            )
        )
        for it, adjusted in found
    )
    header = ("", "points", "images", "p", "p, all pairs", "verdict")
    title = (
        "Accuracy, pair by pair on the same test images: McNemar's exact test, adjusted for the "
        f"number of pairs by Holm's method, {LEVEL:.0%} level; other seeds are not in it"
    )
    return [Grid(title, header, lines, text_columns=1, detail=len(lines) > 1)]


def _own_error(difference: Difference | None) -> str:
    """Whether the paper's difference is larger than the error of its own number of images."""
    if difference is None:
        return ""
    of, to = difference.paper
    half = 100 * difference_error(of / 100, to / 100, difference.n)
    inside = abs(of - to) <= half
    return (
        f"{of - to:+.2f} points ±{half:.2f} (binomial, {difference.n:,} images each): "
        f"{'not larger than' if inside else 'larger than'} its error"
    )


def _ratio(claim: Claim, results: Results) -> str:
    if claim.measure is None:
        return ""
    wanted = claim.measure
    found = results.comparison(wanted.metric, wanted.of, wanted.to)
    here = f"{ratio_text(found)} ({wanted.metric}, {wanted.of} : {wanted.to})"
    return here + (f": {found.reason}" if found and found.reason else "")


def _difference(claim: Claim, results: Results) -> str:
    if claim.difference is None:
        return ""
    of, to = claim.difference.of, claim.difference.to
    found = accuracy_difference(results, of, to)
    if found is None:
        return f"n/a ({of} - {to}): not both were trained in this run"
    if found.value is None:
        return f"n/a ({of} - {to}): {found.reason}"
    verdict = "they differ" if found.chance < LEVEL else "not resolved"
    return (
        f"{of} - {to}: {_points(found)} points on {found.n:,} equal images, "
        f"McNemar p = {found.chance:.2g}: {verdict}"
    )


def _points(found: AccuracyDifference) -> str:
    value, low, high = (100 * it for it in (found.value or 0.0, found.low, found.high))
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"


def _title(results: Results, model: str) -> str:
    return results.suite.model(model).title
