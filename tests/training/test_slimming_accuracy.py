"""What half the channels cost in accuracy, by trainings worth the name: `make accuracy`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parents[2] / "reports" / "reference" / "half"
LARGEST_LOSS = 0.03
WELL_TRAINED = 0.6  # guessing gets 1/7; a loss from nothing would prove nothing


NAMES = ["vgg", "resnet34", "mobilenet", "snn"]


def check(cells: dict[str, dict[str, Any]], name: str) -> None:
    """The slimmed network is within three points of the dense one, and costs less."""
    dense, half = cells[name], cells[f"{name}_half"]
    assert dense["accuracy"]["value"] > WELL_TRAINED
    assert half["accuracy"]["value"] >= dense["accuracy"]["value"] - LARGEST_LOSS
    assert half["channels_cut"]["value"] == pytest.approx(0.5, abs=0.06)
    for cost in ("params", "macs_dense"):
        assert half[cost]["value"] < 0.8 * dense[cost]["value"]


def cells_of(text: str) -> dict[str, dict[str, Any]]:
    """The figures of a stored run by model."""
    return {cell["model"]: cell["measurements"] for cell in json.loads(text)["cells"]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The cells of the suite `half`, trained from nothing, once."""
    out: Path = tmp_path_factory.mktemp("half")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCHBENCH_CACHE", str(out / "cache"))
        done = subprocess.run(
            [sys.executable, "-m", "benchbench", "run", "half", "--out", out, "--json"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return cells_of(done.stdout)


@pytest.mark.training
@pytest.mark.parametrize("name", NAMES)
def test_half_the_channels_cost_at_most_three_points(
    trained: dict[str, dict[str, Any]], name: str
) -> None:
    """After the fine-tune the slimmed network is within three points of the dense one."""
    check(trained, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_run_holds_it(name: str) -> None:
    """The reference report of the same suite says the same."""
    (file,) = REFERENCE.glob("*/results.json")
    check(cells_of(file.read_text("utf-8")), name)
