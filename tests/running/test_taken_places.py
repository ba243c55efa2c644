"""What is taken of a run of several machines is judged by the machine of each line."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from benchbench.data.reference import DataRef
from benchbench.results import journal
from benchbench.running import resuming, runner
from benchbench.running.cells import Cell, cells_of
from benchbench.running.plan import Asked, Plan
from benchbench.running.taken import taken
from benchbench.suite import training
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.training import Slim, Train

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MINE, OTHER = {"cpu": "Mine", "cores": 2}, {"cpu": "A cluster's", "cores": 64}
SUITE = Suite(1, "s", (Model("a", "x.py:a"),), settings=Settings(repeats=1, train=Train()))
DATA = {"name": "d", "source": "d", "synthetic": True, "digest": "D", "samples": 1, "warnings": []}
CELL = Cell(
    *("d" * 12, SUITE.models[0], SUITE.settings, "cpu", None, "."),
    identity={"train": "T", "count": "C"},
)


def figure(name: str, value: float, unit: str, method: str) -> dict[str, Any]:
    """A figure, as a journal has it."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "method": method,
        "n": 1,
        "low": None,
        "high": None,
        "valid": True,
        "reasons": [],
        "provenance": "real",
        "detail": {},
    }


def merged_run(root: Path, version: str = "0.1.0") -> None:
    """A run of this machine whose one cell was trained and counted in another place."""
    folder = root / "s" / "20250101-000001"
    time, params = figure("training_time", 12.0, "s", "timed"), figure("params", 5, "1", "counted")
    with journal.Journal(folder) as book:
        book.append(
            {
                "kind": "run",
                "schema": 1,
                "benchbench": version,
                "plan": "",
                "data": DATA,
                "run": {"id": folder.name, "mode": "full", "command": "c"},
                "fingerprint": MINE,
                "suite": json.loads(json.dumps(asdict(SUITE))),
                "cells": [{"id": "c" * 12, "model": "a", "device": "cpu", "data": "D", "jobs": 3}],
            }
        )
        place = {"kind": "place", "place": "run y", "wanted": "run y", "machine": "m"}
        book.append({**place, "fingerprint": OTHER})
        for task, found in (("train", time), ("count", params)):
            book.append(
                {
                    "kind": "job",
                    "job": f"{'c' * 12}-{task}",
                    "cell": "c" * 12,
                    "task": task,
                    "repeat": 0,
                    "time": "t",
                    "identity": CELL.identity[task],
                    "part": "y",
                    "place": "run y",
                    "device": "cpu",
                    "status": "ok",
                    "reason": "",
                    "seconds": 1.0,
                    "facts": {},
                    "measurements": [found],
                    "node": "n",
                }
            )
        book.append({"kind": "end", "time": "t"})


def test_a_line_of_another_place_is_of_another_machine(tmp_path: Path) -> None:
    """Whatever machine its run's first line is of; and it brings no place along."""
    merged_run(tmp_path)
    found = taken([CELL], tmp_path, MINE)[CELL.id]
    assert found.where == "run 20250101-000001 on A cluster's"
    time, count = (it["measurements"][0] for it in found.records)
    assert time["value"] is None
    assert "measured on another machine" in time["reasons"][0]
    assert count["value"] == 5
    assert not {"place", "part", "device", "node"} & {*found.records[0]}
    there = taken([CELL], tmp_path, OTHER)[CELL.id]
    assert there.records[0]["measurements"][0]["value"] == 12.0


def test_counts_of_another_benchbench_are_not_taken(tmp_path: Path) -> None:
    """It may count otherwise: its training is what it was."""
    merged_run(tmp_path, "0.0.9")
    assert not taken([CELL], tmp_path, MINE)[CELL.id].has_counts


def test_another_trainer_is_another_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version takes no older training over; how channels are cut is of cuts alone."""
    (tmp_path / "x.py").write_text("from torch import nn\ndef a(): return nn.Linear(4, 2)\n")

    def identities() -> list[str]:
        found = []
        for recipe in (Train(), Train(slim=Slim(ratio=0.5))):
            suite = Suite(1, "s", SUITE.models, settings=Settings(train=recipe))
            data = {"a": DataRef("my.npz", "D", 2, 0)}
            (cell,) = cells_of(suite, tmp_path, "cpu", data)
            found.append(cell.identity["train"])
        return found

    before = identities()
    monkeypatch.setattr(training, "CUT_VERSION", 3)
    cut = identities()
    assert (cut[0], cut[1] == before[1]) == (before[0], False)
    monkeypatch.setattr(training, "TRAINER_VERSION", 3)
    assert not {*identities()} & {*before, *cut}


def test_a_run_of_another_benchbench_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of its rounds would be timed by other code: it is left as it is, and that is told."""
    plan, told = Plan(SUITE, Asked(), (CELL,), MINE, DATA), list[str]()
    header = partial(runner.header_of, plan)
    book, place = resuming.journal_of(tmp_path / "s", plan, header, told.append)
    book.close()
    monkeypatch.setattr(resuming, "__version__", "9.9")
    book, other = resuming.journal_of(tmp_path / "s", plan, header, told.append)
    book.close()
    assert other != place
    assert "benchbench 0.1.0 (now 9.9)" in told[0]
