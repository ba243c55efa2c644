"""What README and docs/ tell a reader to type is run, or at least can be.

The blocks of a page run in their order in one empty folder, as for a user who has installed
benchbench: there is no clone around it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from fixtures_docs import PAGES, ROOT, Block, blocks_of

from benchbench.cli.main import group

NAMES = [page.name for page in PAGES]
SHELL, PYTHON = "bash", "python"
LANGUAGES = {SHELL, PYTHON, "yaml", "toml", "text"}
ENDS = {"|", "||", "&&", ";", ">", "<", "&"}  # of a command, on its line


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_block_has_a_language(page: Path) -> None:
    """One that is run, one that is a file, or the output of a command; and none is indented."""
    for block in blocks_of(page):
        assert block.language in LANGUAGES, block.text
    outside = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    indented = [
        line
        for before, line in zip(outside.splitlines(), outside.splitlines()[1:], strict=False)
        if not before.strip() and line.startswith("    ") and page.name != "python.md"
    ]
    assert not indented


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_block_can_be_read(page: Path) -> None:
    """Shell and Python parse, those that are run and those that are not."""
    for block in blocks_of(page):
        if block.language == SHELL:
            done = subprocess.run(
                ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
        elif block.language == PYTHON:
            compile(block.text, page.name, "exec")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_and_option_exists(page: Path) -> None:
    """Of benchbench, also in the running text and in tables; of make, its targets."""
    for block in blocks_of(page):
        if block.language == SHELL:
            for line in block.text.replace("\\\n", " ").splitlines():
                check_line(line)
    for words in re.findall(r"`benchbench ([^`]+)`", page.read_text("utf-8")):
        check_called(words.replace("\\|", "|").replace("|", " ").split())


@pytest.mark.parametrize("words", ["runn table3", "run table3 --quik", "list nothing", "data look"])
def test_a_command_that_there_is_not_is_noticed(words: str) -> None:
    """The test above can fail."""
    with pytest.raises(AssertionError):
        check_line(f"benchbench {words}")


def test_a_target_that_there_is_not_is_noticed() -> None:
    """So it can for make."""
    check_line("make docs")
    with pytest.raises(AssertionError):
        check_line("make documentation")


def check_line(line: str) -> None:
    """Hold one line of a shell against the commands that there are."""
    words = shlex.split(line, comments=True)
    for place, word in enumerate(words):
        if word == "make":
            targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert words[place + 1] in targets, line
        elif Path(word).name == "benchbench" and not line.startswith("pip"):
            check_called(words[place + 1 :])


def check_called(words: list[str]) -> None:
    """Hold the words behind `benchbench` against its commands and options."""
    command: click.Command = group
    rest = words[: next((n for n, word in enumerate(words) if word in ENDS), len(words))]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"benchbench {' '.join(words)}"
        command = command.commands[rest.pop(0)]
        if words[:1] == ["list"] and command.name != "list":
            return  # a table names several lists at once
    known = {option for it in command.params for option in it.opts} | {"-h", "--help"}
    for word in rest:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"benchbench {' '.join(words)}"


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """In their order, in one folder; files are written before what follows them."""
    env = as_installed(tmp_path)
    folder = tmp_path / "reader"
    folder.mkdir()
    ran = [run(block, folder, env) for block in blocks_of(page)]
    assert any(ran) or not any(not block.long for block in blocks_of(page))


def as_installed(place: Path) -> dict[str, str]:
    """The environment of a reader: `benchbench` and `python` are ours, the cache is empty."""
    bin_ = place / "bin"
    bin_.mkdir()
    program = bin_ / "benchbench"
    start = "import sys\nsys.argv[0] = 'benchbench'\nfrom benchbench.__main__ import main\nmain()\n"
    program.write_text(f"#!{sys.executable}\n{start}")
    program.chmod(0o755)
    for name in ("python", "python3"):
        (bin_ / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (bin_ / name).chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "BENCHBENCH_CACHE": str(place / "cache"),
        "COLUMNS": "120",
    }


def run(block: Block, folder: Path, env: dict[str, str]) -> bool:
    """Write a block that is a file, run one that is a command or a program: whether it was done."""
    if block.file:
        (folder / block.file).write_text(block.text)
        return True
    if block.long or block.language not in {SHELL, PYTHON}:
        return False
    if block.language == PYTHON:
        (folder / "block.py").write_text(block.text)
        command = [sys.executable, "block.py"]
    else:
        command = ["bash", "-euo", "pipefail", "-c", block.text]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, f"{block.text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return True
