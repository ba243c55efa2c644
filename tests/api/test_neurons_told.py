"""What is told of a model's neurons reaches the count by every door."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn

import benchbench
from benchbench.frameworks import Neurons
from benchbench.suite import loader
from benchbench.worker import in_process

if TYPE_CHECKING:
    from pathlib import Path

MODEL = """
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a model that keeps its state."""
    found = tmp_path / "own.py"
    found.write_text(MODEL)
    return found


def test_from_python(kit: Any) -> None:
    """`count` takes a pattern by itself, a reset and steps; the module stays as it is."""

    class Keeping(kit.net):  # type: ignore[misc]
        def rest(self) -> None:
            for module in (self.lif1, self.lif2, self.lif3):
                module.rest()

    model, images = Keeping(kit.own), kit.images()
    refused = benchbench.count(model, [images, images[:2]])
    assert refused.status == "invalid"
    assert "reset: METHOD" in refused.reason
    found = benchbench.count(model, [images, images[:2]], spiking="lif*", reset="rest", steps=4)
    assert found.status == "ok"
    twin = benchbench.count(kit.twin(), [images, images[:2]])
    assert found["synops_exact"].value == twin["synops_exact"].value
    assert found["modelled_few_bit_twin"].value == twin["modelled_few_bit_twin"].value
    assert "T: 4" in found._repr_html_()
    assert model.lif1.v == 0.0
    assert not [name for module in model.modules() for name in vars(module) if "bench" in name]


def test_from_the_command_line(file: Path) -> None:
    """`benchbench count` has an option for each."""
    words = ["count", f"{file}:Net", "--spiking", "Sp*", "--reset", "rest", "--steps", "5"]
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    figures = {item["name"]: item for item in found["measurements"]}
    assert figures["neuron_updates"]["value"] == 40
    assert found["facts"]["Spikes"] == "named: spikes"
    assert found["facts"]["reset"] == "rest() before each batch"


def test_from_a_fixture(file: Path) -> None:
    """A step of pytest-benchmark's rests on the same."""
    settings = {"batch_size": 4, "images": 8}
    given: tuple[Any, ...] = (f"{file}:Net", "infer", {}, file.parent, "cpu", settings)
    step = in_process.prepare(*given, Neurons(reset="rest"))
    step.run()
    assert step.info["loss"] == "mse"
    assert step.info["firing_rate"] > 0
    with pytest.raises(benchbench.ModelError, match="reset: METHOD"):
        in_process.prepare(*given, Neurons())


def test_of_a_suite(file: Path) -> None:
    """A suite's model has the keys, and they are part of what identifies a training."""
    entry = f"{{id: a, model: '{file}:Net', spiking: [Sp*], reset: rest, steps: 5}}"
    suite = loader.parse(f"benchbench: 1\nname: s\nmodels: [{entry}]\n", "s.yaml", file.parent)
    assert suite.model("a").neurons == Neurons(("Sp*",), "rest", 5)
    with pytest.raises(benchbench.SuiteError, match=r"models\[0\].steps"):
        loader.parse(
            f"benchbench: 1\nname: s\nmodels: [{entry.replace('5', '0')}]\n", "s.yaml", file.parent
        )


def test_a_shape_alone_finds_neurons() -> None:
    """Without data one random sample shows what fires."""

    class Step(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            return (inputs > 0).float()

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 8), Step(), nn.Linear(8, 2))
    facts = benchbench.count(model, (16,)).facts
    assert facts == {"Step": "found by outputs of 0 and one other value: 1"}
