"""A run in parts: how it is divided, where a part starts, and what becomes of one that dies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchbench import api
from benchbench.api import clusters
from benchbench.errors import BenchbenchError
from benchbench.report.progress import SilentProgress
from benchbench.running import slurm
from benchbench.running.engine import PartState
from benchbench.running.gpus import GpuEngine, free_device
from benchbench.running.parts import Part, outlined, parts_of
from benchbench.running.plan import RunRequest, chosen, opened
from benchbench.running.slurm import SlurmEngine, SlurmOptions
from benchbench.running.slurm_words import ended_by, minutes_of, state_of, told_by
from benchbench.suite.schema import Model, Suite

if TYPE_CHECKING:
    from benchbench.running.cells import Job
    from benchbench.running.launcher import Outcome

GPUS = ("cuda:0", "cuda:1", "cuda:2")
CELLS = Part("cells-a", (), ("train", "count"), ("a",))
TIMED = Part("time-1", (), ("time",), ("a", "b"), alone=True)
MODEL = """
import os
from torch import nn

def small(num_classes: int = 7, width: int = 16):
    if width == int(os.environ.get("KILLS", 0)):
        os.kill(int(os.environ["SUBMITTED"]), 9)
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
  - { id: c, model: "own.py:small", set: { width: 18 } }
"""


@pytest.fixture
def request_of(tmp_path: Path) -> RunRequest:
    """A run of three models."""
    (tmp_path / "own.py").write_text(MODEL)
    (tmp_path / "s.yaml").write_text(SUITE)
    return RunRequest(str(tmp_path / "s.yaml"), device="cpu", out=tmp_path / "out")


def parts(request: RunRequest, nodes: int = 1, bundle: int = 1) -> list[Part]:
    """The parts of a request."""
    suite, folder = opened(request)
    return parts_of(outlined(suite, folder, request, "slurm", nodes), nodes, bundle)


def test_cells_are_parts_and_all_rounds_are_one(request_of: RunRequest) -> None:
    """What is timed is one part, of all models, its rounds interleaved."""
    *cells, timed = parts(request_of)
    assert [(it.name, it.models, it.alone) for it in cells] == [
        (f"cells-{name}", (name,), False) for name in "abc"
    ]
    assert timed.models == ("a", "b", "c")
    assert timed.alone
    assert not timed.waits  # nothing is trained: there are no weights to wait for
    found = [(job.repeat, job.cell.model.id) for job in timed.jobs]
    assert found == [(repeat, name) for repeat in (0, 1) for name in "abc"]


def test_nodes_repeat_the_timed_part_and_bundles_hold_several_cells(
    request_of: RunRequest,
) -> None:
    """Each node has all rounds of its own; a bundle is named by its first model."""
    found = parts(request_of, nodes=2, bundle=2)
    assert [it.name for it in found] == ["cells-a-and-1-more", "cells-c", "time-1", "time-2"]
    assert [it.replicate for it in found] == [0, 0, 0, 1]


def test_tasks_leave_parts_out(request_of: RunRequest) -> None:
    """What is only counted has no timed part."""
    found = parts(replace(request_of, tasks=("count",)))
    assert {it.tasks for it in found} == {("count",)}


def test_a_part_is_our_own_command_line(request_of: RunRequest, tmp_path: Path) -> None:
    """It names the models, the tasks and the device, and runs below the run's own folder."""
    (timed,) = (it for it in parts(request_of) if it.is_timed)
    words = timed.command(replace(request_of, changes=("batch_size=2",)), tmp_path, "cuda:1")
    assert words[:4] == [sys.executable, "-m", "benchbench", "run"]
    text = " ".join(words)
    assert "--only a --only b --only c --set batch_size=2 --device cuda:1 --tasks time" in text
    assert str(tmp_path / "parts" / "time-1") in words


def test_a_suite_of_python_has_no_parts(tmp_path: Path) -> None:
    """Its parts would be commands, which need a file."""
    from benchbench import Suite

    suite = Suite(models=["shallow_cnn"])
    with pytest.raises(BenchbenchError, match="write it as a file"):
        outlined(suite, tmp_path, RunRequest(suite), "slurm", 1)


@pytest.mark.parametrize(
    ("part", "running", "share", "device"),
    [
        (CELLS, {}, False, "cuda:0"),
        (CELLS, {"cuda:0": CELLS}, False, "cuda:1"),
        (CELLS, dict.fromkeys(GPUS, CELLS), False, None),
        (TIMED, {}, False, "cuda:0"),
        (TIMED, {"cuda:2": CELLS}, False, None),  # it waits for the whole node
        (CELLS, {"cuda:0": TIMED}, False, None),  # and nothing starts beside it
        (TIMED, {"cuda:0": CELLS}, True, "cuda:1"),
        (CELLS, {"cuda:0": TIMED}, True, "cuda:1"),
    ],
)
def test_one_part_a_gpu_and_what_is_timed_alone(
    part: Part, running: dict[str, Part], *, share: bool, device: str | None
) -> None:
    """A list of pretended GPUs is scheduled as the rules say."""
    assert free_device(part, running, GPUS, share=share) == device


def test_without_a_gpu_there_is_a_sentence() -> None:
    """No device, no engine."""
    with pytest.raises(BenchbenchError, match="sees no CUDA device"):
        GpuEngine((), share=False)


def test_without_slurm_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no sbatch says where to run it, one without submitit how to install it."""
    pytest.importorskip("submitit")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BenchbenchError, match="no 'sbatch' on the PATH"):
        SlurmEngine(SlurmOptions())
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(BenchbenchError, match=r"pip install 'benchbench\[cluster\]'"):
        SlurmEngine(SlurmOptions())


def test_a_controller_that_does_not_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its jobs count as they did last, and those that it was never asked about as queued."""
    pytest.importorskip("submitit")
    monkeypatch.setattr(shutil, "which", lambda _: "there")
    monkeypatch.setattr(slurm, "_asked", lambda *_: "7|RUNNING|n1|None|x\n")
    engine = SlurmEngine(SlurmOptions())
    before = engine.states(["7"])

    def silent(*_: str) -> str:
        raise BenchbenchError("squeue: Unable to contact slurm controller")

    monkeypatch.setattr(slurm, "_asked", silent)
    after = engine.states(["7", "8"])
    assert after["7"] == before["7"]
    assert after["8"].phase == "queued"


def test_a_run_attaches_to_its_own_jobs_that_have_not_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The newest of a name; another suite's run of the same second has another one."""
    pytest.importorskip("submitit")
    monkeypatch.setattr(shutil, "which", lambda _: "there")
    run, other = tmp_path / "table3" / "20260101-000000", tmp_path / "table4" / "20260101-000000"
    monkeypatch.setattr(slurm, "_asked", lambda *_: "")
    engine = SlurmEngine(SlurmOptions())
    engine.attach(run, {})
    name = f"{engine._prefix}time-1"
    lines = [
        f"12|RUNNING|n2|None|{name}",
        f"9|RUNNING|n2|None|{name}",
        f"13|NODE_FAIL|n1|NodeDown|{name}",
        "14|PENDING||Priority|benchbench:20260101-000000:cells-a",
        "15|RUNNING|n3|None|benchbench:20260101-000000:cells-b",
    ]
    monkeypatch.setattr(slurm, "_asked", lambda *_: "\n".join(lines))
    assert engine.attach(run, {"time-1": "11"}) == {"time-1": "12", "cells-a": "14"}
    assert engine.attach(other, {}) == {"cells-a": "14"}
    assert engine.attach(run, {"cells-c": "5"})["cells-c"] == "5"


def test_an_id_is_no_pattern() -> None:
    """Those of a matrix over lists have brackets in them; what is no id is a pattern."""
    names = ("net_widths[8, 16]", "net_widths[32]", "net*", "netz")
    suite = Suite(1, "s", tuple(Model(name, "m.py:net") for name in names))
    for name in names:
        assert chosen(suite, [name]) == [name]
    assert chosen(suite, ["net?*"]) == [*names]
    assert chosen(suite, []) == [*names]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        *(("30", 30), ("1:30", 2), ("2:00:00", 120), ("1-0", 1440), ("1-12", 2160)),
        *(("0-1:30", 90), ("1-2:3:4", 1564), ("0", 1)),
    ],
)
def test_a_time_limit_is_read_as_slurm_reads_it(text: str, minutes: int) -> None:
    """Each form that sbatch takes, rounded up to minutes."""
    assert minutes_of(text) == minutes


def test_a_wrong_time_limit_is_refused() -> None:
    """It is told before anything is queued."""
    with pytest.raises(BenchbenchError, match=r"expected e\.g\. 30"):
        minutes_of("soon")


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("7|RUNNING|n1|None|x", PartState("running", "RUNNING", "n1")),
        ("7|PENDING||Resources|x", PartState("queued", "PENDING", why="Resources")),
        ("7|PENDING||BadConstraints|x", PartState("ended", "PENDING")),
        ("7|TIMEOUT|n1|TimeLimit|x", PartState("ended", "TIMEOUT", "n1")),
    ],
)
def test_a_line_of_squeue(line: str, state: PartState) -> None:
    """A job that can never start counts as ended: nobody waits for it."""
    assert state_of(line) == ("7", state, "x")


@pytest.mark.parametrize(
    ("told", "status", "words", "again"),
    [
        ("JobState=TIMEOUT Reason=TimeLimit TimeLimit=00:01:00 NodeList=n1", "timeout", "on n1", 0),
        ("JobState=NODE_FAIL Reason=x NodeList=n2", "crash", "was lost (NODE_FAIL, reason x)", 1),
        ("JobState=PREEMPTED Reason=None NodeList=n2", "crash", "was lost (PREEMPTED)", 1),
        ("JobState=OUT_OF_MEMORY Reason=None NodeList=n2", "oom", "want of memory", 0),
        ("JobState=CANCELLED Reason=None NodeList=(null)", "crash", "was cancelled (CANCELLED)", 0),
        ("JobState=PENDING Reason=BadConstraints NodeList=", "error", "would never start", 0),
        ("JobState=FAILED ExitCode=2:0 NodeList=n1", "error", "exit code 2:0 (FAILED): oh", 0),
        ("", "crash", "not known to Slurm any more", 1),
    ],
)
def test_why_a_job_has_ended(told: str, status: str, words: str, again: int) -> None:
    """Each end of Slurm's is a status and a sentence; what is not the job's fault starts again."""
    found = ended_by("7", told_by(told), "oh")
    assert (found.status, found.again) == (status, bool(again))
    assert words in found.reason


class Heard(SilentProgress):
    """Remembers the jobs that have ended."""

    def __init__(self) -> None:
        """Nothing has."""
        self.ended: list[tuple[str, int, str]] = []

    def finished(self, job: Job, outcome: Outcome) -> None:
        """Note it."""
        self.ended.append((job.cell.model.id, job.repeat, outcome.status))


def test_parts_become_one_run_and_a_part_that_dies_is_a_row(
    request_of: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On pretended devices: what was finished is kept, and the same call does the rest."""
    monkeypatch.setattr(clusters, "machine", lambda: {"gpus": ["pretended"]})
    real = Part.command

    def command(self: Part, request: RunRequest, folder: Path, device: str = "") -> list[str]:
        assert device == "cuda:0"
        words = real(self, request, folder, "cpu")
        # The shell's number is the guard's child: the model kills it where it is told to.
        script = 'SUBMITTED=$$ exec "$@"'
        return ["sh", "-c", script, "sh", *words]

    monkeypatch.setattr(Part, "command", command)
    monkeypatch.setenv("KILLS", "17")  # the model b
    heard = Heard()
    found = api.run_in_parts(replace(request_of, tasks=("count",)), "gpus", heard)
    assert [cell.status for cell in found.cells] == ["ok", "error", "ok"]
    assert "ended before its time" in found.cells[1].reasons[0]
    assert not found.run["complete"]
    assert ("b", 0, "error") in heard.ended
    monkeypatch.setenv("KILLS", "0")
    again = Heard()
    found = api.run_in_parts(replace(request_of, tasks=("count",)), "gpus", again)
    assert [cell.status for cell in found.cells] == ["ok"] * 3
    assert found.run["complete"]
    assert again.ended == [("b", 0, "ok")]


def test_what_is_timed_beside_other_work_says_so(
    request_of: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --share each figure of time has a note, and the report a banner."""
    monkeypatch.setattr(clusters, "machine", lambda: {"gpus": ["pretended"]})
    real = Part.command
    monkeypatch.setattr(
        Part, "command", lambda self, request, folder, _: real(self, request, folder, "cpu")
    )
    one = replace(request_of, only=("a",))
    found = api.run_in_parts(one, "gpus", share=True)
    figure = found.figure("a", "infer_fps")
    assert figure is not None
    assert any("--share" in reason for reason in figure.reasons)
    assert "SHARED NODE" in (Path(found.folder) / "report.md").read_text()
    plain = api.run_in_parts(one, "gpus")
    figure = plain.figure("a", "infer_fps")
    assert figure is not None
    assert not any("--share" in reason for reason in figure.reasons)


def test_an_option_of_slurms_needs_slurm(tmp_path: Path) -> None:
    """It is a usage error, not an option that does nothing."""
    for words in (["--time", "5"], ["--share"], ["--tasks", "count,sleep"]):
        done = subprocess.run(
            [sys.executable, "-m", "benchbench", "run", "gate", *words],
            cwd=tmp_path,
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "--on slurm" in done.stderr or "expected some of" in done.stderr
