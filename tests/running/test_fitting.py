"""A model that does not fit its data is told once, with both shapes, before any job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from fixtures_user import UserRun, user_run

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
import os, time
import torch
from torch import nn

class Does(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.fc, self.what = nn.Linear(12, 10), what
    def forward(self, x):
        self.what()
        return self.fc(x.flatten(1))

def images():
    x, y = torch.rand(40, 3, 2, 2, dtype=torch.float32), torch.arange(40) % 10
    return {"train": (x, y), "test": (x, y)}
def numbers():
    x = torch.rand(40, 3, 2, 2)
    return {"train": (x, x.flatten(1)[:, :3]), "test": (x, x.flatten(1)[:, :3])}

def fits(): return nn.Sequential(nn.Flatten(), nn.Linear(12, 10))
def many(): return nn.Sequential(nn.Flatten(), nn.Linear(12, 1000))
def misfit(): return nn.Sequential(nn.Flatten(), nn.Linear(100, 10))
def few(): return nn.Sequential(nn.Flatten(), nn.Linear(12, 5))
def odd(): return nn.Conv2d(3, 10, 1)
def leaves(): return Does(lambda: os._exit(0))
def raises(): return Does(lambda: 1 / 0)
def double():
    torch.set_default_dtype(torch.float64)
    return Does(lambda: None).float()
"""
SETTINGS = """
benchbench: 1
name: own
data: own.py:images
settings: { repeats: 0, images: 16, batch_size: 8, train_steps: 0 }
models:
"""


def run(folder: Path, *models: str) -> UserRun:
    """A run of these models."""
    suite = SETTINGS + "".join(f"  - {{ {it} }}\n" for it in models)
    return user_run(folder, OWN, suite)


@pytest.mark.slow
def test_it_is_told_once_with_both_shapes(tmp_path: Path) -> None:
    """Of the layer, of the answer and of a regression's targets; the others are measured."""
    entry = 'id: {0}, model: "own.py:{0}", train: {{ epochs: 1 }}'
    names = ("misfit", "few", "odd", "raises")
    regression = 'id: numbers, model: "own.py:fits", data: "own.py:numbers", train: { epochs: 1 }'
    others = ('id: many, model: "own.py:many"', 'id: double, model: "own.py:double"')
    models = [*(entry.format(name) for name in names), regression, *others]
    done = run(tmp_path, *models, 'id: fits, model: "own.py:fits"')
    cells, said, kept = done.cells, done.said, done.kept
    wanted = {
        "misfit": (
            "fails on a batch of its data, float32 [2, 3, 2, 2] in 1 (Linear, weight [10, 100]), "
            "which is given float32 [2, 12]: RuntimeError"
        ),
        "few": "which has 10 classes: the answer is float32 [2, 5], expected [N, 10]",
        "odd": "the answer is float32 [2, 10, 2, 2], expected [N, 10]",
        "raises": "ZeroDivisionError: division by zero",
        "numbers": "the model answers with (2, 10), and the targets are (2, 3)",
    }
    for name, text in wanted.items():
        assert cells[name]["status"] == "error"
        (reason,) = cells[name]["reasons"]
        assert text in reason, reason
        assert said.count(f"{name} not counted (") == 1
        assert f"{name} train" not in said
    for name in ("many", "double", "fits"):
        assert cells[name]["status"] == "ok", cells[name]
        assert cells[name]["measurements"]["params"]["value"] > 0
    records = [json.loads(line) for line in (kept / "journal.jsonl").read_text().splitlines()]
    jobs = [record["job"] for record in records if record["kind"] == "job"]
    assert len(jobs) == len(wanted) + 3


@pytest.mark.slow
def test_a_process_that_ends_in_the_first_pass_tells_nothing_of_others(tmp_path: Path) -> None:
    """Its own job has the reason."""
    cells = run(
        tmp_path, 'id: leaves, model: "own.py:leaves"', 'id: fits, model: "own.py:fits"'
    ).cells
    assert (cells["leaves"]["status"], cells["fits"]["status"]) == ("crash", "ok")


def test_a_long_reason_keeps_where_and_what(tmp_path: Path) -> None:
    """An exception of megabytes, a module far down, a layer with many inputs: both are read."""
    code = """
import torch
from torch import nn

class Loud(nn.Module):
    def forward(self, *given):
        raise ValueError("long " * 1_000_000)

class Many(nn.Module):
    def __init__(self):
        super().__init__()
        self.loud = Loud()
    def forward(self, x):
        return self.loud(*[x] * 100)

def loud(): return nn.Sequential(nn.Flatten(), Loud())
def many(): return Many()
def deep():
    net = nn.Sequential()
    net.add_module("deep" * 300, Loud())
    return net
"""
    names = ("loud", "many", "deep")
    entries = "".join(f"  - {{id: {it}, model: 'own.py:{it}'}}\n" for it in names)
    done = user_run(tmp_path, code, f"benchbench: 1\nname: own\nmodels:\n{entries}")
    wanted = {
        "loud": " in 1 (Loud), which is given float32 [2, 2304]: ValueError: long long",
        "many": "48], and 97 more: ValueError: long long",
        "deep": "…: ValueError: long long",
    }
    for name, text in wanted.items():
        (reason,) = done.cells[name]["reasons"]
        assert reason.startswith("count: fails on a batch of its data, float32 [2, 1, 48, 48] in ")
        assert text in reason
        assert len(reason) <= len("count: ") + 500
