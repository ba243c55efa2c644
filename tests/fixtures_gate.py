"""A repository of a user's own, with a suite and a model, for the tests of the gate."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from benchbench.gate import process
from benchbench.running import plan

SUITE = """benchbench: 1
name: mine
settings: { batch_size: 2, threads: 1, phases: [infer], repeats: 0, window_s: 0.1, warmup_s: 0,
  warmup_cap_s: 0.1, window_iterations: 1, idle_s: 0, train_steps: 0, images: 2, meter: none }
gate: { alarm_percent: 20, pairs: 4, turns: 2, window_s: 0.05, warmup_s: 0 }
models:
  - { id: m, model: "model.py:small" }
"""

MODEL = """
from torch import nn

REPEATS = 1

class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.first = nn.Linear(48 * 48, 1024)
        self.square = nn.Linear(1024, 1024)
        self.last = nn.Linear(1024, 7)

    def forward(self, x):
        x = self.first(self.flatten(x))
        for _ in range(REPEATS):
            x = self.square(x)
        return self.last(x)

def small():
    return Small()
"""


def git(folder: Path, *words: str) -> str:
    """What git prints."""
    name = ("-c", "user.name=t", "-c", "user.email=t@t")
    done = subprocess.run(
        ["git", "-C", str(folder), *name, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a suite and a model of its own, and the working folder in it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # of worktrees
    monkeypatch.setattr(tempfile, "tempdir", None)
    place = tmp_path / "repository"
    (place / "bench").mkdir(parents=True)
    (place / "bench" / "mine.yaml").write_text(SUITE)
    (place / "bench" / "model.py").write_text(MODEL)
    (place / "behaviour.json").write_text(behaviour())
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    git(place, "commit", "-qm", "base")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def fake_gate(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository, gates in which ask an agent that works on no model."""
    monkeypatch.setattr(process, "AGENT", Path(__file__).parent / "gate" / "fake_agent.py")
    monkeypatch.setattr(plan, "hello", lambda *_: {"gpus": [], "torch": "none"})
    return repository


def behaviour(**changes: Any) -> str:
    """How the fake agent's model behaves."""
    count = {"value": 1, "reason": "", "detail": {}}
    return json.dumps({"model.py:small": {"step_s": 0.01, "counts": {"params": count}} | changes})
