"""Suites of neurons that are not SpikingJelly's, from end to end: loss, reset, T, twin, refusal."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MODELS = """
import torch
from torch import nn

class Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v >= 0).float()
    @staticmethod
    def backward(ctx, grad):
        return grad / (1 + ctx.saved_tensors[0] ** 2)

class Lif(nn.Module):
    v = 0.0
    def forward(self, x):
        self.v = self.v / 2 + x
        s = Step.apply(self.v - 0.3)
        self.v = self.v * (1 - s)
        return s

class Net(nn.Module):
    def __init__(self, neuron, rests):
        super().__init__()
        self.rests = rests
        self.net = nn.Sequential(nn.Conv2d(1, 4, 5, stride=4), neuron(), nn.MaxPool2d(2),
                                 nn.Flatten(), nn.Linear(100, 7), neuron())
    def rest(self):
        for module in self.net:
            if isinstance(module, Lif):
                module.v = 0.0
    def forward(self, x):
        if self.rests:
            self.rest()
        return torch.stack([self.net(x) for _ in range(3)]).mean(0)

def resting():
    return Net(Lif, True)

def keeping():
    return Net(Lif, False)

def jelly():
    from spikingjelly.activation_based import neuron
    return Net(lambda: neuron.LIFNode(2.0, decay_input=False, v_threshold=0.3), False)

def torchy():
    import snntorch
    return Net(lambda: snntorch.Leaky(0.5, 0.3, init_hidden=True, reset_mechanism="zero"), False)
"""
SUITE = """benchbench: 1
name: neurons
settings: {{batch_size: 8, phases: [infer, train], repeats: 1, window_s: 0.2, window_iterations: 2,
  warmup_s: 0.2, warmup_iterations: 2, warmup_cap_s: 0.5, train_steps: 0, images: 16, idle_s: 0.3}}
models:
{}
"""


def ran(folder: Path, *entries: str) -> dict[str, dict[str, Any]]:
    """Each model's cell of the results, by its id."""
    (folder / "own.py").write_text(MODELS)
    (folder / "suite.yaml").write_text(SUITE.format("\n".join(f"  - {it}" for it in entries)))
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "run", "suite.yaml", "--device", "cpu", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode in {0, 3}, done.stderr
    return {cell["model"]: cell for cell in json.loads(done.stdout)["cells"]}


@pytest.mark.slow
def test_neurons_of_ones_own(tmp_path: Path) -> None:
    """Own neurons, reset by themselves or by `reset:`, give what SpikingJelly's twin gives.

    Without a reset the model is a row with the sentence that names it, and no step is timed.
    """
    cells = ran(
        tmp_path,
        '{id: jelly, model: "own.py:jelly"}',
        '{id: resting, model: "own.py:resting"}',
        '{id: told, model: "own.py:keeping", reset: rest, spiking: ["net.[15]"], steps: 3}',
        '{id: keeping, model: "own.py:keeping"}',
    )
    twin = cells.pop("jelly")
    refused = cells.pop("keeping")
    assert refused["status"] != "ok"
    assert "reset: METHOD" in " ".join(refused["reasons"])
    assert refused["measurements"]["macs_dense"]["value"]
    for name in ("synops_exact", "infer_fps", "train_fps"):
        figure = refused["measurements"].get(name)
        assert figure is None or figure["value"] is None
    for cell in cells.values():
        as_the_twin(cell, twin)


@pytest.mark.slow
def test_snntorch_keeps_its_state_in_a_suite(tmp_path: Path) -> None:
    """A hidden state is reset in counts, in timed steps, in a training and in its accuracy."""
    pytest.importorskip("snntorch", reason="snnTorch is not installed: [frameworks]")
    cells = ran(
        tmp_path,
        '{id: jelly, model: "own.py:jelly"}',
        '{id: torchy, model: "own.py:torchy"}',
        '{id: trained, model: "own.py:torchy", train: {epochs: 1, images: 32, test_images: 16}}',
    )
    as_the_twin(cells["torchy"], cells["jelly"])
    trained = cells["trained"]
    assert trained["status"] == "ok", trained["reasons"]
    assert trained["facts"]["loss"] == "mse"
    assert 0 <= trained["measurements"]["accuracy"]["value"] <= 1


def as_the_twin(cell: dict[str, Any], twin: dict[str, Any]) -> None:
    """All that follows from spikes is there, and is SpikingJelly's."""
    assert cell["status"] == "ok", cell["reasons"]
    assert (cell["facts"]["loss"], cell["facts"]["T"]) == ("mse", "3")
    ours, theirs = cell["measurements"], twin["measurements"]
    exact = ("synops_exact", "neuron_updates", "firing_rate", "macs_effective")
    formulas = ("modelled_compute_fp32", "modelled_few_bit_twin", "break_even_compute")
    for name in (*exact, *formulas):
        assert ours[name]["value"] == pytest.approx(theirs[name]["value"])
    assert ours["synops_exact"]["value"] > 0
    for name in ("infer_fps", "train_fps"):
        assert ours[name]["value"] > 0
