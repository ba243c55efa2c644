"""What a part ran is taken over where it is what was planned, and only there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.data.reference import DataRef
from benchbench.results import journal
from benchbench.running.cells import cells_of
from benchbench.running.collecting import Collector
from benchbench.running.parts import parts_of
from benchbench.running.plan import Asked, Plan
from benchbench.running.runner import header_of
from benchbench.suite.schema import Model, Settings, Suite

if TYPE_CHECKING:
    from pathlib import Path

SUITE = Suite(1, "s", (Model("a", "own.py:a"),), settings=Settings(repeats=1, phases=("infer",)))
NET = "from torch import nn\ndef a(): return nn.Linear(4, {width})\n"


def plan(folder: Path, device: str = "cpu", digest: str = "D", width: int = 2) -> Plan:
    """What the suite comes to, with the model's file as it is now."""
    (folder / "own.py").write_text(NET.format(width=width))
    cells = cells_of(SUITE, folder, device, {"a": DataRef("my.npz", digest, 2, 0)})
    data = {"name": "d", "source": "d", "synthetic": False, "samples": 1, "warnings": []}
    machine = {"cpu": "X", "cores": 2}
    return Plan(SUITE, Asked(), tuple(cells), machine, {**data, "digest": digest})


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({}, True),
        ({"device": "cuda:1"}, True),
        ({"width": 3}, False),
        ({"digest": "E"}, False),
    ],
    ids=["as planned", "another device", "other code", "other data"],
)
def test_a_part_that_ran_something_else_is_lost(
    tmp_path: Path, given: dict[str, Any], *, taken: bool
) -> None:
    """The file of a model, or its data, may be edited while a part waits in the queue."""
    whole, own = plan(tmp_path), plan(tmp_path, **given)
    part = parts_of(whole)[0]
    (job,) = (it for it in own.jobs if it.task == "count")
    line = {"kind": "job", "job": job.id, "cell": job.cell.id, "task": "count", "repeat": 0}
    line |= {"time": "t", "status": "ok", "reason": "", "seconds": 1.0, "facts": {}}
    with journal.Journal(tmp_path / "parts" / part.name / "s" / "r1") as book:
        book.append(json.loads(json.dumps(header_of(own, "r1", ()))))
        book.append({**line, "measurements": []})
        book.append({"kind": "end", "time": "t"})
    with journal.Journal(tmp_path) as book:
        book.append(json.loads(json.dumps(header_of(whole, "run", ()))))
        collector = Collector(whole, tmp_path, book, shared=False)
        assert len(collector.collect(part)) == taken
    assert collector.has_ended(part) == taken
    reason = collector.refused(part)
    assert ("a's code or data was changed after the run was submitted" in reason) != taken


def test_a_part_of_an_older_benchbench_is_taken(tmp_path: Path) -> None:
    """Its cells tell no identity."""
    whole = plan(tmp_path)
    old = replace(whole, cells=tuple(replace(cell, identity={}) for cell in whole.cells))
    part = parts_of(whole)[0]
    with journal.Journal(tmp_path / "parts" / part.name / "s" / "r1") as book:
        book.append(json.loads(json.dumps(header_of(old, "r1", ()))))
        book.append({"kind": "end", "time": "t"})
    with journal.Journal(tmp_path) as book:
        book.append(json.loads(json.dumps(header_of(whole, "run", ()))))
        collector = Collector(whole, tmp_path, book, shared=False)
        collector.collect(part)
    assert collector.has_ended(part)
