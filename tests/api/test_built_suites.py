"""Suites that are built in Python: of references, functions and modules."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import benchbench
from benchbench.gate.against import GateRequest, against_revision
from benchbench.running.plan import RunRequest
from benchbench.suite import loader

if TYPE_CHECKING:
    from pathlib import Path

HELPER = """
from torch import nn

def head(width):
    return nn.Linear(width, 7)
"""

SCRIPT = """
import sys
import torch
from torch import nn
import benchbench
from helper import head

class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, width), nn.ReLU(), head(width))

    def forward(self, x):
        return self.net(x)

def in_a_file(width: int = 8):
    return Net(width)

def own():
    net = Net(4)
    with torch.no_grad():
        net.net[1].weight[:, ::2] = 0  # half of it: five training steps would not leave it so
    return net

def main():
    models = [in_a_file, own(), benchbench.Model("lambda", lambda w: Net(w), set={"w": 16})]
    settings = benchbench.Settings(repeats=0, images=4, train_steps=5, batch_size=4)
    suite = benchbench.Suite(models=models, settings=settings)
    print(benchbench.run(suite, out=[*sys.argv, "out"][1], device="cpu").folder)

GUARD
"""


def script(folder: Path, guard: str) -> subprocess.CompletedProcess[str]:
    """The script in a process of its own, started from another folder."""
    home = folder / "home"
    home.mkdir()
    (home / "helper.py").write_text(HELPER)
    (home / "mine.py").write_text(SCRIPT.replace("GUARD", guard))
    return subprocess.run(
        [sys.executable, home / "mine.py", folder / "out"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


@pytest.mark.slow
def test_functions_and_modules_reach_their_workers(tmp_path: Path) -> None:
    """A file's function beside its neighbour, a lambda, and a module with the weights it has."""
    done = script(tmp_path, 'if __name__ == "__main__":\n    main()')
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1  # nothing is printed but the script's own line
    found = benchbench.load(done.stdout.strip())
    assert [cell.status for cell in found.cells] == ["ok", "ok", "ok"], found.cells
    params = [found.figure(cell.model, "params") for cell in found.cells]
    widths = (8, 4, 16)
    assert [p and p.value for p in params] == [2305 * width + (width + 1) * 7 for width in widths]
    assert found.suite.models[0].reference == "home/mine.py:in_a_file"
    trained = [found.figure(cell.model, "weight_sparsity") for cell in found.cells]
    expected = 4 * 1152 / (4 * 2304 + 4 * 7)
    assert [t and t.value for t in trained] == pytest.approx([0, expected, 0], abs=1e-3)
    assert found.run["command"] == "benchbench.run(...) in mine.py"
    assert "folder" not in json.loads((tmp_path / found.folder / "results.json").read_text())


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    """Its worker would run the suite again, and so on: each row says what to write."""
    done = script(tmp_path, "main()")
    found = benchbench.load(done.stdout.strip())
    assert "__main__" in found.cells[0].reasons[0]
    assert found.cells[0].status == "error"


def test_every_fault_is_told_at_once() -> None:
    """Objects that are no models, settings, names: as of a file, by the field's own name."""
    settings = benchbench.Settings(batch_size=0, meter="voltmeter")
    suite = benchbench.Suite(
        models=["conv_sn", 5, benchbench.Model("f", lambda width: width, set={"widht": 3})],
        settings=settings,
    )
    with pytest.raises(benchbench.SuiteError) as caught:
        benchbench.run(suite)
    told = {fault.path: fault.message for fault in caught.value.faults}
    assert "did you mean 'conv_snn'" in told.pop("models[0].model")
    assert "not int" in told.pop("models[1].model")
    assert "'widht'" in told.pop("models[2].model")
    assert "greater than or equal to 1" in told.pop("settings.batch_size")
    assert "voltmeter" in told.pop("settings.meter")
    assert not told


def test_models_that_stand_alone_have_ids_of_their_own() -> None:
    """By their names, numbered where a name stands twice."""

    def net() -> None: ...

    models = ["conv_snn", "net.py:net", net, net, lambda: None, benchbench.Model("net_2", "vgg")]
    ids = [model.id for model in benchbench.Suite(models=models).models]
    assert ids == ["conv_snn", "net", "net_3", "net_4", "model", "net_2"]


def test_a_file_names_no_pickle(tmp_path: Path) -> None:
    """A pickle runs whatever it holds: only Python itself hands one over."""
    text = (
        f"benchbench: 1\nname: s\nmodels:\n  - {{ id: a, model: {tmp_path}/net.module.pickle }}\n"
    )
    with pytest.raises(benchbench.SuiteError, match="a pickle runs whatever it holds"):
        loader.parse(text, "s.yaml", tmp_path)


def test_a_gate_refuses_what_its_base_cannot_have(tmp_path: Path) -> None:
    """A function that only lives in this process has no other revision."""
    suite = benchbench.Suite(models=[lambda: None])
    asked = GateRequest(RunRequest(suite, out=tmp_path), "HEAD", "reuse", ("slower",))
    with pytest.raises(benchbench.SideError, match="stands in a file of the repository"):
        against_revision(asked, lambda _: None, lambda *_: None)


def test_a_path_is_as_good_as_text(tmp_path: Path) -> None:
    """`Path` objects are taken wherever a path is."""
    file = tmp_path / "s.yaml"
    file.write_text("benchbench: 1\nname: s\nmodels: [{ id: a, model: conv_sn }]\n")
    for place in (file, str(file)):
        with pytest.raises(benchbench.SuiteError, match="did you mean 'conv_snn'"):
            benchbench.run(place)
        with pytest.raises(benchbench.ResultError, match=r"s\.yaml"):
            benchbench.load(place)
        with pytest.raises(benchbench.ResultError, match=r"s\.yaml"):
            benchbench.compare(place, place)
