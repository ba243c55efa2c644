"""A journal's records become a run: what is merged, what is derived, which ratios are formed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fixtures_history import DATA

from benchbench.codec import plain
from benchbench.errors import ResultError
from benchbench.metrics.registry import measured, unavailable
from benchbench.results.aggregate import aggregated
from benchbench.results.schema import ModelRatio
from benchbench.results.whole import whole_records
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Claim, Measure, Row, Table

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

TABLE = Table("t", (Row("params"),), ("a", "b"))


def header(**changes: Any) -> dict[str, Any]:
    """The first line of a journal with two models of two repeats."""
    models = (Model("a", "m.py:a"), Model("b", "m.py:b"))
    suite = Suite(1, "s", models, settings=Settings(repeats=2), tables=(TABLE,))
    return {
        "kind": "run",
        "schema": 1,
        "benchbench": "0.1",
        "run": {"id": "x", "mode": "full", "command": "c"},
        "fingerprint": {"cpu": "c"},
        "data": {"synthetic": False},
        "suite": plain(suite),
        "cells": [{"id": f"id-{m}", "model": m, "device": "cpu", "jobs": 3} for m in "ab"],
        **changes,
    }


def job(
    model: str, task: str, repeat: int, *figures: Measurement, **changes: Any
) -> dict[str, Any]:
    """A line of the journal."""
    return {
        "kind": "job",
        "cell": f"id-{model}",
        "task": task,
        "repeat": repeat,
        "time": "later",
        "status": "ok",
        "reason": "",
        "facts": {},
        "seconds": 2.0,
        "measurements": [figure.to_json() for figure in figures],
        **changes,
    }


def whole(*more: dict[str, Any]) -> Results:
    """A run of two models, each counted once and timed twice, with the records that are given."""
    jobs = []
    for model, params, speeds in (("a", 30, (4.0, 6.0)), ("b", 10, (2.0, 2.0))):
        jobs.append(job(model, "count", 0, measured("params", params)))
        jobs += [job(model, "time", i, measured("train_fps", v)) for i, v in enumerate(speeds)]
    return aggregated([header(), *jobs, *more, {"kind": "end", "time": "at last"}])


def test_repeats_are_merged_and_keep_their_round() -> None:
    """The value is the mean, n the number of processes, and each round is there."""
    figure = whole().figure("a", "train_fps")
    assert figure is not None
    assert (figure.value, figure.n, figure.valid) == (5.0, 2, True)
    assert [(r.repeat, r.value) for r in figure.rounds()] == [(0, 4.0), (1, 6.0)]
    count = whole().figure("a", "params")
    assert count is not None
    assert (count.value, count.detail) == (30, {"repeat": 0})


def test_a_run_says_when_it_ended_and_whether_it_did() -> None:
    """The last record tells."""
    done = whole()
    assert (done.run["complete"], done.run["finished"]) == (True, "at last")
    assert (done.run["id"], done.benchbench, done.fingerprint) == ("x", "0.1", {"cpu": "c"})
    assert done.data == {"synthetic": False}
    broken = aggregated([header(), job("a", "count", 0)])
    assert (broken.run["complete"], broken.run["finished"]) == (False, "later")
    assert [cell.status for cell in broken.cells] == ["pending", "pending"]


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        (("ok", "ok", "ok"), "ok"),
        (("ok", "ok"), "pending"),
        (("ok", "invalid", "ok"), "invalid"),
        (("ok", "invalid"), "invalid"),
        (("invalid", "error", "ok"), "error"),
        (("oom", "error", "ok"), "oom"),
        (("oom", "timeout", "ok"), "timeout"),
        (("crash", "timeout", "ok"), "crash"),
    ],
)
def test_the_worst_job_is_the_cells_status(statuses: tuple[str, ...], worst: str) -> None:
    """A job that has not run yet is better than any that failed."""
    jobs = [job("a", "time", i, status=status) for i, status in enumerate(statuses)]
    (cell, _) = aggregated([header(), *jobs]).cells
    assert cell.status == worst


def test_without_a_number_of_jobs_one_count_and_the_repeats_are_expected() -> None:
    """As journals of older versions have it."""
    cells = [{"id": "id-a", "model": "a", "device": "cpu"}]
    jobs = [job("a", "count", 0), job("a", "time", 0), job("a", "time", 1)]
    few = [{**cells[0], "jobs": 2}]
    assert aggregated([header(cells=few), *jobs[:2]]).cells[0].status == "ok"
    for count, status in ((2, "pending"), (3, "ok")):
        (cell,) = aggregated([header(cells=cells), *jobs[:count]]).cells
        assert cell.status == status


def test_reasons_facts_and_seconds_of_all_jobs_are_the_cells() -> None:
    """Each reason with the job's name; a job without one is silent."""
    jobs = [
        job("a", "count", 0, reason="spikes: odd", facts={"IFNode": "m", "loss": "mse"}),
        job("a", "time", 0),
        job("a", "time", 1, reason="late", facts={"loss": "ce"}),
        job("b", "train", 0, reason="nan"),
    ]
    a, b = aggregated([header(), *jobs]).cells
    assert a.reasons == ("count: spikes: odd", "repeat 2: late")
    assert a.facts == {"IFNode": "m", "loss": "ce"}
    assert (a.seconds, a.id, a.model, a.device) == (6.0, "id-a", "a", "cpu")
    assert b.reasons == ("train: nan",)


def test_figures_stand_in_the_order_of_the_declarations() -> None:
    """Whatever the order in which they were measured; what nobody declares comes last."""
    unknown = {**measured("params", 1).to_json(), "name": "nobodys"}
    jobs = [job("a", "count", 0, measured("train_fps", 1), measured("params", 2))]
    jobs[0]["measurements"].append(unknown)
    found = aggregated([header(), *jobs]).cells[0].measurements
    assert [*found] == ["params", "train_fps", "nobodys"]


def test_the_tables_ratios_are_formed_for_every_figure_and_paired_by_round() -> None:
    """Of the first model of the table over the second."""
    found = {item.metric: item for item in whole().comparisons}
    assert found["params"] == ModelRatio("params", "a", "b", pytest.approx(3.0), None, None, 1)
    speed = found["train_fps"]
    assert (speed.of, speed.to, speed.n) == ("a", "b", 2)
    assert speed.value == pytest.approx(6**0.5)
    assert speed.low is not None
    assert speed.low < 6**0.5 < (speed.high or 0)
    assert set(found) == {"params", "train_fps"}


def test_a_claims_ratio_is_formed_once() -> None:
    """Also where the table has it, or asks for the other direction."""
    measures = (Measure("params", "b", "a"), Measure("params", "a", "b"), None)
    claims = tuple(Claim("c", "r", "ambiguous", measure=m) for m in measures)
    suite = {**header()["suite"], "claims": [plain(claim) for claim in claims]}
    jobs = [job(m, "count", 0, measured("params", p)) for m, p in (("a", 30), ("b", 10))]
    found = aggregated([header(suite=suite), *jobs]).comparisons
    assert [(c.of, c.to, c.value) for c in found] == [
        ("a", "b", pytest.approx(3.0)),
        ("b", "a", pytest.approx(1 / 3)),
    ]
    alone = {**suite, "tables": []}
    found = aggregated([header(suite=alone), *jobs]).comparisons
    assert [(c.of, c.to) for c in found] == [("b", "a"), ("a", "b")]


def test_a_refused_ratio_has_its_reason_and_a_missing_figure_has_no_ratio() -> None:
    """A reader sees why there is none where both sides have a figure."""
    heat = measured("train_power", 5.0, valid=False, reasons=("throttled: heat",))
    more = [
        job("a", "time", 2, heat, measured("latency", 1.0)),
        job("b", "time", 2, measured("train_power", 4.0), unavailable("latency", "no")),
    ]
    found = {item.metric: item for item in whole(*more).comparisons}
    assert found["train_power"] == ModelRatio(
        "train_power", "a", "b", None, None, None, 0, "invalid in a: throttled: heat"
    )
    assert "latency" not in found


def test_accuracy_over_cost_is_derived() -> None:
    """Ends and reasons are carried over; without a cost it is n/a, without accuracy it is not."""
    accurate = measured("accuracy", 0.5, n=100, low=0.4, high=0.6, reasons=("few",))
    train = job("a", "train", 0, accurate)
    count = job("a", "count", 0, measured("synops_exact", 10.0), unavailable("infer_energy", "x"))
    figures = aggregated([header(), train, count]).cells[0].measurements
    per = figures["accuracy_per_synop"]
    assert (per.value, per.low, per.high, per.n) == (0.05, 0.04, 0.06, 100)
    assert (per.reasons, per.valid) == (("few",), True)
    assert figures["accuracy_per_joule"].reasons == ("x",)
    silent = job("a", "count", 0, measured("synops_exact", 0.0))
    figures = aggregated([header(), train, silent]).cells[0].measurements
    assert figures["accuracy_per_synop"].reasons == ("synops_exact is 0 or below",)
    assert "accuracy_per_joule" not in figures
    assert "accuracy_per_synop" not in aggregated([header(), count]).cells[0].measurements


@pytest.mark.parametrize("records", [[], [{"kind": "job"}], [{}]])
def test_a_journal_without_a_header_is_no_run(records: list[dict[str, Any]]) -> None:
    """Nothing was run."""
    with pytest.raises(ResultError, match=r"^the journal has no header: nothing was run$"):
        aggregated(records)


def test_a_journal_of_another_version_is_refused() -> None:
    """With both versions."""
    with pytest.raises(ResultError, match=r"journal.jsonl: schema version 9; .* reads version 1"):
        aggregated([header(schema=9)])


def test_a_cell_knows_its_data_and_that_of_an_old_journal_has_the_run_s() -> None:
    """A model may have data of its own; before, there was one for all of them."""
    other = {"digest": "2", "synthetic": True}
    data = {"digest": "1", "synthetic": False, "also": [other]}
    cells = [{"id": f"id-{m}", "model": m, "device": "cpu"} for m in "ab"]
    found = aggregated([header(cells=[{**cells[0], "data": "2"}, cells[1]], data=data)])
    assert [cell.data for cell in found.cells] == ["2", ""]
    assert [found.data_of(cell) for cell in found.cells] == [other, data]
    assert found.data_of(None) == data


def test_what_an_interval_could_not_hold_stands_with_the_ratio() -> None:
    """An offset that may be all of the power leaves a ratio without an interval, and its reason."""
    detail = {"window_j": 2.0, "seconds": 2.0, "samples": 10, "offset_w": 1.0, "sensor": "s"}
    jobs = [
        job(model, "time", repeat, measured("infer_energy", 0.2, detail=detail))
        for model in "ab"
        for repeat in (0, 1)
    ]
    (found,) = aggregated([header(), *jobs]).comparisons
    assert (found.value, found.low, found.n) == (pytest.approx(1.0), None, 2)
    assert found.reason == "the sensor's offset of 1 W is as large as the power"


def damaged(line: int, why: str) -> dict[str, Any]:
    """A line of the journal that could not be read."""
    return {"kind": "damaged", "line": line, "why": why}


def test_a_job_counts_once_and_a_second_run_does_not() -> None:
    """A line that was copied would be a process that never ran; another run is not this one."""
    lines = [
        {**job("a", "time", i, measured("train_fps", 2.0)), "job": f"id-a-{i}"} for i in range(2)
    ]
    first = {**header(), "data": DATA}
    place = {"kind": "place", "place": "x", "wanted": "x", "machine": "m", "fingerprint": {}}
    other = {**lines[1], "job": "other"}
    again = whole_records([first, place, *lines, lines[0], first, place, other])
    assert [it["kind"] for it in again] == ["run", "place", "job", "job", *["damaged"] * 4]
    assert "stands there already" in again[4]["why"]
    assert all("second run" in it["why"] for it in again[5:])
    figure = aggregated(again).figure("a", "train_fps")
    assert figure is not None
    assert figure.n == 2
    lost = {**lines[0], "lost": True}
    assert [it["kind"] for it in whole_records([first, lost, lines[0]])] == ["run", "job", "job"]
    other = {**lines[0], "part": "2"}
    assert [it["kind"] for it in whole_records([first, other, lines[0]])] == ["run", "job", "job"]


def test_damaged_lines_are_told_after_those_that_were_known() -> None:
    """Each with its number and its reason; a run without any says nothing of it."""
    assert "damaged" not in whole().run
    assert whole(damaged(7, "torn")).run["damaged"] == [
        "line 7 of the journal: torn; what it held is left out"
    ]
    earlier = {"id": "x", "mode": "full", "command": "c", "damaged": ["line 1 was lost"]}
    found = aggregated([header(run=earlier), damaged(3, "no checksum"), {"kind": "end"}])
    assert found.run["damaged"] == [
        "line 1 was lost",
        "line 3 of the journal: no checksum; what it held is left out",
    ]


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], "the journal has no header: nothing was run"),
        (
            [damaged(1, "first"), damaged(2, "second")],
            "the journal has no header: its first line is damaged: first",
        ),
        ([{"kind": "end"}], "the journal has no header: nothing was run"),
        ([{"time": "now"}], "the journal has no header: nothing was run"),
    ],
    ids=["empty", "damaged", "another line", "no kind"],
)
def test_a_journal_without_a_header_says_why(records: list[dict[str, Any]], said: str) -> None:
    """Damage is told where that is the cause."""
    with pytest.raises(ResultError) as caught:
        aggregated(records)
    assert str(caught.value) == said
