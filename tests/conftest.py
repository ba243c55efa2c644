"""Fixtures of all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from benchbench.metrics import registry

# Tests run side by side on few cores: threads that spin while they wait would take them from each
# other. It must stand before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

settings.register_profile("shared", deadline=None)  # no test asserts a time
settings.load_profile("shared")

pytest_plugins = [
    "fixtures_copy",
    "fixtures_gate",
    "fixtures_neurons",
    "fixtures_nvml",
    "fixtures_sysfs",
]


@pytest.fixture(autouse=True)
def _own_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's cache, finds this machine's own sensors, or a worker's name.

    None knows the figures of a stored run that another one has read: a damaged one has any name.
    A pytest that a test starts would take itself for the worker that it runs in, and what prints
    would follow the width that xdist gives its workers.
    """
    for name in (
        "COLUMNS",
        "PYTEST_XDIST_WORKER",
        "PYTEST_XDIST_WORKER_COUNT",
        "PYTEST_XDIST_TESTRUNUID",
    ):
        monkeypatch.delenv(name, raising=False)
    if registry._remembered:
        registry._remembered.clear()
        registry._sorted.cache_clear()
    base = tmp_path_factory.getbasetemp()
    monkeypatch.setenv("BENCHBENCH_CACHE", str(base / "cache"))
    monkeypatch.setenv("BENCHBENCH_SYSFS", str(base / "no-sensors"))


@pytest.fixture
def fer2013_csv() -> Path:
    """The real FER2013 that ``BENCHBENCH_FER2013`` names, or a skip."""
    name = os.environ.get("BENCHBENCH_FER2013", "")
    if not name:
        pytest.skip("BENCHBENCH_FER2013 does not say where the real FER2013 is")
    file = Path(name)
    assert file.is_file(), f"BENCHBENCH_FER2013 names {file}, which is no file"
    return file
