"""The fixture `benchmark_model` in pytest-benchmark's own runs, and what `compare` reads of it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MODEL = """
from torch import nn

def small(width: int = 8):
    return nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, width), nn.ReLU(), nn.Linear(width, 7))
"""

TEST = """
def test_step(benchmark_model):
    benchmark_model(
        "model.py:small", set={"width": 16}, batch_size=4, window_s=0.2, warmup_s=0.05,
        warmup_cap_s=0.1, threads=1,
    )

def test_wrong(benchmark_model):
    benchmark_model("model.py:small", SETTING)
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Pytest in a process of its own, in a folder of the user's."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A test and a model of the user's own."""
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "test_it.py").write_text(TEST.replace("SETTING", "batchsize=4"))
    return tmp_path


@pytest.mark.slow
def test_a_step_is_timed_counted_and_compared(folder: Path) -> None:
    """Its figures stand in the JSON, `compare` reads them, and so does pytest-benchmark itself."""
    (folder / "runs").mkdir()
    fail = ("--benchmark-compare", "--benchmark-compare-fail=mean:10000%")
    first = run(folder, "-k", "step", "--benchmark-json=runs/1.json", "--benchmark-save=base")
    assert first.returncode == 0, first.stdout
    again = run(folder, "-k", "step", "--benchmark-json=runs/2.json", *fail)
    assert again.returncode == 0, again.stdout

    (found,) = json.loads((folder / "runs" / "1.json").read_text())["benchmarks"]
    info = found["extra_info"]
    assert info["macs_dense"] == 48 * 48 * 16 + 16 * 7
    assert info["params"] == 48 * 48 * 16 + 16 + 16 * 7 + 7
    assert info["fps"] == pytest.approx(4 / found["stats"]["mean"])
    assert "no spiking neurons" in info["synops_exact"]
    assert found["stats"]["rounds"] == 5
    assert found["stats"]["iterations"] > 1

    words = [sys.executable, "-m", "benchbench", "compare", "runs", "runs", "--json"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    lines = {line["metric"]: line for line in json.loads(done.stdout)["lines"]}
    assert lines["macs_dense"]["verdict"] == lines["median"]["verdict"] == "same"
    assert lines["median"]["low"] is not None  # two files, two processes

    (saved,) = folder.rglob("0001_base.json")
    data = json.loads(saved.read_text())
    for figure, value in data["benchmarks"][0]["stats"].items():
        if isinstance(value, float):
            data["benchmarks"][0]["stats"][figure] = value / 1e6
    saved.write_text(json.dumps(data))
    slow = run(folder, "-k", "step", *fail)
    assert slow.returncode != 0
    assert "PercentageRegressionCheck" in slow.stdout + slow.stderr


def test_a_wrong_setting_is_named_with_the_right_one(folder: Path) -> None:
    """The error has the nearest name."""
    done = run(folder, "-k", "wrong", "--benchmark-disable", "-vv")
    assert done.returncode == 1
    assert "unknown key 'batchsize'" in done.stdout
    assert "batch_size" in done.stdout


def test_pytest_starts_without_torch(tmp_path: Path) -> None:
    """Where nobody uses the fixture, the plugin costs no import."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n\n\ndef test_it():\n"
        "    assert 'benchbench.pytest_plugin' in sys.modules\n"
        "    assert not {'torch', 'benchbench.suite.schema', 'pydantic'} & {*sys.modules}\n"
    )
    assert run(tmp_path, "-q").returncode == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"machine_info": {"python_version": "2.7"}}, "another machine than that of"),
        ({"benchmarks": [{"fullname": "a", "stats": {"median": 0, "rounds": 1}}]}, "not a time"),
    ],
)
def test_a_folder_of_unlike_files_is_refused(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    """Files of two machines are no sample."""
    good = {"machine_info": {}, "benchmarks": []}
    good["benchmarks"] = [{"fullname": "a", "stats": {"median": 1.0, "rounds": 1}}]
    (tmp_path / "1.json").write_text(json.dumps(good))
    (tmp_path / "2.json").write_text(json.dumps(good | change))
    words_ = [sys.executable, "-m", "benchbench", "compare", str(tmp_path), str(tmp_path)]
    done = subprocess.run(words_, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert words in done.stderr


OBJECTS = """
from torch import nn

class Tiny(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.first, self.last = nn.Linear(48 * 48, width), nn.Linear(width, 7)

    def forward(self, x):
        return self.last(self.first(x.flatten(1)).relu())

SHORT = dict(batch_size=4, window_s=0.1, warmup_s=0.02, warmup_cap_s=0.05, threads=1)

def test_object(benchmark_model):
    net = Tiny(4).eval()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    info = benchmark_model(net, phase="train", **SHORT)
    assert info["model"] == "Tiny" and info["params"] == (48 * 48 + 1) * 4 + 5 * 7
    assert all((before[key] == value).all() for key, value in net.state_dict().items())
    assert not net.training

def test_function(benchmark_model):
    info = benchmark_model(lambda width: Tiny(width), set={"width": 16}, **SHORT)
    assert info["params"] == (48 * 48 + 1) * 16 + 17 * 7

def test_phase(benchmark_model):
    benchmark_model(Tiny(4), phase="trian", **SHORT)
"""


@pytest.mark.slow
def test_an_object_or_a_function_is_as_good_as_a_reference(folder: Path) -> None:
    """A module stays as it was after its training step was timed; an unknown phase is an error."""
    (folder / "test_it.py").write_text(OBJECTS)
    done = run(folder, "-q")
    assert "2 passed, 1 error" in done.stdout or "1 failed, 2 passed" in done.stdout, done.stdout
    assert "phase 'trian': expected train or infer" in done.stdout
