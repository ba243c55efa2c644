"""A journal of several places becomes a run: a figure is of one, the others stand beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchbench.codec import plain
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.place import any_apart, apart, spots
from benchbench.metrics.registry import measured
from benchbench.results.aggregate import aggregated
from benchbench.results.places import (
    PlaceNames,
    chosen_place,
    current,
    digest_of_machine,
    reference_place,
)
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Row, Table

if TYPE_CHECKING:
    from benchbench.results.schema import Results

MACHINES = {"n1": {"cpu": "x", "cores": 4}, "n2": {"cpu": "x", "cores": 4}, "m": {"cpu": "y"}}
TABLE = Table("t", (Row("params"),), ("a", "b"))


def at(place: str, machine: str, name: str = "train_fps", value: float = 1.0) -> Measurement:
    """A figure of one round at a place."""
    found = measured(name, value)
    return Measurement(
        *(name, value, found.unit, found.method), detail={"place": place, "machine": machine}
    )


def job(model: str, task: str, place: str, repeat: int, *figures: Measurement, **more: Any) -> Any:
    """A line of the journal."""
    return {
        "kind": "job",
        "cell": f"id-{model}",
        "job": f"{model}-{task}-{repeat}",
        "task": task,
        "repeat": repeat,
        "time": "later",
        "status": "ok",
        "reason": "",
        "facts": {},
        "seconds": 2.0,
        "part": f"{task} {place}",
        "place": place,
        "measurements": [figure.to_json() for figure in figures],
        **more,
    }


def run_of(*jobs: Any) -> Results:
    """A finished run of two models with these jobs."""
    models = (Model("a", "m.py:a"), Model("b", "m.py:b"))
    suite = Suite(1, "s", models, settings=Settings(repeats=2), tables=(TABLE,))
    names = PlaceNames()
    places = [names.named(name, fingerprint)[1] for name, fingerprint in MACHINES.items()]
    header = {
        "kind": "run",
        "schema": 1,
        "benchbench": "0.1",
        "suite": plain(suite),
        "run": {"id": "x", "mode": "full", "command": "c"},
        "fingerprint": {"engine": "slurm"},
        "data": {"synthetic": False},
        "cells": [{"id": f"id-{m}", "model": m, "device": "cpu", "jobs": 3} for m in "ab"],
    }
    end = {"kind": "end", "time": "at last"}
    return aggregated([header, *(it for it in places if it), *jobs, end])


def timed(model: str, place: str, *values: float, **more: Any) -> list[Any]:
    """The rounds of a model at a place."""
    figures = [measured("train_fps", value) for value in values]
    return [job(model, "time", place, i, figure, **more) for i, figure in enumerate(figures)]


def test_a_figure_is_of_one_place_and_the_others_stand_beside() -> None:
    """The tables are of the place that timed most; nothing is averaged over places."""
    jobs = [*timed("a", "n1", 4, 6), *timed("a", "n2", 8, 8), *timed("b", "n2", 2, 2)]
    found = run_of(*jobs)
    figure = found.figure("a", "train_fps")
    assert figure is not None
    assert (figure.value, figure.n) == (8, 2)
    assert spots(figure) == {("n2", digest_of_machine(MACHINES["n2"]))}
    (beside,) = figure.detail["places"]
    assert (beside["place"], beside["value"], beside["n"]) == ("n1", 5, 2)
    assert [it["value"] for it in beside["repeats"]] == [4, 6]
    assert found.fingerprint == MACHINES["n2"]
    assert [it["name"] for it in found.run["places"]] == ["n1", "n2", "m"]
    ratio = found.comparison("train_fps", "a", "b")
    assert ratio is not None
    assert (ratio.value, ratio.n) == (4, 2)


def test_a_figure_of_another_place_says_so_and_has_no_ratio() -> None:
    """The reason stands with the figure and with the ratio that is refused."""
    found = run_of(*timed("a", "n1", 4, 6, 5), *timed("b", "n2", 2, 2))
    figure = found.figure("b", "train_fps")
    assert figure is not None
    assert figure.reasons == ("of n2, not of n1: it is set against nothing from there",)
    ratio = found.comparison("train_fps", "a", "b")
    assert ratio is not None
    assert ratio.value is None
    assert ratio.reason.endswith("only rounds of one node are paired")


def test_facts_tell_which_place_did_what() -> None:
    """Of the tasks of a cell each has its place; the device is that of the timed jobs."""
    count = job("a", "count", "m", 0, measured("params", 3), device="cpu")
    found = run_of(count, *timed("a", "n1", 4, 6, device="cuda:0"))
    cell = found.cells[0]
    assert cell.facts == {"counted on": "m", "timed on": "n1"}
    assert cell.device == "cuda:0"
    assert cell.status == "ok"


def test_shared_windows_are_marked() -> None:
    """Each figure of time says it, and the run."""
    found = run_of(*timed("a", "n1", 4, 6, shared=True))
    figure = found.figure("a", "train_fps")
    assert figure is not None
    assert "--share" in figure.reasons[0]
    assert found.run["shared"] is True
    assert "shared" not in run_of(*timed("a", "n1", 4)).run


def test_a_lost_job_counts_until_it_is_done() -> None:
    """A row with the reason, superseded by what the same part did later; of no other part."""
    lost = job("a", "time", "", 1, lost=True, status="timeout", reason="over", part="time n1")
    done = timed("a", "n1", 4, 6)
    assert run_of(done[0], lost).cells[0].status == "timeout"
    assert run_of(done[0], lost).cells[0].reasons == ("repeat 2: over",)
    assert run_of(done[0], lost, done[1]).cells[0].reasons == ()
    other = {**done[1], "part": "another"}
    assert [it.get("lost", False) for it in current([other, lost])] == [False, True]
    assert current([lost, lost]) == [lost]  # two failures of the same job are one row


def test_the_reference_is_the_place_that_timed_most() -> None:
    """Where nothing was timed it is the one that did most; failed rounds do not count."""
    counts = [job("a", "count", "m", 0), job("b", "count", "m", 0)]
    assert reference_place([*counts, *timed("a", "n1", 1)]) == "n1"
    assert reference_place([*counts, *timed("a", "n1", 1, status="oom")]) == "m"
    assert reference_place([]) == ""


def test_of_a_place_without_a_good_job_nothing_is_shown() -> None:
    """Another one that has it is chosen, else the one with most."""
    bad, good = job("a", "count", "n1", 0, status="oom"), job("a", "count", "n2", 0)
    assert chosen_place([bad, good], "n1") == "n2"
    assert chosen_place([bad, good], "n2") == "n2"
    assert chosen_place([bad], "n1") == "n1"
    assert chosen_place([{**good, "status": "invalid"}], "n1") == "n2"


def test_places_have_names_of_their_own() -> None:
    """A node with another fingerprint, of a part of its cores say, is another place."""
    names = PlaceNames()
    first = names.named("n1", {"cores": 4})
    assert first[0] == "n1"
    assert first[1] is not None
    assert names.named("n1", {"cores": 4}) == ("n1", None)
    assert names.named("n1", {"cores": 1})[0] == "n1 with 1 core(s)"
    assert names.named("n1", {"cpu": "x"})[0] == "n1 (2)"
    assert PlaceNames([first[1]]).named("n1", {"cores": 4}) == ("n1", None)


@pytest.mark.parametrize(
    ("name", "one", "other", "words"),
    [
        ("params", ("n1", "x"), ("m", "y"), ""),
        ("macs_effective", ("n1", "x"), ("n2", "x"), ""),
        ("macs_effective", ("n1", "x"), ("m", "y"), "whose fingerprints differ"),
        ("train_fps", ("n1", "x"), ("n1", "x"), ""),
        ("train_fps", ("n1", "x"), ("n2", "x"), "only rounds of one node"),
        ("train_fps", ("n1", "x"), ("m", "y"), "whose fingerprints differ"),
        ("train_fps", ("", ""), ("", ""), ""),
        ("train_fps", ("n1", "x"), ("", ""), "one is of n1, the other of elsewhere"),
        ("unheard_of", ("n1", "x"), ("n2", "x"), "only rounds of one node"),
    ],
)
def test_what_may_be_set_against_what(
    name: str, one: tuple[str, str], other: tuple[str, str], words: str
) -> None:
    """It follows from what the figure rests on, and from where the two were got."""
    figures = [
        Measurement(name, 1.0, "1", "timed", detail={"place": place, "machine": machine})
        for place, machine in (one, other)
    ]
    why = apart(*figures)
    assert words in why
    assert bool(why) == bool(words)
    assert any_apart(figures) == bool(words)


def test_rounds_of_two_nodes_are_paired_with_nothing() -> None:
    """A figure whose own rounds are of two places has no partner, not even itself."""
    rounds = [{"value": 1.0, "place": place, "machine": "x"} for place in ("n1", "n2")]
    mixed = Measurement("train_fps", 1.0, "1/s", "timed", detail={"repeats": rounds})
    assert "n1, n2" in apart(mixed, mixed)
    assert apart(at("n1", "x"), at("n1", "x")) == ""
