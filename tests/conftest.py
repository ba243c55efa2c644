"""Fixtures of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("shared", deadline=None)  # no test asserts a time
settings.load_profile("shared")

pytest_plugins = ["fixtures_copy", "fixtures_gate", "fixtures_nvml", "fixtures_sysfs"]


@pytest.fixture(autouse=True)
def _own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's cache, finds this machine's own sensors, or a worker's name.

    A pytest that a test starts would take itself for the worker that it runs in.
    """
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    base = tmp_path_factory.getbasetemp()
    monkeypatch.setenv("BENCHBENCH_CACHE", str(base / "cache"))
    monkeypatch.setenv("BENCHBENCH_SYSFS", str(base / "no-sensors"))


@pytest.fixture
def fer2013_csv() -> Path:
    """The real FER2013, or a skip."""
    root = Path(__file__).resolve().parents[1]
    file = root.parent / "shared" / "data" / "fer2013" / "fer2013.csv.gz"
    if not file.is_file():
        pytest.skip("FER2013 is not on this machine")
    return file
