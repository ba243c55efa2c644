"""The base's source tree: a revision in a worktree of its own, with this environment or its own."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchbench.errors import RevisionError
from benchbench.running.git import git

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Environment",
    "add_submodules",
    "checked_out",
    "interpreter",
    "name_of",
    "other_dependencies",
    "root_of",
    "state_of",
]

Environment = Literal["reuse", "own"]

PREFIX = "benchbench-base-"  # and the gate's process id
SUBMODULE = "160000"  # the mode of its entry in a tree
PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


def root_of(folder: Path) -> Path:
    """The root of the checkout that a folder is in.

    Raises:
        RevisionError: It is in none.
    """
    try:
        return Path(git(folder, "rev-parse", "--show-toplevel"))
    except RevisionError as error:
        raise RevisionError(
            f"{error}; --base is a revision of the repository that holds the working folder, or "
            "the path of a stored run"
        ) from error


def name_of(root: Path, revision: str) -> str:
    """The commit that a revision names, in full.

    Raises:
        RevisionError: There is no such commit here; a shallow clone has few.
    """
    try:
        return git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except RevisionError as error:
        shallow = git(root, "rev-parse", "--is-shallow-repository") == "true"
        why = "; this clone is shallow: git fetch --unshallow brings the rest" if shallow else ""
        text = f"--base {revision}: no such commit{why}, and no file or folder of a stored run"
        raise RevisionError(text) from error


def state_of(root: Path) -> str:
    """The working tree in words: its commit, and whether there is more in it."""
    commit = git(root, "rev-parse", "HEAD")[:12]
    changed = len(git(root, "status", "--porcelain").splitlines())
    return f"the working tree at {commit}" + (f", {changed} file(s) changed" if changed else "")


@contextlib.contextmanager
def checked_out(root: Path, commit: str) -> Iterator[Path]:
    """A worktree of a commit, gone afterwards.

    What an earlier gate left behind when it was killed is removed first.

    Raises:
        RevisionError: Git cannot make it.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = old.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(old, ignore_errors=True)
    git(root, "worktree", "prune")
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as place:
        tree = Path(place) / "tree"
        git(root, "worktree", "add", "--detach", "--force", str(tree), commit)
        try:
            yield tree
        finally:
            with contextlib.suppress(RevisionError):  # the folder goes in any case
                git(root, "worktree", "remove", "--force", str(tree))


def add_submodules(source: Path, commit: str, tree: Path) -> list[str]:
    """Fill a worktree's submodules, which git leaves empty, from those of the checkout.

    Nothing is fetched: a submodule's commit that is not here is a refusal.

    Args:
        source: Checkout that has the submodules.
        commit: Commit that the worktree is of.
        tree: Root of the worktree.

    Returns:
        A sentence for each that is empty because it is not here at all.

    Raises:
        RevisionError: A submodule is here and the commit that the worktree needs of it is not.
    """
    missing = []
    for line in filter(None, git(source, "ls-tree", "-rz", commit).split("\0")):
        about, _, name = line.partition("\t")
        mode, _, wanted = about.split(" ")
        if mode != SUBMODULE:
            continue
        here, place = source / name, tree / name
        if not (here / ".git").exists():
            missing.append(f"submodule {name} is not checked out here, and is empty in the base")
            continue
        try:
            git(here, "rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
        except RevisionError as error:
            text = f"submodule {name} has no commit {wanted[:12]} here: git -C {name} fetch"
            raise RevisionError(text) from error
        git(source, "clone", "--quiet", "--shared", "--no-checkout", str(here), str(place))
        git(place, "checkout", "--quiet", "--detach", wanted)
        missing += add_submodules(here, wanted, place)
    return missing


def other_dependencies(base: Path, candidate: Path) -> bool:
    """Whether the two trees' ``pyproject.toml`` declare different dependencies."""
    return _dependencies(base) != _dependencies(candidate)


def _dependencies(tree: Path) -> object:
    try:
        project = tomllib.loads((tree / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    return project.get("dependencies"), project.get("optional-dependencies")


def interpreter(tree: Path, environment: Environment) -> str:
    """The Python that runs a base: this one, or one with what its project asks for.

    The agent needs benchbench there too: a project that is another gets this one's code, and what
    it requires is resolved together with what the project requires.

    Raises:
        RevisionError: Its environment cannot be made.
    """
    if environment == "reuse":
        return sys.executable
    place = tree.parent / "environment"
    venv.create(place, with_pip=True)
    python = str(place / "bin" / "python")
    wanted = ["--editable", str(tree)]
    if not any((tree / name).is_file() for name in PROJECT_FILES):
        requirements = tree / "requirements.txt"
        wanted = ["--requirement", str(requirements)] if requirements.is_file() else []
    is_ours = (tree / "benchbench" / "__init__.py").is_file()
    if not is_ours:
        ours = importlib.metadata.requires("benchbench") or []
        wanted += [text for text in ours if "extra ==" not in text]
    done = subprocess.run(  # noqa: S603 - that interpreter and our own words
        [python, "-m", "pip", "install", "--quiet", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        text = f"the base's own environment cannot be made: {_last(done.stderr)}"
        raise RevisionError(text)
    if not is_ours:
        (site,) = place.glob("lib/python*/site-packages")
        if not (site / "benchbench").exists():
            (site / "benchbench").symlink_to(Path(__file__).resolve().parents[1])
    return python


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
