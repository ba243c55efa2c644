"""Runs that meet a full disk, a second run, and a user's folder that is full of surprises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import benchbench
from benchbench.errors import OutputError
from benchbench.report import keep
from benchbench.running import runner

ROOT = Path(benchbench.__file__).parents[1]
SMALL = '''
from torch import nn

def small(num_classes: int = 7):
    """A small network."""
    return nn.Sequential(nn.Flatten(), nn.Linear(2304, 8), nn.ReLU(), nn.Linear(8, num_classes))
'''
SUITE = """benchbench: 1
name: tiny
settings: {batch_size: 4, repeats: 0, train_steps: 0, images: 4}
models:
  - {id: small, model: "own.py:small"}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of one small model that is counted, and not timed."""
    (tmp_path / "own.py").write_text(SMALL)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    return tmp_path / "tiny.yaml"


def run(suite: Path, **more: Any) -> benchbench.Results:
    """Run it here, beside its file."""
    return benchbench.run(suite, device="cpu", out=suite.parent / "out", **more)


def jobs_of(suite: Path) -> list[list[str]]:
    """The jobs in each journal of a suite's runs."""
    found = []
    for file in sorted(suite.parent.glob("out/tiny/*/journal.jsonl")):
        records = [json.loads(line) for line in file.read_text().splitlines()]
        found.append([record["kind"] for record in records])
    return found


def test_reports_are_made_again_without_measuring_again(
    suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full when the reports are written costs no measurement."""
    calls = []

    def full(*_: object) -> None:
        calls.append(1)
        raise OutputError("report.md: cannot be written: No space left on device")

    monkeypatch.setattr("benchbench.api.runs.keep", full)
    with pytest.raises(OutputError, match="No space left"):
        run(suite)
    assert calls
    assert jobs_of(suite) == [["run", "job"]]

    monkeypatch.setattr("benchbench.api.runs.keep", keep)
    monkeypatch.setattr(runner.launcher, "work", _measured_again(runner.launcher.work))
    found = run(suite)
    assert found.run["complete"]
    assert found.figure("small", "params").value == 2304 * 8 + 8 + 8 * 7 + 7
    assert jobs_of(suite) == [["run", "job", "end"]]
    stored = benchbench.load(found.folder)
    assert stored.to_json() == found.to_json()


def _measured_again(work: Any) -> Any:
    """Only what looks at machine, data and models may start a worker."""

    def refuse(order: Any, **how: Any) -> Any:
        assert order.task in {"hello", "look", "fit"}, f"{order.task} is done again"
        return work(order, **how)

    return refuse


def test_what_stopped_a_run_is_what_is_told(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted run whose reports cannot be written is an interrupted run."""

    def full(*_: object) -> None:
        raise OutputError("no room")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchbench.api.runs.keep", full)
    monkeypatch.setattr(runner, "_work", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(suite)


def test_two_runs_of_the_same_know_of_each_other(suite: Path) -> None:
    """The second says which process measures the same already, and measures nothing."""
    (suite.parent / "own.py").write_text(SMALL + "\nimport time; time.sleep(3)\n")
    words = ["run", suite, "--device", "cpu", "--out", suite.parent / "out"]
    command = [sys.executable, "-m", "benchbench", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as first:
        while first.poll() is None and not jobs_of(suite):
            time.sleep(0.05)
        with pytest.raises(OutputError, match=f"process {first.pid}.* give another --out"):
            run(suite)
        assert first.wait() == 0
    assert jobs_of(suite) == [["run", "job", "end"]]


def test_a_working_folder_of_surprises_does_no_harm(suite: Path) -> None:
    """Files that are named as Python's own modules, and that are no Python, in a whole run."""
    for name in ("queue", "random", "json", "copy", "click", "rich"):
        (suite.parent / f"{name}.py").write_text("raise RuntimeError('shadowed')\n")
    (suite.parent / "legacy.py").write_text("print 'hello'\n")
    (suite.parent / "helper.py").write_text("width = 8\n")
    own = suite.parent / "own.py"
    own.write_text(
        f"import random, queue, helper\n{SMALL}".replace("2304, 8", "2304, helper.width")
    )
    suite.write_text(SUITE + "  - {id: cnn, model: shallow_cnn}\n")
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "run", "tiny.yaml", "--device", "cpu", "--json"],
        cwd=suite.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    assert [(cell["model"], cell["status"]) for cell in cells] == [("small", "ok"), ("cnn", "ok")]


def test_a_folder_of_the_interpreters_own_names_does_no_harm(suite: Path) -> None:
    """What Python itself loads first, shadowed: the installed command reads, counts and runs."""
    for name in ("types", "enum", "select", "functools", "queue"):
        (suite.parent / f"{name}.py").write_text("raise RuntimeError('shadowed')\n")
    command = Path(sys.executable).with_name("benchbench")
    asked = (["validate", suite], ["count", "own.py:small"], ["run", suite, "--device", "cpu"])
    for words in asked:
        done = subprocess.run(
            [command, *words],
            cwd=suite.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "shadowed" not in done.stdout + done.stderr


POOR = {
    "HOME": None,
    "BENCHBENCH_CACHE": None,
    "TMPDIR": "/nowhere",
    "COLUMNS": "40",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}
REFUSALS = {
    "a folder that cannot be written": ({}, "/proc/nowhere", 2),
    "a file in place of a folder": ({}, "/dev/null/runs", 2),
    "no home, no temporary folder, 40 columns of ASCII": (POOR, "out", 0),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_poor_machine_gives_a_sentence_or_a_result(suite: Path, what: str) -> None:
    """Never a traceback, and never exit code 1."""
    changes, out, code = REFUSALS[what]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "run", suite, "--device", "cpu", "--out", out],
        cwd=suite.parent,
        env={name: value for name, value in env.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert ("kept in" if code == 0 else "cannot be written") in done.stderr


def test_a_disk_that_is_full_loses_nothing(suite: Path) -> None:
    """Where the journal takes no more, the same command goes on once there is room."""
    words = ["run", suite, "--device", "cpu", "--out", suite.parent / "out"]
    limited = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))\n"
        f"sys.argv = ['benchbench', *{[*map(str, words)]!r}]\n"
        "from benchbench.__main__ import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    (before,) = jobs_of(suite)
    assert run(suite).run["complete"]
    (after,) = jobs_of(suite)
    assert after[: len(before)] == before
    assert after == ["run", "job", "end"]
