"""One of each kind from a package that is really installed, and gone again."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "extension"
KINDS = {"probe", "meter", "data set", "framework", "formula", "report format"}

MODEL = """
import torch
from torch import nn

class Step(nn.Module):
    def forward(self, x):
        return (x > 0.2).float()

def net(width: int = 8):
    import benchbench_example  # a framework is asked where its package is loaded
    return nn.Sequential(
        nn.Flatten(), nn.Linear(48 * 48, width), Step(), nn.Linear(width, 7)
    )
"""

SUITE = """
benchbench: 1
name: added
data: noise
settings:
  { repeats: 1, window_s: 0.5, warmup_s: 0.1, warmup_cap_s: 0.3, idle_s: 0.1, images: 8,
    train_steps: 0, batch_size: 4, phases: [infer], meter: constant, threads: 1 }
models: [{ id: net, model: "model.py:net" }]
tables:
  - { title: Ours, rows: [{ metric: largest_weight, decimals: 3 }, { metric: modelled_example }] }
"""


@dataclass(frozen=True)
class World:
    """A user's folder, with or without the package."""

    folder: Path
    packages: Path

    def run(self, *words: str, installed: bool = True) -> subprocess.CompletedProcess[str]:
        """The command line in a process of its own."""
        path = {"PYTHONPATH": str(self.packages)} if installed else {}
        return subprocess.run(
            [sys.executable, "-m", "benchbench", *words],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "250", **path},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The package installed by pip into a folder of its own, and a suite that names it all."""
    root = tmp_path_factory.mktemp("added")
    source = shutil.copytree(EXAMPLE, root / "source")  # pip leaves a build folder in it
    target = root / "packages"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, source],
        check=True,
        capture_output=True,
    )
    folder = root / "user"
    folder.mkdir()
    (folder / "model.py").write_text(MODEL)
    (folder / "suite.yaml").write_text(SUITE)
    return World(folder, target)


@pytest.fixture(scope="module")
def run_folder(world: World) -> Path:
    """The folder of a run with everything in it."""
    done = world.run("run", "suite.yaml", "--device", "cpu")
    assert done.returncode == 0, done.stderr + done.stdout
    (folder,) = (world.folder / "reports" / "added").iterdir()
    (folder / "console.txt").write_text(done.stdout)
    return folder


def figures(folder: Path) -> dict[str, dict[str, object]]:
    """The figures of the one model."""
    (cell,) = json.loads((folder / "results.json").read_text())["cells"]
    found: dict[str, dict[str, object]] = cell["measurements"]
    return found


@pytest.mark.slow
def test_each_kind_appears_in_a_run_and_everywhere_it_is_shown(run_folder: Path) -> None:
    """JSON, CSV, HTML, Markdown, console, and the format's own file."""
    document = json.loads((run_folder / "results.json").read_text())
    added = document["run"]["extensions"]
    assert {item["kind"] for item in added} == KINDS
    assert {(item["package"], item["version"]) for item in added} == {
        ("benchbench-example", "1.2.3")
    }
    found = figures(run_folder)
    assert found["largest_weight"]["value"]
    assert found["modelled_example"]["value"]
    assert found["infer_power"]["value"] == pytest.approx(42, rel=0.1)
    assert found["infer_power"]["provenance"] == "simulated"
    assert found["firing_rate"]["value"] is not None  # the framework's neuron was told
    assert document["data"]["name"] == "noise"
    assert document["cells"][0]["facts"]["Step"] == "1 layers of an example"
    rows = {
        row["metric"]: row
        for row in csv.DictReader((run_folder / "results.csv").read_text().splitlines())
    }
    for name, title in (
        ("largest_weight", "Largest weight"),
        ("modelled_example", "Modelled energy: example, 16 bit"),
    ):
        assert rows[name]["title"] == title
        for file in ("report.html", "report.md", "console.txt"):
            assert title in (run_folder / file).read_text(), file
        assert f"net {name} " in (run_folder / "figures.txt").read_text()
    for file in ("report.html", "report.md", "console.txt"):
        assert "benchbench-example 1.2.3" in (run_folder / file).read_text(), file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("probes",), "largest_weight"),
        (("meters",), "constant"),
        (("data",), "noise"),
        (("frameworks",), "benchbench_example"),
        (("formulas",), "modelled_example"),
        (("formats",), "plain_text"),
    ],
)
def test_each_kind_is_listed_with_its_package(
    world: World, words: tuple[str, ...], name: str
) -> None:
    """By name, and whose it is; and gone where the package is gone."""
    (kind,) = words
    rows = json.loads(world.run("list", kind, "--json").stdout)[kind]
    (row,) = (row for row in rows if name in row.values())
    assert row["from"] == "benchbench-example 1.2.3"
    assert name not in world.run("list", kind, "--json", installed=False).stdout


@pytest.mark.slow
def test_all_of_them_are_listed_as_extensions(world: World) -> None:
    """`list extensions` has one row a kind."""
    rows = json.loads(world.run("list", "extensions", "--json").stdout)["extensions"]
    assert {row["kind"] for row in rows} == KINDS
    assert json.loads(world.run("list", "extensions", "--json", installed=False).stdout) == {
        "extensions": []
    }


@pytest.mark.slow
def test_a_stored_run_outlives_its_extension(world: World, run_folder: Path) -> None:
    """Uninstalled, it loads, shows its figures with their definitions, and compares."""
    folder = str(run_folder)
    shown = world.run("report", folder, installed=False)
    assert shown.returncode == 0, shown.stderr
    assert "Largest weight" in shown.stdout
    assert "Modelled energy: example, 16 bit" in shown.stdout
    html = (run_folder / "report.html").read_text()
    assert world.run("report", folder, "--write", installed=False).returncode == 0
    assert (run_folder / "report.html").read_text() == html
    (run_folder / "results.json").rename(run_folder / "away.json")
    from_journal = world.run("report", folder, "--json", installed=False)
    (run_folder / "away.json").rename(run_folder / "results.json")
    again = json.loads(from_journal.stdout)["cells"][0]["measurements"]
    assert again == figures(run_folder)
    compared = world.run("compare", folder, folder, "--json", installed=False)
    lines = {line["metric"]: line for line in json.loads(compared.stdout)["lines"]}
    assert lines["largest_weight"]["verdict"] == "same"
