"""Simulated kernel files: powercap zones and power monitors in a folder of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Tree:
    """Files below a folder that stands for ``/sys``."""

    def __init__(self, root: Path) -> None:
        """Begin empty."""
        self.root = root

    def write(self, path: str, text: object) -> Path:
        """One file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
        return file

    def zone(
        self, folder: str, name: str, energy_uj: object, range_uj: object = 262143328850
    ) -> Path:
        """One powercap zone; its energy file is returned."""
        place = f"class/powercap/{folder}"
        self.write(f"{place}/name", name)
        if range_uj is not None:
            self.write(f"{place}/max_energy_range_uj", range_uj)
        return self.write(f"{place}/energy_uj", energy_uj)

    def ina3221(self, chip: str, **rails: tuple[float, float]) -> None:
        """A hwmon chip with rails of volts and amperes."""
        self.write(f"class/hwmon/{chip}/name", "ina3221")
        for number, (name, (volts, amps)) in enumerate(rails.items(), 1):
            self.write(f"class/hwmon/{chip}/in{number}_label", name)
            self.write(f"class/hwmon/{chip}/in{number}_input", round(volts * 1000))
            self.write(f"class/hwmon/{chip}/curr{number}_input", round(amps * 1000))


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """An empty simulated ``/sys``."""
    monkeypatch.setenv("BENCHBENCH_SYSFS", str(tmp_path / "sys"))
    return Tree(tmp_path / "sys")
