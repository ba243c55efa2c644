"""Two accuracies on the same images: who is better, by how much, is it chance, may it be asked?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scipy import stats

from benchbench.comparing.accuracies import accuracy_difference, every_difference
from benchbench.metrics.registry import measured, unavailable
from benchbench.report.audit import accuracies, claims
from benchbench.results.schema import CellResult, Results
from benchbench.suite.schema import Model, Suite
from benchbench.suite.tables import Claim, Difference

LABELS = "0123456" * 100
RUN: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}


def guesses(wrong: range) -> str:
    """Right but for these images."""
    return "".join("x" if at in wrong else label for at, label in enumerate(LABELS))


def results_of(
    models: dict[str, str], claim: Claim | None = None, data: tuple[str, ...] = (), **detail: Any
) -> Results:
    """A run of models with these guesses."""
    cells = []
    for number, (name, found) in enumerate(models.items()):
        share = sum(a == b for a, b in zip(LABELS, found, strict=True)) / len(LABELS)
        given = {"labels": LABELS, "guesses": found} | (detail if name == "b" else {})
        figure = measured("accuracy", share, n=len(LABELS), detail=given)
        on = data[number] if data else ""
        figures = {"accuracy": figure}
        cells.append(CellResult(name, name, "cpu", "ok", (), {}, figures, data=on))
    suite = Suite(
        1,
        "s",
        tuple(Model(name, f"m.py:{name}", label=name.upper()) for name in models),
        claims=(claim,) if claim else (),
    )
    about = {"synthetic": False, "digest": "0", "also": [{"synthetic": False, "digest": "1"}]}
    return Results(RUN, {}, about, suite, tuple(cells), (), "0")


def test_only_images_that_one_alone_has_right_count() -> None:
    """A has 30 more right, of which 20 are B's to have wrong alone; p is scipy's."""
    found = accuracy_difference(
        results_of({"a": guesses(range(10)), "b": guesses(range(5, 45))}), "a", "b"
    )
    assert found is not None
    assert found.value == pytest.approx(30 / 700)
    assert found.chance == pytest.approx(stats.binomtest(35, 40).pvalue)
    assert found.low < 30 / 700 < found.high
    assert found.n == 700


def test_equal_guesses_do_not_differ() -> None:
    """The difference is 0, and as likely as can be."""
    found = accuracy_difference(results_of({"a": LABELS, "b": LABELS}), "a", "b")
    assert found is not None
    assert (found.value, found.chance) == (0.0, 1.0)
    assert found.low == -found.high


@pytest.mark.parametrize(
    ("more", "data", "why"),
    [
        ({"labels": LABELS[::-1]}, (), "they were measured on different images"),
        ({}, ("0", "1"), "they were measured on different images"),
    ],
    ids=["other labels", "other data"],
)
def test_other_images_are_refused(more: dict[str, Any], data: tuple[str, ...], why: str) -> None:
    """Two accuracies of different images have no test of their pairs."""
    found = accuracy_difference(results_of({"a": LABELS, "b": LABELS}, data=data, **more), "a", "b")
    assert found is not None
    assert (found.of, found.to, found.value, found.reason) == ("a", "b", None, why)


def test_every_pair_is_adjusted_for_their_number() -> None:
    """Three pairs: the smallest p is multiplied by three."""
    results = results_of({"a": LABELS, "b": guesses(range(8)), "c": guesses(range(9))})
    found = {(it.of, it.to): (it.chance, adjusted) for it, adjusted in every_difference(results)}
    assert [*found] == [("a", "b"), ("a", "c"), ("b", "c")]
    chance, adjusted = found["a", "c"]
    assert adjusted == pytest.approx(3 * chance)
    (grid,) = accuracies(results)
    verdicts = {line.cells[0]: line.cells[-1] for line in grid.lines}
    assert verdicts == {"A - B": "differ", "A - C": "differ", "B - C": "not resolved"}


def test_a_claim_is_held_against_the_papers_error_and_ours() -> None:
    """0.92 points at 3,589 images each are less than their error; ours are tested on the images."""
    difference = Difference("a", "b", (60.15, 59.23), 3589)
    claim = Claim("comparable", "60.15 against 59.23", "reproduced", difference=difference)
    grid = claims(results_of({"a": LABELS, "b": guesses(range(30))}, claim))
    (line,) = grid.lines
    assert (
        "+0.92 points ±2.27 (binomial, 3,589 images each): not larger than its error"
        in line.cells[1]
    )
    assert "a - b: +4.29 [" in line.cells[3]
    assert line.cells[3].endswith("they differ")
    grid = claims(results_of({"a": LABELS}, claim))
    assert grid.lines[0].cells[3] == "n/a (a - b): not both were trained in this run"


def test_a_result_without_guesses_says_so() -> None:
    """An older result is not compared image by image."""
    results = results_of({"a": LABELS, "b": LABELS})
    del results.cells[1].measurements["accuracy"].detail["guesses"]  # type: ignore[attr-defined]
    found = accuracy_difference(results, "a", "b")
    assert found is not None
    assert found.reason == "B: its result holds no guess of each image"


def test_a_model_without_an_accuracy_has_no_pair() -> None:
    """Not trained, or ``n/a``: nothing is compared, on either side."""
    results = results_of({"a": LABELS, "b": LABELS, "c": guesses(range(9))})
    results.cells[1].measurements["accuracy"] = unavailable("accuracy", "not trained")
    assert accuracy_difference(results, "a", "b") is None
    assert accuracy_difference(results, "b", "a") is None
    assert [(it.of, it.to) for it, _ in every_difference(results)] == [("a", "c")]


def test_an_accuracy_that_is_not_valid_is_refused_with_its_model() -> None:
    """The reason names it as the tables do."""
    results = results_of({"a": LABELS, "b": LABELS})
    cells = results.cells[1].measurements
    cells["accuracy"] = replace(cells["accuracy"], valid=False, reasons=("half of it",))
    found = accuracy_difference(results, "a", "b")
    assert found is not None
    assert found.value is None
    assert "B" in found.reason
    assert "half of it" in found.reason
