"""Accuracy of a model that tells more classes apart than its data has."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from benchbench.errors import ResultError
from benchbench.probes.accuracy import ACCURACY, Classified, of_samples
from benchbench.results import stored
from benchbench.results.schema import CellResult, Results
from benchbench.suite.schema import Model, Suite

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.metrics.measurement import Measurement

LABELS = torch.arange(30) % 10
FOUND = of_samples(
    ACCURACY, Classified(LABELS, LABELS, 12), tuple(map(str, range(100, 110))), "test"
)


def read_again(figure: Measurement, folder: Path) -> Measurement:
    """A figure, stored in a run and loaded."""
    cell = CellResult("c", "a", "cpu", "ok", measurements={"accuracy": figure})
    run = {"id": "r", "mode": "full", "command": "x", "complete": True}
    data = {"name": "d", "source": "d", "synthetic": False, "digest": "0", "samples": 1}
    suite = Suite(1, "t", (Model("a", "m.py:a"),))
    made = Results(run, {}, {**data, "warnings": []}, suite, (cell,), (), "0")
    (folder / "results.json").write_text(stored.text_of(made))
    return stored.load(folder).cells[0].measurements["accuracy"]


def test_a_run_of_more_answers_than_classes_is_read_again(tmp_path: Path) -> None:
    """Each answer that is no class of the data has its number for a name."""
    assert FOUND.detail["classes"] == [*map(str, range(100, 110)), "10", "11"]
    assert json.dumps(read_again(FOUND, tmp_path).detail) == json.dumps(FOUND.detail)


def test_a_stored_run_that_names_the_datas_classes_alone_is_read(tmp_path: Path) -> None:
    """One with names too many is not."""
    old = replace(FOUND, detail={**FOUND.detail, "classes": ["a"] * 10})
    assert len(read_again(old, tmp_path).detail["classes"]) == 10
    wrong = replace(FOUND, detail={**FOUND.detail, "classes": ["a"] * 13})
    with pytest.raises(ResultError, match="more classes than rows of confusion"):
        read_again(wrong, tmp_path)
