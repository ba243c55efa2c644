"""What README says of a model of one's own works as it stands there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nir
import numpy as np
import pytest
from fixtures_docs import blocks_of
from fixtures_user import user_run

README = Path(__file__).parents[2] / "README.md"
SHORT = """
settings: { repeats: 1, window_s: 0.05, window_iterations: 1, warmup_s: 0, warmup_iterations: 1,
  warmup_cap_s: 0.5, idle_s: 0, images: 16, batch_size: 4, train_steps: 1 }
"""


def blocks() -> list[str]:
    """The blocks of the section, in order: my.py, mine.yaml, a command, more models."""
    return [block.text for block in blocks_of(README, "Your own model")]


def called(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line, called in a folder."""
    command = [sys.executable, "-m", "benchbench", *words]
    env = {**os.environ, "PYTHONPATH": str(README.parent)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_file_and_the_suite_are_copied_and_run(tmp_path: Path) -> None:
    """Every figure that the section promises is there, of both models."""
    code, suite, *_ = blocks()
    done = user_run(tmp_path, code, suite + SHORT, "my")
    assert done.code == 0, done.said
    for name, cell in done.cells.items():
        values = {key: item["value"] for key, item in cell["measurements"].items()}
        for figure in ("params", "macs_dense", "infer_fps", "train_fps", "modelled_compute_fp32"):
            assert values[figure] > 0, (name, figure)
    of_snn = done.cells["snn"]["measurements"]
    assert of_snn["synops_exact"]["value"] > 0
    assert 0 < of_snn["firing_rate"]["value"] < 1
    assert (done.kept / "report.html").is_file()


@pytest.mark.slow
def test_the_command_that_counts_is_copied_and_run(tmp_path: Path) -> None:
    """Its words follow the program's name."""
    code, _, command, *_ = blocks()
    (tmp_path / "my.py").write_text(code)
    program, *words = command.split()
    assert program.endswith("benchbench")
    done = called(tmp_path, *words, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "ok"


def test_what_else_may_stand_under_models_is_valid(tmp_path: Path) -> None:
    """Beside the models of the suite, with files that the reader is told are theirs."""
    code, suite, _, more = blocks()
    (tmp_path / "my.py").write_text(code + "\ndef other(): return Net()\n")
    layer = nir.Affine(np.eye(4, dtype=np.float32), np.zeros(4, dtype=np.float32))
    nir.write(tmp_path / "graph.nir", nir.NIRGraph.from_list(layer))
    lines = "".join(f"  {line}\n" for line in more.splitlines())
    (tmp_path / "mine.yaml").write_text(suite + lines)
    done = called(tmp_path, "validate", "mine.yaml")
    assert done.returncode == 0, done.stderr
    assert "12 model(s)" in done.stdout  # two, four, and a grid of six
