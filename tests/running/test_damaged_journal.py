"""A journal whose first line is damaged: what proves to be of the run is kept, and all is told."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import benchbench
from benchbench.report.progress import SilentProgress
from benchbench.results import journal

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
  - {id: wider, model: "own.py:small", set: {width: 24}}
"""
ASIDE = "journal.damaged.jsonl"


class Heard(SilentProgress):
    """What a run tells of damage, and which models it does not measure again."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.damaged = list[str]()
        self.kept = list[str]()

    def damage(self, text: str) -> None:
        """Keep it."""
        self.damaged.append(text)

    def begin(self, jobs: Any, done: Any) -> None:
        """Keep which jobs are done."""
        del jobs
        self.kept = [job.cell.model.id for job in done]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a suite of three models, and of a run of it."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "own.py").write_text(SMALL)
    (folder / "tiny.yaml").write_text(SUITE)
    run(folder)
    return folder


def run(folder: Path, only: str = ()) -> tuple[benchbench.Results, Heard]:  # type: ignore[assignment]
    """Run the suite; its results, and what was told."""
    heard = Heard()
    suite, out = folder / "tiny.yaml", folder / "out"
    return benchbench.run(suite, only=only, device="cpu", out=out, progress=heard), heard


def interrupted(whole: Path, folder: Path, change: Callable[[list[bytes]], bytes]) -> Path:
    """The run's journal after two of its three jobs, damaged, in a folder of its own."""
    for name in ("own.py", "tiny.yaml"):
        (folder / name).write_bytes((whole / name).read_bytes())
    (file,) = whole.glob(f"out/tiny/*/{journal.JOURNAL}")
    lines = file.read_bytes().splitlines(keepends=True)
    assert [json.loads(line)["kind"] for line in lines] == ["run", "job", "job", "job", "end"]
    place = folder / "out" / "tiny" / file.parent.name
    place.mkdir(parents=True)
    (place / journal.JOURNAL).write_bytes(change(lines[:3]))
    return place


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
KEPT: dict[str, tuple[Callable[[list[bytes]], bytes], list[str]]] = {
    "a bit": (lambda it: flipped(it[0]) + it[1] + it[2], ["narrow", "wide"]),
    "not there": (lambda it: it[1] + it[2], ["narrow", "wide"]),
    "its newline": (lambda it: it[0][:-1] + b" " + it[1] + it[2], ["wide"]),
    "another line": (lambda it: flipped(it[0]) + flipped(it[1]) + it[2], ["wide"]),
    "a last line that is torn": (lambda it: flipped(it[0]) + it[1] + it[2][:-9], ["narrow"]),
}
LEFT: dict[str, Callable[[list[bytes]], bytes]] = {
    "nothing whole": lambda it: b"".join(map(flipped, it)),
    "zeros": lambda it: bytes(sum(map(len, it))),
    "torn": lambda it: it[0][:-9],
    "another machine": lambda it: flipped(it[0]) + elsewhere(it[1]) + elsewhere(it[2]),
    "lines without proof": lambda it: flipped(it[0]) + of_before(it[1]) + of_before(it[2]),
}


@pytest.mark.parametrize("what", KEPT)
def test_lines_that_prove_to_be_of_the_run_are_kept(whole: Path, tmp_path: Path, what: str) -> None:
    """The run goes on in its folder; the damaged journal is there under another name."""
    change, kept = KEPT[what]
    place = interrupted(whole, tmp_path, change)
    before = (place / journal.JOURNAL).read_bytes()
    found, heard = run(tmp_path)
    (told,) = heard.damaged
    assert "is damaged" in told
    assert f"{len(kept)} finished job(s) below it" in told
    assert heard.kept == kept
    assert found.run["damaged"] == [told]
    assert found.folder == str(place)
    assert (place / ASIDE).read_bytes() == before
    assert f"DAMAGED: {told}" in " ".join((place / "report.html").read_text().split())
    assert [cell.status for cell in found.cells] == ["ok"] * 3
    lines = (place / journal.JOURNAL).read_bytes().splitlines(keepends=True)
    records = [json.loads(line) for line in lines]
    assert [record["kind"] for record in records] == ["run", "job", "job", "job", "end"]
    assert set(before.splitlines(keepends=True)) & set(lines) == set(lines[1 : 1 + len(kept)])
    assert benchbench.load(place).to_json() == found.to_json()


@pytest.mark.parametrize("what", LEFT)
def test_what_proves_nothing_is_measured_anew_and_told_once(
    whole: Path, tmp_path: Path, what: str
) -> None:
    """Another machine's times would stand under this one's name."""
    place = interrupted(whole, tmp_path, LEFT[what])
    before = (place / journal.JOURNAL).read_bytes()
    found, heard = run(tmp_path)
    (told,) = heard.damaged
    assert "all is measured anew" in told
    assert not heard.kept
    assert found.run["damaged"] == [told]
    assert found.folder != str(place)
    assert [file.name for file in place.iterdir()] == [ASIDE]
    assert (place / ASIDE).read_bytes() == before
    again, heard = run(tmp_path)
    assert not heard.damaged
    assert "damaged" not in again.run


def test_the_journal_of_another_plan_is_left_as_it_is(whole: Path, tmp_path: Path) -> None:
    """Its own run tells of it, and takes up what is whole."""
    place = interrupted(whole, tmp_path, KEPT["a bit"][0])
    before = (place / journal.JOURNAL).read_bytes()
    found, heard = run(tmp_path, only="narrow")
    assert not heard.damaged
    assert "damaged" not in found.run
    assert (place / journal.JOURNAL).read_bytes() == before
    assert not (place / ASIDE).exists()


def test_one_that_is_being_written_is_no_damage(whole: Path, tmp_path: Path) -> None:
    """Another run writes its first line at this moment: it is left alone, and nothing is told."""
    place = interrupted(whole, tmp_path, LEFT["nothing whole"])
    with journal.Journal(place):
        _, heard = run(tmp_path)
    assert not heard.damaged
    assert [file.name for file in place.iterdir()] == [journal.JOURNAL]


def test_it_is_a_line_on_the_console(whole: Path, tmp_path: Path) -> None:
    """Before the jobs, with the name that the journal is kept under."""
    interrupted(whole, tmp_path, KEPT["a bit"][0])
    words = ["run", tmp_path / "tiny.yaml", "--device", "cpu", "--out", tmp_path / "out"]
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second, *_ = done.stderr.splitlines()
    assert first.startswith("the first line of ")
    assert f"it is kept as {ASIDE}, 2 finished job(s) below it" in first
    assert second.startswith("3 jobs, 2 kept from an interrupted run")
