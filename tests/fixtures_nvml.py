"""Fixtures around the simulated NVML; `tests/conftest.py` names this file in `pytest_plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from nvml.build import compile_nvml, environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def nvml_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled library."""
    return compile_nvml(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def fake_nvml(nvml_folder: Path) -> dict[str, str]:
    """Environment in which pynvml finds a SIMULATED GPU of 120 W; a fresh copy for each test.

    Add ``FAKE_NVML_...`` variables as `nvml/fake_nvml.c` lists them.
    """
    return {
        **environment(nvml_folder),
        "FAKE_NVML_POWER": "constant:120",
        "FAKE_NVML_UPDATE_MS": "20",
    }
