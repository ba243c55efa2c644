"""Two nodes for the tests of this folder, and a suite whose models can be held."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

PATIENCE_S = 90.0

MODELS = """
import os
import time
from pathlib import Path

from torch import nn


def small(num_classes: int = 7, width: int = 16, held: str = ""):
    while held and (Path(os.environ["HELD"]) / held).exists():
        time.sleep(0.1)
    layers = nn.Linear(2304, width), nn.ReLU(), nn.Linear(width, num_classes)
    return nn.Sequential(nn.Flatten(), *layers)
"""
SUITE = """
benchbench: 1
name: tiny
settings:
  repeats: {repeats}
  window_s: 0.02
  window_iterations: 2
  warmup_s: 0
  warmup_iterations: 1
  warmup_cap_s: 0.1
  idle_s: 0
  images: 4
  train_steps: 0
  phases: [infer]
models: [{models}]
"""


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _heeds_interrupts() -> None:
    """Take SIGINT, also where the tests run in the background and ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Cluster:
    """Two nodes, and a folder that both see."""

    folder: Path
    conf: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a command on its login node has."""
        held = {"HELD": str(self.folder / "held"), "SLURM_CONF": str(self.conf)}
        return {**os.environ, **held, "OMP_NUM_THREADS": "1"}

    def asked(self, *words: str) -> str:
        """What one of Slurm's commands prints."""
        done = subprocess.run(
            words, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    def suite(self, models: list[str], repeats: int, held: tuple[str, ...] = ()) -> None:
        """Write a suite of small models; those that are held wait until they are let go."""
        (self.folder / "held").mkdir(exist_ok=True)
        (self.folder / "own.py").write_text(MODELS)
        entries = []
        for width, name in enumerate(models, 8):
            mark = f", held: {name}" if name in held else ""
            entries.append(
                f'{{ id: {name}, model: "own.py:small", set: {{ width: {width}{mark} }} }}'
            )
            if name in held:
                (self.folder / "held" / name).touch()
        (self.folder / "s.yaml").write_text(
            SUITE.format(repeats=repeats, models=", ".join(entries))
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start ``benchbench run s.yaml`` with these options."""
        return subprocess.Popen(
            [sys.executable, "-m", "benchbench", "run", "s.yaml", "--device", "cpu", *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_heeds_interrupts,  # noqa: PLW1509 - the tests have one thread
        )

    def run(self, *words: str, code: int = 0) -> str:
        """The same to its end."""
        process = self.start(*words)
        out, _ = process.communicate(timeout=240)
        assert process.returncode == code, out
        return out

    def result(self, out: str = "reports") -> dict[str, Any]:
        """The newest stored run below a folder."""
        file = max((self.folder / out / "tiny").glob("*/results.json"))
        return json.loads(file.read_text())

    def journal(self, out: str = "reports") -> list[dict[str, Any]]:
        """The lines of the newest run's journal."""
        file = max((self.folder / out / "tiny").glob("*/journal.jsonl"))
        return [json.loads(line) for line in file.read_text().splitlines()]

    def queue(self) -> dict[str, tuple[str, str, str]]:
        """Id, state and node of each job by its part's name, the newest of each."""
        lines = self.asked("squeue", "--noheader", "--states=all", "--format=%j|%i|%T|%N|%Z")
        found: dict[str, tuple[str, str, str]] = {}
        for line in sorted(lines.splitlines(), key=lambda it: int(it.split("|")[1])):
            name, job, state, node, folder = line.split("|")
            if Path(folder) != self.folder:
                continue  # of another test
            found[name.rpartition(":")[2]] = (job, state, node)
        return found

    def wait_for(self, what: Callable[[], object]) -> None:
        """Wait until something is the case."""
        until = time.monotonic() + PATIENCE_S
        while not what():
            assert time.monotonic() < until, self.queue()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def two_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The slurm.conf of two nodes, or a skip."""
    nodes = _loaded("two_nodes")
    if why := nodes.missing():
        pytest.skip(why)
    pytest.importorskip("submitit")
    folder = tmp_path_factory.mktemp("slurm")
    try:
        yield nodes.up(folder)
    finally:
        nodes.down(folder)


@pytest.fixture
def cluster(two_nodes: Path, tmp_path: Path, _own_world: None) -> Iterator[Cluster]:
    """A folder on the cluster; nothing of a test is left in the queue."""
    found = Cluster(tmp_path, two_nodes)
    yield found
    found.asked("scancel", "--user=root")
