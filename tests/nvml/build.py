"""Compiles the simulated NVML, and runs the energy sequence against it in a fresh process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
LIBRARY = "libnvidia-ml.so.1"  # the name that pynvml opens


def compile_nvml(folder: Path, *flags: str) -> Path:
    """Compile the simulated NVML into `folder`; skips the test where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler (cc) to build the simulated NVML with")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *(compiler, "-shared", "-fPIC", "-O1", *flags),
            *("-o", str(folder / LIBRARY), str(HERE / "fake_nvml.c"), "-lm"),
        ],
        check=True,
    )
    return folder


def environment(folder: Path) -> dict[str, str]:
    """What to add to a process's environment so that it finds the library in `folder` first."""
    older = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": f"{folder}{os.pathsep}{older}" if older else str(folder)}


def drive(env: Mapping[str, str], **spec: Any) -> dict[str, Any]:
    """Run `drive.py` in a fresh process and return what it printed.

    Args:
        env: Added to this process's environment.
        spec: See `drive.py`.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith("FAKE_NVML_")}
    done = subprocess.run(
        [sys.executable, str(HERE / "drive.py"), json.dumps(spec)],
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    out: dict[str, Any] = json.loads(done.stdout)
    return out
