"""The real gate with a base from before the package had rooms: every import has moved since."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures_gate import SUITE

import benchbench

ROOT = Path(__file__).resolve().parents[2]
MOVED = "Move every module into its room"


def commit_before_the_move() -> str:
    """The last commit with the flat layout, or a skip that says why there is none here."""
    if Path(benchbench.__file__).parents[1] != ROOT or not (ROOT / ".git").exists():
        pytest.skip("the package that is tested lies in no git checkout")
    move = git("log", "--format=%H", f"--grep=^{MOVED}").split()
    if not move:
        pytest.skip("this clone has no history back to the move; a shallow one has too little")
    return git("rev-parse", "--verify", "--quiet", f"{move[-1]}^")


def git(*words: str) -> str:
    """What git prints of this repository, or a skip with its reason."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"git {words[0]}: {done.stderr.strip() or 'the history ends there'}")
    return done.stdout.strip()


@pytest.mark.slow
def test_a_base_of_the_flat_layout_is_compared(tmp_path: Path) -> None:
    """Its models, data, steps and probes are found, and nothing of this tree is taken for them."""
    base = commit_before_the_move()
    suite = tmp_path / "small.yaml"
    suite.write_text(SUITE.replace('"model.py:small"', "shallow_cnn"))
    words = ["gate", str(suite), "--base", base, "--json", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", *words],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # of the worktree
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)
    counts = {count["figure"]: count for count in found["counts"]}
    assert counts["params"]["verdict"] == "same"
    assert counts["params"]["base"] == counts["params"]["candidate"] > 0
    assert counts["macs_dense"]["verdict"] == "same"
    assert found["timings"][0]["judgement"]["pairs"] > 0
    assert found["timings"][0]["failed"] == ""
