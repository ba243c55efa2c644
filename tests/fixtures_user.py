"""A new user's run: a file of models and data, a suite beside it, and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["UserRun", "user_run"]


@dataclass(frozen=True)
class UserRun:
    """What came of ``benchbench run``.

    Attributes:
        code: Exit code.
        found: What it printed as JSON; nothing where that was none.
        said: What it said on standard error.
    """

    code: int
    found: dict[str, Any]
    said: str

    @property
    def cells(self) -> dict[str, dict[str, Any]]:
        """The rows by their models."""
        return {cell["model"]: cell for cell in self.found["cells"]}

    @property
    def kept(self) -> Path:
        """The run's folder."""
        return Path(self.said.strip().splitlines()[-1].rpartition(" ")[2])


def user_run(folder: Path, models: str, suite: str, name: str = "own") -> UserRun:
    """Write ``<name>.py`` and ``<name>.yaml`` into a folder, and run the suite on the CPU."""
    (folder / f"{name}.py").write_text(models)
    (folder / f"{name}.yaml").write_text(suite)
    command = [sys.executable, "-m", "benchbench", "run", str(folder / f"{name}.yaml"), "--json"]
    done = subprocess.run(
        [*command, "--device", "cpu", "--out", str(folder / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    return UserRun(done.returncode, json.loads(done.stdout or "{}"), done.stderr)
