"""The commit that a run keeps."""

from __future__ import annotations

import os
from shutil import which
from typing import TYPE_CHECKING

from fixtures_gate import git

import benchbench
from benchbench.running.git import commit_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_commit_is_told_with_what_is_changed(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plus for changed files of it, not for new ones; nothing without a repository or git."""
    commit = git(repository, "rev-parse", "HEAD")[:12]
    (repository / "new.txt").write_text("")
    assert commit_of(repository / "bench") == commit
    (repository / "behaviour.json").write_text("{}")
    assert commit_of(repository) == f"{commit}+"
    empty = tmp_path / "empty"
    git(tmp_path, "init", "-q", str(empty))
    assert commit_of(empty) == ""
    assert commit_of(tmp_path / "nowhere") == ""
    monkeypatch.setenv("PATH", "")
    assert commit_of(repository) == ""


def test_a_commit_is_not_called_clean_unseen(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where git does not say what has changed, the commit has its plus."""
    commit = git(repository, "rev-parse", "HEAD")[:12]
    script = tmp_path / "git"
    script.write_text(f'#!/bin/sh\n[ "$3" = status ] && exit 1\nexec {which("git")} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert commit_of(repository) == f"{commit}+"


def test_a_run_keeps_it(repository: Path, tmp_path: Path) -> None:
    """Of the working folder; it is there when the run is read again."""
    settings = benchbench.Settings(repeats=0, images=4, train_steps=0)
    suite = benchbench.Suite(models=["shallow_cnn"], settings=settings)
    found = benchbench.run(suite, out=tmp_path / "out", device="cpu")
    kept = benchbench.load(found.folder)
    assert kept.run["revision"] == git(repository, "rev-parse", "HEAD")[:12]
