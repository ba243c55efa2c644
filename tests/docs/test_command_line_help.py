"""What the command line says of itself is whole, and a shell can complete it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from benchbench.cli.main import group
from benchbench.suite import loader

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 80  # of a terminal that says nothing of its own
ROOT = Path(__file__).resolve().parents[2]


def groups(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Group]]:
    """A group and every group below it, by the words that call it."""
    if isinstance(command, click.Group):
        yield path or "benchbench", command
        for name, below in command.commands.items():
            yield from groups(below, f"{path} {name}".strip())


@pytest.mark.parametrize(
    ("words", "found"), [*groups(group)], ids=[words for words, _ in groups(group)]
)
def test_no_summary_is_cut(words: str, found: click.Group) -> None:
    """Each command's line ends as its own sentence does, in 80 columns."""
    called = [] if words == "benchbench" else words.split()
    said = CliRunner().invoke(group, [*called, "--help"], terminal_width=WIDTH).output
    lines = {line.split()[0]: line for line in said.partition("Commands:")[2].splitlines() if line}
    assert {*lines} == {*found.commands}
    for name, command in found.commands.items():
        first = (command.help or "").partition("\n")[0]
        assert lines[name].endswith(first), name
        assert first.endswith(".")
        assert not first.endswith("..")


def test_a_training_has_no_suite_and_says_what_it_is_trained_on() -> None:
    """The other commands' data are in place of their suite's."""
    said = {
        name: " ".join(CliRunner().invoke(group, [name, "--help"]).output.split())
        for name in ("train", "run", "gate")
    }
    assert "What it is trained on, drawn faces by default: a name, FER2013 as csv" in said["train"]
    for name in ("run", "gate"):
        assert "In place of the suite's data, not of a model's own: a name" in said[name]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script(shell: str) -> None:
    """As the documentation says: printed, exit code 0, and nothing on standard error."""
    done = completed(f"{shell}_source")
    assert done.returncode == 0, done.stderr
    assert "_BENCHBENCH_COMPLETE" in done.stdout
    if shell != "bash":  # click looks bash's version up, and may warn that it is too old
        assert not done.stderr


def test_a_command_is_completed() -> None:
    """The words that may follow, and nothing on standard error."""
    done = completed("bash_complete", COMP_WORDS="benchbench va", COMP_CWORD="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain,validate\n", "")


def completed(instruction: str, **asked: str) -> subprocess.CompletedProcess[str]:
    """What `benchbench` answers to a shell."""
    code = "import sys; sys.argv = ['benchbench']; from benchbench.cli.main import main; main()"
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "_BENCHBENCH_COMPLETE": instruction,
        **asked,
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )


def test_a_list_of_suites_says_what_each_takes() -> None:
    """Both times of every bundled suite are said, and what it needs is in one line."""
    said = CliRunner().invoke(group, ["list", "suites", "--json"]).output
    rows = {row["suite"]: row for row in json.loads(said)["suites"]}
    assert {*rows} == {*loader.bundled_suites()}
    for name, row in rows.items():
        assert row["quick"], name
        assert row["full"], name
    assert rows["fair"]["needs"].endswith("benchbench[train,quantised]")
    assert rows["ablation"]["needs"].endswith("a GPU for the full form")


def test_a_suite_that_trains_asks_for_what_trains() -> None:
    """The extra `train` is named wherever a training is asked for, and an extra that there is."""
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, file in loader.bundled_suites().items():
        suite, _ = loader.load(str(file))
        trains = suite.settings.train or any(model.train for model in suite.models)
        assert ("train" in suite.cost.extras) == bool(trains), name
        assert {*suite.cost.extras} <= {*extras["optional-dependencies"]}, name
