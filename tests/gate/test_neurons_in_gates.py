"""Both sides of a gate find neurons of one's own, and reset them as they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchbench.gate.process import AgentProcess, Side, SideError

OWN = """
import torch
from torch import nn

class Spikes(nn.Module):
    v = 0.0
    def forward(self, x):
        self.v = self.v / 2 + x
        s = (self.v >= 0.2).float()
        self.v = self.v - s * self.v
        return s

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.spikes, self.two = nn.Linear(2304, 8), Spikes(), nn.Linear(8, 7)
    def rest(self):
        self.spikes.v = 0.0
    def forward(self, x):
        y = self.one(x.flatten(1))
        return torch.stack([self.two(self.spikes(y)) for _ in range(5)]).mean(0)
"""


def test_a_side_finds_and_resets(tmp_path: Path) -> None:
    """Spikes are counted and a step is timed with a reset that is told; without it neither is."""
    (tmp_path / "own.py").write_text(OWN)
    tree = Path(__file__).resolve().parents[2]
    side = Side("candidate", tree, tmp_path / "other")
    order: dict[str, Any] = {
        "model": "own.py:Net",
        "set": {},
        "folder": str(tmp_path),
        "num_classes": 7,
        "device": "cpu",
        "data": {"source": "synthetic_faces", "seed": 0},
        "batch_size": 4,
        "seed": 0,
        "threads": 1,
    }
    told = order | {"neurons": {"spiking": ["Spikes"], "reset": "rest", "steps": 5}}
    figures = ["synops_exact"]
    with AgentProcess(side, tmp_path / "log", 120.0) as process:
        found = process.ask("count", workload=told, phases=["infer"], figures=figures)["figures"]
        assert found["synops_exact"]["value"] > 0
        assert found["infer_operators"]["value"] > 0
        found = process.ask("count", workload=order, phases=[], figures=figures)["figures"]
        assert "reset: METHOD" in found["synops_exact"]["reason"]
        with pytest.raises(SideError, match="reset: METHOD"):
            process.ask("open", workload=order, phase="infer", warmup_s=0.0)
