"""What git says of a folder: a run keeps its commit, a gate checks its base out."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from benchbench.errors import RevisionError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["commit_of", "git"]

LIMIT_S = 10.0  # a run does not wait for a repository on a slow disk


def commit_of(folder: Path) -> str:
    """The first twelve digits of the commit that is checked out around a folder.

    Returns:
        With a ``+`` where tracked files differ from it, or git does not say whether they do; empty
        where there is no repository, no commit or no git.
    """
    try:
        commit = git(folder, "rev-parse", "--verify", "--quiet", "HEAD", limit_s=LIMIT_S)
    except RevisionError:
        return ""
    try:
        words = ("status", "--porcelain", "--untracked-files=no")
        changed = git(folder, *words, limit_s=LIMIT_S)
    except RevisionError:
        changed = "unknown"
    return commit[:12] + ("+" if changed else "")


def git(folder: Path, *words: str, limit_s: float | None = None) -> str:
    """What git prints, without the white space around it; it takes no lock that it can do without.

    Args:
        folder: Folder that git works in.
        words: Its command and the options of that.
        limit_s: How long it may take, in seconds; None for as long as it needs.

    Raises:
        RevisionError: It fails, is not there, or takes longer.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own words, whichever git the user has
            ["git", "-C", str(folder), *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            errors="replace",
        )
    except OSError as error:
        raise RevisionError(f"git cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise RevisionError(f"git {words[0]}: no answer in {limit_s:g} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
        raise RevisionError(f"git {words[0]}: {said[-1]}")
    return done.stdout.strip()
