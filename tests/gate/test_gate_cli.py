"""`benchbench gate` in a repository of its own: revisions, exit codes, what it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from fixtures_gate import MODEL, behaviour, git
from fixtures_references import open_document

from benchbench.cli import main
from benchbench.gate import revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def gate(fake_gate: Path, repository: Path) -> Callable[..., Result]:
    """The command, over an agent that works on no model."""

    def run(*words: str) -> Result:
        given = ["gate", "bench/mine.yaml", *words, "--out", str(repository.parent / "out")]
        return CliRunner().invoke(main.group, given, standalone_mode=False)

    return run


def code(result: Result) -> object:
    """What a command returned, or what it raised."""
    return result.exception or result.return_value


def test_the_working_tree_is_compared_with_a_revision(
    gate: Callable[..., Result], repository: Path
) -> None:
    """Slower fails, faster does not; the suite may say how long; nothing is left in git."""
    (repository / "behaviour.json").write_text(behaviour(step_s=0.02))
    slow = gate("--base", "HEAD")
    assert code(slow) == 1
    assert "the infer step is slower" in slow.stdout
    assert "1 file(s) changed" in slow.stdout
    (repository / "behaviour.json").write_text(behaviour(step_s=0.005))
    assert code(gate("--base", "HEAD")) == 0
    assert code(gate("--base", "HEAD", "--fail-on", "faster")) == 1
    assert git(repository, "worktree", "list").count("\n") == 0
    assert git(repository, "status", "--porcelain") == "M behaviour.json"


def test_json_and_files_hold_the_same(gate: Callable[..., Result], repository: Path) -> None:
    """What is printed is kept: every step's time, and the report."""
    result = gate("--base", "HEAD", "--json", "--pairs", "5")
    found = json.loads(result.stdout)
    (folder,) = (repository.parent / "out" / "mine").iterdir()
    assert json.loads((folder / "gate.json").read_text()) == found
    assert found["complete"] is True
    assert found["timings"][0]["judgement"]["verdict"] in {"same", "unclear"}
    assert len(found["timings"][0]["pairs"][0]["base"]) == 2
    assert (folder / "report.md").read_text().startswith("# benchbench gate: mine")


def test_a_count_that_changed_fails_unless_the_baseline_has_it_too(
    gate: Callable[..., Result], repository: Path
) -> None:
    """The way to accept a change is to commit it in the baseline."""
    more = {"params": {"value": 2, "reason": "", "detail": {}}}
    (repository / "behaviour.json").write_text(behaviour(counts=more))
    assert code(gate("--base", "HEAD")) == 1
    assert code(gate("--base", "HEAD", "--fail-on", "slower")) == 0
    store_baseline(repository, 1)
    git(repository, "stash", "push", "-q", "behaviour.json")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "a baseline")
    git(repository, "stash", "pop", "-q")
    assert code(gate("--base", "HEAD")) == 1
    store_baseline(repository, 2)
    result = gate("--base", "HEAD")
    assert code(result) == 0
    assert "declared" in result.stdout
    store_baseline(repository, 3)
    assert code(gate("--base", "HEAD")) == 1  # another change than the one that is there


def store_baseline(repository: Path, params: int) -> None:
    """The committed run of Table 3 as a baseline of one model with so many parameters."""
    data = open_document()
    cell = data["cells"][0] | {"model": "m"}
    cell["measurements"]["params"]["value"] = params
    data["cells"] = [cell]
    model = data["suite"]["models"][0] | {"id": "m"}
    data["suite"] |= {"models": [model], "tables": [], "claims": [], "figures": []}
    file = repository / "reports" / "baselines" / "mine" / "machine.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("base", "here", "expected", "words"),
    [
        ({}, {"fail": "open"}, 3, "cannot open: RuntimeError: on purpose"),
        ({"fail": "open"}, {}, 0, "the base cannot open"),
        ({"fail": "open", "counts": {}}, {"counts": {}}, 4, "the base cannot open"),
    ],
)
def test_a_side_that_cannot_run_has_an_exit_code(
    gate: Callable[..., Result],
    repository: Path,
    base: dict[str, Any],
    here: dict[str, Any],
    expected: int,
    words: str,
) -> None:
    """3 where it ran before, 4 where nothing is left to compare."""
    (repository / "behaviour.json").write_text(behaviour(**base))
    git(repository, "commit", "-qam", "other", "--allow-empty")
    (repository / "behaviour.json").write_text(behaviour(**here))
    result = gate("--base", "HEAD")
    assert code(result) == expected
    assert words in " ".join(result.stdout.split())


def test_an_agent_that_cannot_even_start_leaves_nothing_to_compare(
    gate: Callable[..., Result], repository: Path
) -> None:
    """Exit code 4, and the reason."""
    (repository / "behaviour.json").write_text("{")
    result = gate("--base", "HEAD")
    assert code(result) == 4
    assert "the candidate ended with exit code 1" in result.stderr


def test_a_base_that_is_none_is_told(
    gate: Callable[..., Result], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such commit, a clone without its past, no repository, no git."""
    assert "no such commit" in str(code(gate("--base", "nothing")))
    git(repository, "commit", "-qm", "second", "--allow-empty")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(shallow))
    monkeypatch.chdir(shallow)
    assert "git fetch --unshallow" in str(code(gate("--base", "HEAD^")))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(repository / "bench", tmp_path / "bench")
    assert "not a git repository" in str(code(gate("--base", "HEAD")))
    monkeypatch.setenv("PATH", "")
    assert "git cannot be started" in str(code(gate("--base", "HEAD")))


def test_a_worktree_of_a_killed_gate_is_removed_by_the_next(
    gate: Callable[..., Result], repository: Path, tmp_path: Path
) -> None:
    """Its folder has the dead gate's process id; that of a living one stays."""
    dead = tmp_path / f"{revision.PREFIX}999999999-x"
    alive = tmp_path / f"{revision.PREFIX}{os.getppid()}-x"
    git(repository, "worktree", "add", "-q", "--detach", str(dead / "tree"))
    alive.mkdir()
    assert code(gate("--base", "HEAD")) == 0
    assert not dead.exists()
    assert alive.exists()
    assert git(repository, "worktree", "list").count("\n") == 0


def test_other_dependencies_of_the_base_are_told(
    gate: Callable[..., Result], repository: Path
) -> None:
    """It ran with this environment; what would give it its own is named."""
    (repository / "pyproject.toml").write_text('[project]\ndependencies = ["numpy>=99"]\n')
    result = gate("--base", "HEAD")
    assert "--environment own installs its own" in " ".join(result.stdout.split())


def test_an_environment_that_cannot_be_made_is_told(
    gate: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base has nothing that pip could install; pip's last line is in the message."""
    monkeypatch.setattr(revision.venv, "create", make_environment)
    assert "its own environment cannot be made: no" not in str(code(gate("--base", "HEAD")))
    result = gate("--base", "HEAD", "--environment", "own")
    assert "the base's own environment cannot be made: nothing to install" in str(code(result))


def make_environment(place: Path, **_: object) -> None:
    """An environment whose Python cannot install anything: a real one takes half a minute."""
    python = place / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho nothing to install >&2\nexit 1\n")
    python.chmod(0o755)


@pytest.mark.slow
def test_a_real_gate_finds_more_work_and_a_real_baseline_is_compared(repository: Path) -> None:
    """Forty products more: slower, more operators, more bytes; then a stored run as the base."""
    command = [sys.executable, "-m", "benchbench"]
    (repository / "bench" / "model.py").write_text(MODEL.replace("REPEATS = 1", "REPEATS = 40"))
    words = [*command, "gate", "bench/mine.yaml", "--base", "HEAD", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    counts = {count["figure"]: count for count in found["counts"]}
    assert counts["params"]["verdict"] == "same"
    assert "aten::addmm 3 -> 42" in counts["infer_operators"]["reason"]
    grown = counts["infer_allocated"]["candidate"] - counts["infer_allocated"]["base"]
    assert grown == 39 * 4 * 2 * 1024
    assert found["timings"][0]["judgement"]["verdict"] == "slower"

    words = [*command, "baseline", "update", "bench/mine.yaml", "--baselines", "kept"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "there was no baseline of this machine" in done.stderr
    (repository / "bench" / "model.py").write_text(MODEL)
    words = [*command, "gate", "bench/mine.yaml", "--base", "kept/mine", "--fail-on", "counts"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "infer_operators" in done.stdout
