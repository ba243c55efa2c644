"""Runs of two machines become one, in which nothing of the one is set against the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchbench import api
from benchbench.comparing import loading, welch
from benchbench.comparing.accuracies import every_difference
from benchbench.errors import ResultError
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.merging import merge
from benchbench.metrics.registry import METRICS
from benchbench.report import csv, html, markdown
from benchbench.report.headline import headlines
from benchbench.report.spread import between_places
from benchbench.results import journal, stored
from benchbench.results.places import digest_of_machine
from benchbench.results.traces import with_trace
from benchbench.running import merging
from benchbench.suite.schema import Model, Suite

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = """
from torch import nn

def small(num_classes: int = 7, width: int = 16):
    layers = nn.Linear(2304, width), nn.ReLU(), nn.Linear(width, num_classes)
    return nn.Sequential(nn.Flatten(), *layers)
"""
SUITE = """
benchbench: 1
name: s
settings:
  repeats: 2
  window_s: 0.02
  window_iterations: 2
  warmup_s: 0
  warmup_iterations: 1
  warmup_cap_s: 0.1
  idle_s: 0
  images: 4
  train_steps: 0
  phases: [infer]
models:
  - { id: a, model: "own.py:small" }
  - { id: b, model: "own.py:small", set: { width: 17 } }
tables:
  - title: t
    ratio: [a, b]
    rows: [{ metric: infer_fps }, { metric: macs_effective }, { metric: params }]
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of two models, and parts of it: one model alone, and both timed elsewhere."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "own.py").write_text(MODEL)
    (folder / "s.yaml").write_text(SUITE)
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "run", "s.yaml", "--device", "cpu", "--out", "one"],
        cwd=folder,
        env={**os.environ, "BENCHBENCH_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return next((folder / "one" / "s").iterdir())


def changed(
    run: Path,
    to: Path,
    *,
    machine: str = "",
    keep: Callable[[dict[str, Any]], bool] = lambda _: True,
    **more: Any,
) -> Path:
    """A copy of a run's journal as another machine would have written it."""
    records = journal.read(run)
    models = {cell["id"]: cell["model"] for cell in records[0]["cells"]}
    if machine:
        records[0]["fingerprint"] |= {"cpu": machine}
    records[0]["run"] |= {"id": to.name} | more
    with journal.Journal(to) as book:
        for record in records:
            model = models.get(record.get("cell", ""), "")
            if record["kind"] != "job" or keep({**record, "model": model}):
                book.append(record)
    return to


def of(model: str) -> Callable[[dict[str, Any]], bool]:
    """Keeps the jobs of one model."""
    return lambda record: record["model"] == model


def test_no_figure_of_two_machines_is_paired(runs: Path, tmp_path: Path) -> None:
    """Each model is of a machine of its own: only what rests on the model alone has a ratio."""
    here = changed(runs, tmp_path / "here", keep=of("a"))
    there = changed(runs, tmp_path / "there", keep=of("b"), machine="another processor")
    found = api.merge([here, there], tmp_path / "out")
    assert [cell.status for cell in found.cells] == ["pending", "pending"]  # of each one run
    assert found.figure("a", "infer_fps") is not None
    paired = {it.metric for it in found.comparisons if it.value is not None}
    refused = {it.metric: it.reason for it in found.comparisons if it.value is None}
    assert paired
    assert {METRICS[name].rests_on for name in paired} == {"model"}
    assert {"infer_fps", "macs_effective"} <= {*refused}
    assert "fingerprints differ" in refused["infer_fps"]
    assert every_difference(found) == []
    told = {it.metric: it.outlook for line in headlines(found) for it in line.findings}
    assert told["infer_fps"] == told["infer_energy"] == "not measured"
    for text in (csv.render(found), markdown.render(found), html.render(found)):
        assert "run here" in text
        assert "run there" in text


def test_each_figure_tells_its_place_and_the_report_both_machines(
    runs: Path, tmp_path: Path
) -> None:
    """Facts and places say which run a cell is of, also when the stored run is read again."""
    here = changed(runs, tmp_path / "here", keep=of("a"))
    there = changed(runs, tmp_path / "there", keep=of("b"), machine="another processor")
    merged = api.merge([here, there], tmp_path / "out")
    found = stored.load(Path(merged.folder))
    assert json.dumps(found.to_json()) == json.dumps(merged.to_json())
    assert [cell.facts["timed on"] for cell in found.cells] == ["run here", "run there"]
    machines = {it["name"]: it["fingerprint"]["cpu"] for it in found.run["places"]}
    assert machines["run there"] == "another processor"
    assert found.machine_of(found.figure("b", "infer_fps"))["cpu"] == "another processor"
    assert found.machine_of(found.figure("a", "infer_fps"))["cpu"] != "another processor"


def test_both_models_on_both_machines_stay_paired_on_each(runs: Path, tmp_path: Path) -> None:
    """The tables are of one machine; the other's rounds stand beside, and nothing is averaged."""
    here = changed(runs, tmp_path / "here")
    there = changed(runs, tmp_path / "there", machine="another processor")
    found = api.merge([here, there], tmp_path / "out")
    alone = stored.load(runs)
    assert found.run["complete"]
    assert found.comparison("infer_fps", "a", "b") == alone.comparison("infer_fps", "a", "b")
    figure, mine = (it.figure("a", "infer_fps") for it in (found, alone))
    assert figure is not None
    assert mine is not None
    assert (figure.value, figure.low, figure.n) == (mine.value, mine.low, 2)
    (grid,) = between_places(found)
    assert {line.cells[-1] for line in grid.lines} == {"fingerprints differ"}


def test_two_runs_of_one_machine_have_a_spread_and_are_not_paired(
    runs: Path, tmp_path: Path
) -> None:
    """Their fingerprint is one, so that there is an interval over them; rounds are not mixed."""
    here = changed(runs, tmp_path / "here", keep=lambda it: it["task"] != "time")
    first = changed(runs, tmp_path / "first", keep=lambda it: it["task"] == "time")
    second = changed(runs, tmp_path / "second", keep=lambda it: it["task"] == "time")
    found = api.merge([here, first, second], tmp_path / "out")
    figure = found.figure("a", "infer_fps")
    assert figure is not None
    assert figure.n == 2
    (grid,) = between_places(found)
    assert all("2 nodes" in line.cells[-1] for line in grid.lines)
    apart = api.merge(
        [
            changed(runs, tmp_path / "third", keep=of("a")),
            changed(runs, tmp_path / "fourth", keep=of("b")),
        ],
        tmp_path / "out",
    )
    refused = {it.metric: it.reason for it in apart.comparisons if it.value is None}
    assert "only rounds of one node are paired" in refused["infer_fps"]
    assert "macs_effective" not in refused  # the same machine and software counted both


def test_compare_refuses_what_is_of_another_machine_of_a_merged_run(
    runs: Path, tmp_path: Path
) -> None:
    """The model that was timed on the run's own machine is compared, the other one is not."""
    here = changed(runs, tmp_path / "here", keep=of("a"))
    there = changed(runs, tmp_path / "there", keep=of("b"), machine="another processor")
    merged = api.merge([here, there], tmp_path / "out")
    sides = loading.load(runs), loading.load(Path(merged.folder))
    gate = stored.load(runs).suite.gate
    lines = welch.compare(*sides, gate, across_machines=False).lines
    timed = {line.model: line for line in lines if line.metric == "infer_fps"}
    assert isinstance(timed["a"], welch.Compared)
    assert isinstance(timed["b"], welch.Incomparable)
    assert "different machines" in timed["b"].reason


def test_unfinished_runs_merge_and_the_rest_is_pending(runs: Path, tmp_path: Path) -> None:
    """A run that was cut off gives what it has."""
    here = changed(runs, tmp_path / "here")
    there = changed(runs, tmp_path / "there", machine="m", keep=lambda it: it["task"] == "count")
    file = there / journal.JOURNAL
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-1]))  # its end
    found = api.merge([here, there], tmp_path / "out")
    assert not found.run["complete"]
    assert {cell.status for cell in found.cells} == {"pending"}


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"mode": "quick"}, "another mode"), ({}, "the same run as")],
)
def test_what_is_no_part_of_the_same_is_refused(
    runs: Path, tmp_path: Path, more: dict[str, str], reason: str
) -> None:
    """Another mode, and a copy of the same run, are no runs of one suite."""
    here = changed(runs, tmp_path / "here")
    there = changed(runs, tmp_path / "there", **({"id": "here"} | more))
    with pytest.raises(ResultError, match=reason):
        api.merge([here, there], tmp_path / "out")


@pytest.mark.parametrize("name", ["../../evil", None])
def test_a_suite_of_another_machine_names_no_place_outside(
    runs: Path, tmp_path: Path, name: str | None
) -> None:
    """A journal may say anything; the new run is kept under the folder that was asked for."""
    places = []
    for side in ("here", "there"):
        places.append(changed(runs, tmp_path / side))
        with journal.Journal(fresh := tmp_path / f"{side}-new") as book:
            for record in journal.read(places[-1]):
                if record["kind"] == "run":
                    record["suite"]["name"] = name
                book.append({key: it for key, it in record.items() if key != journal.SEAL})
        places[-1] = fresh
    with pytest.raises(ResultError, match=r"no record of a run|not a whole result"):
        api.merge(places, tmp_path / "out" / "a")
    assert not (tmp_path / "evil").exists()


def test_one_run_is_not_merged(runs: Path, tmp_path: Path) -> None:
    """A merge wants two."""
    with pytest.raises(ResultError, match="two runs or more"):
        api.merge([runs], tmp_path / "out")


def test_figures_of_two_machines_are_never_averaged() -> None:
    """Merging repeats of two fingerprints gives no value, and says why."""
    figures = [
        Measurement("infer_fps", value, "1/s", "timed", detail={"machine": machine})
        for value, machine in ((1.0, "x"), (2.0, "y"))
    ]
    found = merge(figures)
    assert found.value is None
    assert "never averaged" in found.reasons[0]


def test_a_fingerprint_has_one_digest_however_it_is_laid_out() -> None:
    """The order of its keys changes nothing, and any value does."""
    assert digest_of_machine({"a": 1, "b": 2}) == digest_of_machine({"b": 2, "a": 1})
    assert digest_of_machine({"a": 1}) != digest_of_machine({"a": 2})


def test_a_trace_of_anybody_s_is_read_and_kept_in_the_folders_of_traces(tmp_path: Path) -> None:
    """A journal that names a file elsewhere neither shows it nor writes over one."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    (theirs / "traces").mkdir(parents=True)
    (theirs / "traces" / "a.csv").write_text("watts")
    (theirs / "secret").write_text("theirs alone")
    for name, held in (("a.csv", "watts"), ("../secret", None), ("x/../../../over", None)):
        found = with_trace({"detail": {"trace": name}}, "run-1", theirs, ours)
        kept = ours / "traces" / str(found["detail"]["trace"])
        assert kept.resolve().parent == (ours / "traces").resolve()
        assert (kept.read_text() if kept.exists() else None) == held
    assert not (tmp_path / "over").exists()
    assert with_trace({"detail": {}}, "run-1", theirs, ours) == {"detail": {}}


@pytest.mark.parametrize("order", ["abc", "bac", "bca"])
def test_two_runs_that_differ_are_not_merged_behind_a_third(tmp_path: Path, order: str) -> None:
    """The first has no such model: the sources of the others are compared all the same."""
    data = {"name": "d", "source": "d", "synthetic": True, "digest": "D", "samples": 1}
    models = (Model("x", "m.py:x"), Model("y", "m.py:y"))
    suite = json.loads(json.dumps(asdict(Suite(1, "s", models))))
    cells = {"a": ("x", "0" * 12), "b": ("y", "1" * 12), "c": ("y", "2" * 12)}
    for name, (model, cell) in cells.items():
        with journal.Journal(tmp_path / name) as book:
            book.append(
                {
                    "kind": "run",
                    "schema": 1,
                    "benchbench": "0",
                    "run": {"id": name, "mode": "full", "command": "c"},
                    "fingerprint": {"cpu": "X"},
                    "data": {**data, "warnings": []},
                    "suite": suite,
                    "cells": [{"id": cell, "model": model, "device": "cpu", "data": "D"}],
                }
            )
            book.append({"kind": "end", "time": "t"})
    with pytest.raises(ResultError, match="y has another source"):
        merging.merged([tmp_path / name for name in order], tmp_path / "out", lambda *_: None)
