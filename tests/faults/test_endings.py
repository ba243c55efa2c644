"""How a command ends when something outside of it, or inside of us, goes wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchbench.cli import endings


def benchbench(*words: str, before: str = "", **how: object) -> subprocess.CompletedProcess[str]:
    """The command line in a fresh interpreter, after some lines of Python."""
    code = f"import sys\nsys.argv = ['benchbench', *{words!r}]\n{before}\n"
    code += "from benchbench.__main__ import main; main()"
    options = {"stdout": subprocess.PIPE, **how}
    return subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False, **options
    )


BROKEN = "import benchbench.zoo as zoo\ndef scan(*_): raise {}\nzoo.scan = scan"


@pytest.mark.parametrize(
    "error", ["KeyError('inner')", "RecursionError()", "SystemExit(1)", "AttributeError('x')"]
)
def test_a_fault_of_our_own_is_70(error: str, tmp_path: Path) -> None:
    """One line, and a file with the traceback: exit code 1 would say that something is slower."""
    done = benchbench(
        "list", "models", before=BROKEN.format(error), env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.returncode == 70
    (file,) = tmp_path.glob("benchbench-error-*.txt")
    assert str(file) in done.stderr
    assert done.stderr.startswith(f"internal error: {error.partition('(')[0]}")
    assert "Traceback" not in done.stderr
    assert re.search(r"benchbench list models\n\nTraceback .*in scan", file.read_text(), re.DOTALL)


def test_a_fault_of_our_own_is_told_where_no_file_can_be_written() -> None:
    """Without a temporary folder the traceback is on standard error."""
    before = BROKEN.format("KeyError('inner')") + "\nimport tempfile; tempfile.tempdir = '/nowhere'"
    done = benchbench("list", "models", before=before)
    assert done.returncode == 70
    assert "in scan" in done.stderr


def test_a_broken_installation_is_70() -> None:
    """What cannot be imported is no regression either."""
    done = benchbench("list", "models", before="sys.modules['click'] = None")
    assert done.returncode == 70
    assert done.stderr.startswith("benchbench cannot be loaded: ModuleNotFoundError")


def test_nobody_reads_the_output() -> None:
    """A closed pipe is what a shell calls SIGPIPE, quietly, and not a pass."""
    reader, writer = os.pipe()
    os.close(reader)
    done = benchbench("list", "models", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_output_that_is_full_is_a_sentence() -> None:
    """It is exit code 2, not a pass and not a regression."""
    with Path("/dev/full").open("wb") as full:
        done = benchbench("list", "models", stdout=full)
    assert done.returncode == 2
    assert done.stderr == "error: [Errno 28] No space left on device\n"


def test_a_closed_output_is_nobody() -> None:
    """The command does its work and ends as it would."""
    done = benchbench("list", "models", before="sys.stdout = None")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_output_of_ascii_takes_every_letter() -> None:
    """What it does not have is an escape."""
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "40"}
    done = benchbench("list", "probes", env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


def test_a_refusal_of_the_machine_is_no_fault_of_ours() -> None:
    """A full disk is told from a lost file of our own."""
    assert endings._is_refusal(OSError(28, "No space left on device"))
    assert endings._is_refusal(FileNotFoundError(2, "No usable temporary directory found in []"))
    assert not endings._is_refusal(FileNotFoundError(2, "No such file"))
