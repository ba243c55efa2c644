"""A journal whose first line is damaged: what proves to be of the run is kept, and all is told."""

from __future__ import annotations

import fcntl
import html
import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import benchbench
from benchbench.data.reference import DataRef
from benchbench.errors import OutputError
from benchbench.results import journal
from benchbench.running import runner
from benchbench.running.cells import cells_of
from benchbench.running.launcher import Outcome
from benchbench.running.plan import Asked, Plan
from benchbench.running.resuming import journal_of
from benchbench.suite.schema import Model, Settings, Suite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = '''
from torch import nn

def small(width: int = 8, num_classes: int = 7):
    """A small network."""
    return nn.Sequential(nn.Flatten(), nn.Linear(2304, width), nn.Linear(width, num_classes))
'''
SUITE = """benchbench: 1
name: tiny
settings: {batch_size: 4, repeats: 0, train_steps: 0, images: 4}
models:
  - {id: narrow, model: "own.py:small"}
  - {id: wide, model: "own.py:small", set: {width: 16}}
"""
ASIDE = "journal.damaged.jsonl"


MACHINE = {"cpu": "a", "torch": "2"}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan of three models, each of one job."""
    (tmp_path / "own.py").write_text(SMALL)
    models = tuple(
        Model(f"m{width}", "own.py:small", set={"width": width}) for width in (8, 16, 24)
    )
    suite = Suite(1, "tiny", models, settings=Settings(repeats=0))
    data = DataRef("synthetic_faces", "0", 7, 0)
    cells = cells_of(suite, tmp_path, "cpu", {model.id: data for model in models})
    about = {"name": "d", "source": "d", "synthetic": True, "digest": "0", "samples": 1}
    return Plan(suite, Asked(), tuple(cells), MACHINE, {**about, "warnings": []})


def interrupted(plan: Plan, out: Path, change: Callable[[list[bytes]], bytes]) -> Path:
    """The folder of a run whose journal, after two of three jobs, is damaged."""
    place = out / "20260101-000000"
    with journal.Journal(place) as book:
        book.append(runner.header_of(plan, place.name, []))
        for job in plan.jobs[:2]:
            book.append(runner._record(job, Outcome("ok", "")) | runner._proof(plan))
    file = place / journal.JOURNAL
    file.write_bytes(change(file.read_bytes().splitlines(keepends=True)))
    return place


def begun(plan: Plan, out: Path) -> tuple[list[str], Path, list[dict[str, Any]]]:
    """What is told when a plan begins to run; its folder, and its journal's records."""
    told = list[str]()
    book, folder = journal_of(out, plan, partial(runner.header_of, plan), told.append)
    book.close()
    return told, folder, journal.read(folder)


def flipped(line: bytes) -> bytes:
    """One bit of a line is another."""
    at = len(line) // 2
    return line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]


def elsewhere(line: bytes) -> bytes:
    """A line as another machine would have written it."""
    record = json.loads(line)
    del record[journal.SEAL]
    return journal._sealed({**record, "machine": "0" * 64})


def of_before(line: bytes) -> bytes:
    """A line as a version wrote it that had no proof in its lines."""
    record = json.loads(line)
    return json.dumps({key: it for key, it in record.items() if key not in PROOF}).encode() + b"\n"


PROOF = {journal.SEAL, "plan", "machine"}
KEPT: dict[str, tuple[Callable[[list[bytes]], bytes], list[int]]] = {
    "a bit": (lambda it: flipped(it[0]) + it[1] + it[2], [0, 1]),
    "not there": (lambda it: it[1] + it[2], [0, 1]),
    "its newline": (lambda it: it[0][:-1] + b" " + it[1] + it[2], [1]),
    "another line": (lambda it: flipped(it[0]) + flipped(it[1]) + it[2], [1]),
    "a last line that is torn": (lambda it: flipped(it[0]) + it[1] + it[2][:-9], [0]),
}
LEFT: dict[str, Callable[[list[bytes]], bytes]] = {
    "nothing whole": lambda it: b"".join(map(flipped, it)),
    "zeros": lambda it: bytes(sum(map(len, it))),
    "torn": lambda it: it[0][:-9],
    "another machine": lambda it: flipped(it[0]) + elsewhere(it[1]) + elsewhere(it[2]),
    "lines without proof": lambda it: flipped(it[0]) + of_before(it[1]) + of_before(it[2]),
}


@pytest.mark.parametrize("what", KEPT)
def test_lines_that_prove_to_be_of_the_run_are_kept(plan: Plan, tmp_path: Path, what: str) -> None:
    """The run goes on in its folder; the damaged journal is there under another name."""
    change, kept = KEPT[what]
    place = interrupted(plan, tmp_path / "out", change)
    before = (place / journal.JOURNAL).read_bytes()
    (told,), folder, records = begun(plan, tmp_path / "out")
    assert f"{len(kept)} finished job(s) below it" in told
    assert folder == place
    assert (place / ASIDE).read_bytes() == before
    assert records[0]["run"]["damaged"] == [told]
    jobs = plan.jobs
    assert [record["job"] for record in records[1:]] == [jobs[index].id for index in kept]
    lines = {*(place / journal.JOURNAL).read_bytes().splitlines()[1:]}
    assert lines <= {*before.splitlines()}
    assert begun(plan, tmp_path / "out") == ([], place, records)


@pytest.mark.parametrize("what", LEFT)
def test_what_proves_nothing_is_measured_anew_and_told_once(
    plan: Plan, tmp_path: Path, what: str
) -> None:
    """Another machine's times would stand under this one's name."""
    place = interrupted(plan, tmp_path / "out", LEFT[what])
    before = (place / journal.JOURNAL).read_bytes()
    (told,), folder, (header,) = begun(plan, tmp_path / "out")
    assert "all is measured anew" in told
    assert header["run"]["damaged"] == [told]
    assert folder != place
    assert [file.name for file in place.iterdir()] == [ASIDE]
    assert (place / ASIDE).read_bytes() == before
    assert begun(plan, tmp_path / "out") == ([], folder, [header])


def test_the_journal_of_another_plan_is_left_as_it_is(plan: Plan, tmp_path: Path) -> None:
    """Its own run tells of it, and takes up what is whole."""
    place = interrupted(plan, tmp_path / "out", KEPT["a bit"][0])
    before = (place / journal.JOURNAL).read_bytes()
    told, folder, (header,) = begun(replace(plan, cells=plan.cells[:2]), tmp_path / "out")
    assert not told
    assert folder != place
    assert "damaged" not in header["run"]
    assert (place / journal.JOURNAL).read_bytes() == before
    assert not (place / ASIDE).exists()


def test_a_run_of_other_software_is_not_taken_up(plan: Plan, tmp_path: Path) -> None:
    """Figures of two versions of torch never stand in one table; what differs is told."""
    place = interrupted(plan, tmp_path / "out", b"".join)
    before = (place / journal.JOURNAL).read_bytes()
    newer = replace(plan, fingerprint={**MACHINE, "torch": "3"})
    (told,), folder, records = begun(newer, tmp_path / "out")
    assert "20260101-000000 is unfinished, and was measured with torch 2 (now 3)" in told
    assert folder != place
    assert len(records) == 1
    assert (place / journal.JOURNAL).read_bytes() == before
    (told,), same, _ = begun(plan, tmp_path / "out")
    assert "measured with torch 3 (now 2)" in told
    assert same == place


def test_one_that_is_being_written_is_left_alone(plan: Plan, tmp_path: Path) -> None:
    """Where its lines are of this plan, that is told as always; else it is just beginning."""
    place = interrupted(plan, tmp_path / "out", KEPT["a bit"][0])
    with journal.Journal(place), pytest.raises(OutputError, match="measures the same"):
        begun(plan, tmp_path / "out")
    (place / journal.JOURNAL).write_bytes(b'{"kind": "ru')
    with (place / journal.JOURNAL).open("rb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        told, folder, _ = begun(plan, tmp_path / "out")
    assert not told
    assert folder != place
    assert [file.name for file in place.iterdir()] == [journal.JOURNAL]


def test_a_whole_run_tells_it_everywhere(tmp_path: Path) -> None:
    """On the console before the jobs, in the results and in the reports."""
    (tmp_path / "own.py").write_text(SMALL)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    words = ["run", tmp_path / "tiny.yaml", "--device", "cpu", "--out", tmp_path / "out"]
    command = [sys.executable, "-m", "benchbench", *map(str, words)]
    subprocess.run(command, capture_output=True, check=True)
    (file,) = tmp_path.glob(f"out/tiny/*/{journal.JOURNAL}")
    head, first, *_ = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(flipped(head) + first)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told, jobs, *_ = done.stderr.splitlines()
    assert f"it is kept as {ASIDE}, 1 finished job(s) below it" in told
    assert jobs.startswith("2 jobs, 1 kept from an interrupted run")
    assert (file.parent / ASIDE).read_bytes() == flipped(head) + first
    found = benchbench.load(file.parent)
    assert found.run["damaged"] == [told]
    assert [cell.status for cell in found.cells] == ["ok", "ok"]
    assert [record["kind"] for record in journal.read(file.parent)] == ["run", "job", "job", "end"]
    assert file.read_bytes().splitlines(keepends=True)[1] == first
    assert f"DAMAGED: {told}" in html.unescape((file.parent / "report.html").read_text())
    assert "DAMAGED: the first line of" in done.stdout
