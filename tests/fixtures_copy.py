"""A copy of the package that a test may add files to, imported in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class PackageCopy:
    """A tree with ``benchbench``, ``models`` and ``suites``, as in a clone."""

    root: Path

    def add(self, name: str, text: str) -> None:
        """Write one new file of the package."""
        file = self.root / "benchbench" / name
        assert not file.exists(), "the test is about a new file"
        file.write_text(text)

    def python(self, code: str) -> str:
        """What a fresh interpreter prints that imports the copy and nothing else of ours."""
        check = "import benchbench, sys; assert benchbench.__file__.startswith(sys.argv[1])\n"
        return self._run("-c", check + code, str(self.root))

    def benchbench(self, *words: str) -> str:
        """What the command line prints."""
        return self._run("-m", "benchbench", *words)

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.root.parent,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def package_copy(tmp_path: Path) -> PackageCopy:
    """A copy of the package in a folder of its own."""
    for name in ("benchbench", "models", "suites"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / "copy" / name, ignore=ignored)
    return PackageCopy(tmp_path / "copy")
