"""Suites of one's own models on one's own data, from the file to the report."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_user import user_run

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
import torch
from torch import nn
from spikingjelly.activation_based import neuron

def layers(channels):
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1), neuron.IFNode(), nn.MaxPool2d(8), nn.Flatten(),
        nn.Linear(64, 10), neuron.IFNode())

class Steps(nn.Module):
    def __init__(self, channels, steps):
        super().__init__()
        self.net, self.steps = layers(channels), steps
    def forward(self, x):
        frames = x if self.steps == 0 else [x] * self.steps
        return torch.stack([self.net(frame) for frame in frames])

class Answers(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3 * 32 * 32, 10)
    def forward(self, x):
        return {"hidden": x, "logits": self.fc(x.flatten(1))}

class Two(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.words, self.numbers = nn.Embedding(20, 8), nn.Linear(5, 8)
        self.out = nn.Linear(8, num_classes)
    def forward(self, ids, numbers):
        return self.out(self.words(ids).mean(1) + self.numbers(numbers)), ids

def frames(steps=4): return Steps(3, steps)
def events(): return Steps(2, 0)
def answers(): return Answers()
def two(num_classes=3): return Two(num_classes)
def misfit(): return nn.Sequential(nn.Flatten(), nn.Linear(100, 10))

def images(count=60):
    x = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)
    y = torch.arange(count) % 10
    return {"train": (x, y), "test": (x[:20], y[:20])}

def words():
    x = {"ids": torch.randint(0, 20, (48, 6)), "numbers": torch.rand(48, 5)}
    return {"train": (x, torch.arange(48) % 3), "test": (x, torch.arange(48) % 3)}
"""
SUITE = """
benchbench: 1
name: own
tables:
  - { title: "What", layout: models, rows: [ { metric: params }, { metric: synops_exact } ] }
data: own.py:images
settings: { repeats: 1, window_s: 0.05, window_iterations: 1, warmup_s: 0, warmup_iterations: 1,
  warmup_cap_s: 0.5, idle_s: 0, images: 16, batch_size: 8, train_steps: 2 }
models:
  - { id: frames, model: "own.py:frames" }
  - { id: answers, model: "own.py:answers", train: { epochs: 1 } }
  - { id: events, model: "own.py:events", data: { source: synthetic_events, time: first } }
  - { id: two, model: "own.py:two", data: "own.py:words", train: { epochs: 1 } }
  - { id: shape, model: "torchvision.models:resnet18", input: 3x32x32, set: { num_classes: 10 } }
  - { id: misfit, model: "own.py:misfit" }
"""


@pytest.mark.slow
def test_any_model_on_any_data(tmp_path: Path) -> None:
    """Images, events [T, N, ...], two inputs by name, a bare shape; one that does not fit."""
    run = user_run(tmp_path, OWN, SUITE)
    assert run.code == 3, run.said  # the one that does not fit
    cells = run.cells
    status = {name: cell["status"] for name, cell in cells.items()}
    assert status == {**dict.fromkeys(cells, "ok"), "misfit": "error"}, cells

    def value(model: str, figure: str) -> Any:
        return cells[model]["measurements"].get(figure, {}).get("value")

    assert value("frames", "macs_dense") == 4 * (4 * 27 * 1024 + 640)
    assert value("events", "macs_dense") == 8 * (4 * 18 * 1024 + 640)
    assert value("answers", "macs_dense") == 30720
    assert value("two", "macs_dense") == 5 * 8 + 8 * 3
    for name in ("frames", "events"):
        assert value(name, "synops_exact") is not None
        assert value(name, "modelled_compute_fp32") > 0
    assert value("shape", "params") == 11_181_642
    assert value("shape", "macs_effective") is None  # random numbers are nobody's data
    for name in ("frames", "answers", "events", "two", "shape"):
        assert value(name, "infer_fps") > 0
        assert value(name, "train_fps") > 0
    for name in ("answers", "two"):
        accuracy = cells[name]["measurements"]["accuracy"]
        assert accuracy["detail"]["split"] == "test"
        assert len(accuracy["detail"]["classes"]) == (10 if name == "answers" else 3)
    reason = " ".join(cells["misfit"]["reasons"])
    assert "float32 [2, 3, 32, 32] in 1 (Linear, weight [10, 100]), which is given" in reason
    assert run.said.count("misfit") == 1
    report = (run.kept / "report.md").read_text("utf-8")
    assert "SYNTHETIC DATA: random input 3x32x32" in report
    assert "SYNTHETIC DATA: shapes that move" in report
    assert "one is (1, 3, 32, 32)" in report
    assert "the input is random numbers: nothing is counted that rests on data" in report


LAZY = """
import torch
from torch import nn
from torch.utils.data import Dataset

class Images(Dataset):
    def __init__(self, count):
        self.count = count
    def __len__(self):
        return self.count
    def __getitem__(self, index):
        return torch.full((3, 64, 64), index % 7 / 7), index % 10

def many(count): return {"train": Images(count), "test": Images(200)}
def net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(15376, 10))
"""
PEAK = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
PEAK += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"


@pytest.mark.slow
def test_a_large_data_set_is_never_loaded_whole(tmp_path: Path) -> None:
    """50,000 images are 2.5 GB; no process of a run has much more memory for them than for 500."""
    (tmp_path / "own.py").write_text(LAZY)
    peaks = {}
    for count in (500, 50_000):
        data = f"data: {{ source: 'own.py:many', set: {{ count: {count} }}, classes: 10 }}"
        suite = SUITE.partition("models:")[0].replace("data: own.py:images", data)
        (tmp_path / "own.yaml").write_text(f'{suite}models: [{{ id: a, model: "own.py:net" }}]\n')
        run = ["-m", "benchbench", "run", str(tmp_path / "own.yaml"), "--device", "cpu"]
        done = subprocess.run(
            [sys.executable, "-c", PEAK, sys.executable, *run, "--out", str(tmp_path / "out")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        peaks[count] = int(done.stdout.splitlines()[-1]) * 1024
    assert peaks[500] > 1e8  # the workers' own, torch and all
    assert peaks[50_000] < peaks[500] + 3e8
