"""What lies beside a suite, and has nothing to do with benchmarks, hides nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchbench import zoo
from benchbench.errors import ModelError
from benchbench.zoo import source

if TYPE_CHECKING:
    from pathlib import Path

OURS = '''
from benchbench import register

@register
def mine(width: int = 4):
    """A model of the user's."""
'''
SHADOWS = ("queue", "random", "copy", "typing", "json", "re", "click", "rich", "torch", "tempfile")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a model, and with everything else that may end in ``.py``."""
    (tmp_path / "mine.py").write_text(OURS)
    (tmp_path / "legacy.py").write_text("print 'hello'\n")
    (tmp_path / ".#net.py").symlink_to("somebody@host.1234:5678")
    (tmp_path / "a_folder.py").mkdir()
    (tmp_path / "noise.py").write_bytes(bytes(range(256)))
    (tmp_path / "deep.py").write_text("(" * 5000 + ")" * 5000)
    (tmp_path / "escape.py").write_text("path = 'C:\\data'\n")
    os.mkfifo(tmp_path / "pipe.py")
    return tmp_path


def test_strays_are_passed_over(folder: Path) -> None:
    """The folder's own model and the bundled ones are found."""
    assert [*zoo.scan(folder)] == ["mine"]
    assert zoo.find("mine", folder).file == folder / "mine.py"
    assert zoo.find("conv_snn", folder).file.parent == zoo.bundled_folder()


def test_what_was_passed_over_is_told_where_a_name_is_missing(folder: Path) -> None:
    """The model that is looked for may stand in a file that cannot be read as Python."""
    with pytest.raises(ModelError, match=r"passed over: .*legacy\.py:1: not Python"):
        zoo.find("legacy", folder)


def test_a_file_without_permission_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is passed over as well; named itself, it says why."""
    (tmp_path / "mine.py").write_text(OURS)
    closed = tmp_path / "closed.py"
    closed.write_text(OURS)
    read = source.content_of

    def refuse(file: Path, most_bytes: int) -> bytes:
        if file == closed:
            raise PermissionError(13, "Permission denied")
        return read(file, most_bytes)

    monkeypatch.setattr(source, "content_of", refuse)  # root may read everything
    assert [*zoo.scan(tmp_path)] == ["mine"]
    with pytest.raises(ModelError, match=r"closed\.py: cannot be read: Permission denied"):
        source.parse(closed)


def test_names_of_the_standard_library_do_no_harm(tmp_path: Path) -> None:
    """``python -m benchbench`` imports nothing from the working folder that is found elsewhere."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('this is the user\\'s own')\n")
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "list", "models", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(zoo.bundled_folder().parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "conv_snn" in done.stdout
