"""Backends from the suite file to the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from fixtures_user import user_run

from benchbench.backends import BACKENDS, Execution
from benchbench.cli.main import group
from benchbench.errors import SuiteError
from benchbench.suite import loader
from benchbench.suite.schema import Model, Settings, Suite

if TYPE_CHECKING:
    from pathlib import Path

NET = """
from spikingjelly.activation_based import layer, neuron
from torch import nn

class Net(nn.Module):
    def __init__(self, step_mode="m"):
        super().__init__()
        self.steps = 4
        self.net = nn.Sequential(
            layer.Conv2d(1, 4, 3, padding=1, step_mode=step_mode),
            neuron.IFNode(v_threshold=0.1, step_mode=step_mode),
            layer.MaxPool2d(2, step_mode=step_mode),
            layer.Flatten(step_mode=step_mode),
            layer.Linear(4 * 24 * 24, 7, step_mode=step_mode),
            neuron.LIFNode(v_threshold=0.1, step_mode=step_mode))
        self.mode = step_mode

    def forward(self, x):
        if self.mode == "m":
            return self.net(x.expand(self.steps, *x.shape)).mean(0)
        return sum(self.net(x) for _ in range(self.steps)) / self.steps

def net(step_mode="m"): return Net(step_mode)
"""
SUITE = """
benchbench: 1
name: own
settings: { repeats: 1, window_s: 0.2, window_iterations: 2, warmup_s: 0, warmup_iterations: 1,
            warmup_cap_s: 0.2, idle_s: 0, images: 16, train_steps: 2, meter: none }
models:
  - { id: fire, model: "own.py:net", matrix: { backend: [native, fused, events] } }
  - { id: single, model: "own.py:net", set: { step_mode: s }, backend: fused, precision: bf16 }
"""


@pytest.mark.slow
def test_backends_are_rows_with_their_proof(tmp_path: Path) -> None:
    """What ran is a fact, what was proved a figure, and what a backend cannot do has its reason."""
    run = user_run(tmp_path, NET, SUITE)
    assert run.code == 0, run.said
    native, fused, events = (run.cells[f"fire_backend{it}"] for it in ("native", "fused", "events"))
    assert native["facts"]["backend"] == "native"
    assert "equal_spikes" not in native["measurements"]
    layers_said = "fused: 2 of 2 neuron layers, 1 with the max-pool after them"
    assert fused["facts"]["backend"] == layers_said
    assert fused["measurements"]["equal_spikes"]["value"] == 1.0
    assert fused["measurements"]["train_fps"]["value"] > 0
    assert fused["measurements"]["train_first_step"]["value"] > 0
    layers = fused["measurements"]["equal_spikes"]["detail"]["layers"]
    assert {*layers} == {"net.1", "net.5"}
    assert "train_fps" not in events["measurements"]
    assert "net.4" in events["facts"]["gathers up to"]
    text = (run.kept / "report.md").read_text()
    assert "runs inference alone" in text
    assert "which is what other backends are set against" in text
    single = run.cells["single"]["facts"]
    assert single["backend"] == "fused: 0 of 2 neuron layers"
    assert "step mode s takes one time step a call" in single["not fused"]
    assert single["precision"].startswith("bf16")
    counts = [cell["measurements"]["synops_exact"]["value"] for cell in (native, fused, events)]
    assert counts[0] == counts[1] == counts[2]  # of the native model, all of them


def test_a_model_says_how_it_is_executed_in_place_of_the_settings() -> None:
    """And what is not said is native where it is timed, channels last where it is fused."""
    models = (Model("a", "m.py:a"), Model("b", "m.py:b", backend="fused", precision=32))
    suite = Suite(1, "s", models, settings=Settings(precision="bf16"))
    first, second = (suite.settings_of(model).execution for model in models)
    assert first == Execution("native", "bf16", "contiguous")
    assert second == Execution("fused", 32, "channels_last")


def test_backends_are_listed_with_what_they_cover() -> None:
    """One line each, without torch."""
    found = CliRunner().invoke(group, ["list", "backends", "--json"])
    assert found.exit_code == 0
    rows = json.loads(found.output)["backends"]
    assert [row["backend"] for row in rows] == [*BACKENDS]
    assert "ParametricLIFNode" in rows[2]["covers"]


def test_options_are_settings_of_the_run(tmp_path: Path) -> None:
    """`--backend` and `--precision` reach every model that says nothing else."""
    (tmp_path / "own.py").write_text(NET)
    (tmp_path / "own.yaml").write_text(
        "benchbench: 1\nname: own\nsettings: {repeats: 0, images: 8, train_steps: 0}\n"
        "models: [{id: a, model: 'own.py:net'}, {id: b, model: 'own.py:net', precision: 32}]\n"
    )
    command = ["run", str(tmp_path / "own.yaml"), "--device", "cpu", "--out", str(tmp_path)]
    options = ["--backend", "fused", "--precision", "bf16", "--json"]
    done = CliRunner().invoke(group, [*command, *options], standalone_mode=False)
    settings = json.loads(done.stdout)["suite"]["settings"]
    assert (settings["backend"], settings["precision"]) == ("fused", "bf16")
    wrong = CliRunner().invoke(group, [*command, "--backend", "fast"])
    assert wrong.exit_code == 2
    assert "native" in wrong.output


def test_a_precision_of_a_training_is_told_where_it_stands_now(tmp_path: Path) -> None:
    """Suites of before say `train: {precision: bf16}`: in settings and in a model."""
    file = tmp_path / "s.yaml"
    file.write_text(
        "benchbench: 1\nname: s\nsettings: {train: {precision: bf16}}\n"
        "models: [{id: a, model: vgg, train: {precision: bf16}}]\n"
    )
    with pytest.raises(SuiteError) as caught:
        loader.load(str(file))
    said = {fault.path: fault.message for fault in caught.value.faults}
    assert "it belongs under `settings:` or" in said["settings.train.precision"]
    assert "it belongs under `models:` or" in said["models[0].train.precision"]
