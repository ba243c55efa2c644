"""What half the channels cost in accuracy, by trainings worth the name: `make accuracy`."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_LOSS = 0.03
WELL_TRAINED = 0.6  # guessing gets 1/7; a loss from nothing would prove nothing


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The cells of the suite `half`, run once, by model."""
    out: Path = tmp_path_factory.mktemp("half")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCHBENCH_CACHE", str(out / "cache"))
        done = subprocess.run(
            [sys.executable, "-m", "benchbench", "run", "half", "--out", out, "--json"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return {cell["model"]: cell["measurements"] for cell in json.loads(done.stdout)["cells"]}


@pytest.mark.training
@pytest.mark.parametrize("name", ["vgg", "resnet34", "mobilenet", "snn"])
def test_half_the_channels_cost_at_most_three_points(
    cells: dict[str, dict[str, Any]], name: str
) -> None:
    """After the fine-tune the slimmed network is within three points of the dense one."""
    dense, half = cells[name], cells[f"{name}_half"]
    assert dense["accuracy"]["value"] > WELL_TRAINED
    assert half["accuracy"]["value"] >= dense["accuracy"]["value"] - LARGEST_LOSS
    assert half["channels_cut"]["value"] == pytest.approx(0.5, abs=0.06)
    for cost in ("params", "macs_dense"):
        assert half[cost]["value"] < 0.8 * dense[cost]["value"]
