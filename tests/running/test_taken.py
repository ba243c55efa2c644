"""A training that another machine has finished is taken over: its accuracy and counts, no time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.data.reference import DataRef
from benchbench.results import journal
from benchbench.running.cells import cells_of
from benchbench.running.taken import TAKEN
from benchbench.suite import loader

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = """
from torch import nn

def small(num_classes: int = 7):
    return nn.Sequential(nn.Flatten(), nn.Linear(2304, 16), nn.ReLU(), nn.Linear(16, num_classes))
"""
SUITE = """
benchbench: 1
name: s
settings:
  repeats: %d
  window_s: 0.05
  warmup_s: 0
  warmup_cap_s: 0.1
  idle_s: 0
  images: 16
  phases: [infer]
  train: { epochs: %d, images: 64, test_images: 50%s }
models: [{ id: a, model: "own.py:small"%s }]
"""


def run(
    folder: Path, cache: str = "here", code: int = 0, **words: Any
) -> tuple[dict[str, Any], str]:
    """Run the suite as a machine with a cache of its own."""
    (folder / "own.py").write_text(MODEL)
    given = {"repeats": 0, "epochs": 2, "train": "", "model": ""} | words
    (folder / "s.yaml").write_text(SUITE % tuple(given.values()))
    command = [sys.executable, "-m", "benchbench", "run", "s.yaml", "--json", "--device", "cpu"]
    done = subprocess.run(
        [*command, "--out", "out"],
        cwd=folder,
        env={**os.environ, "BENCHBENCH_CACHE": str(folder / cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    return cell, done.stderr


def moved(folder: Path, change: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Make the one run that there is one of another processor."""
    (place,) = (folder / "out" / "s").iterdir()
    header, *rest = journal.read(place)
    header["fingerprint"]["cpu"] = "Another processor"
    if change:
        change(rest[0])
    (place / journal.JOURNAL).unlink()
    with journal.Journal(place) as book:
        for record in (header, *rest):
            book.append(record)


def test_accuracy_and_counts_are_taken_and_no_time(tmp_path: Path) -> None:
    """The suite has other windows by now: what was trained and counted is the same, and is kept."""
    there, _ = run(tmp_path)
    moved(tmp_path)
    here, said = run(tmp_path, "there", repeats=2)
    assert not (tmp_path / "there" / "trained").exists()
    assert "taken from run" in said
    assert here["facts"][TAKEN].endswith("on Another processor")
    assert here["facts"]["weights"] == there["facts"]["weights"]
    for name in ("accuracy", "accuracy_public", "epochs", "params", "macs_effective"):
        assert here["measurements"][name] == there["measurements"][name]
    time = here["measurements"]["training_time"]
    assert time["value"] is None
    value = there["measurements"]["training_time"]["value"]
    assert "measured on another machine, run" in time["reasons"][0]
    assert time["reasons"][0].endswith(f"{value:.4g} s there")
    fps = here["measurements"]["infer_fps"]
    assert fps["valid"]
    assert fps["n"] == 2
    assert any("timed with the weights that it starts with" in why for why in fps["reasons"])
    # From the second machine on to a third: where it was trained is still told.
    third, _ = run(tmp_path, "third", repeats=0)
    assert third["facts"][TAKEN] == here["facts"][TAKEN]
    assert third["measurements"]["accuracy"] == there["measurements"]["accuracy"]


def test_a_run_with_the_counts_goes_before_a_newer_one_without(tmp_path: Path) -> None:
    """What counted otherwise has its counts for itself: the training is taken where both are."""
    there, _ = run(tmp_path)
    (place,) = (tmp_path / "out" / "s").iterdir()
    newer = tmp_path / "out" / "s" / "29990101-000000"
    newer.mkdir()
    header, *rest = journal.read(place)
    header["run"]["id"] = newer.name
    with journal.Journal(newer) as book:
        for record in (header, *rest):
            if record.get("task") != "count":
                book.append(record)
    here, said = run(tmp_path, "there")
    assert here["facts"][TAKEN].startswith(f"run {place.name} on ")
    assert said.count(f"taken from run {place.name}") == 2
    assert here["measurements"]["macs_effective"] == there["measurements"]["macs_effective"]


def test_weights_that_are_here_are_used(tmp_path: Path) -> None:
    """Nothing is taken where the training's own folder is here; it may have been moved."""
    run(tmp_path)
    moved(tmp_path)
    shutil.move(tmp_path / "here", tmp_path / "elsewhere")
    cell, said = run(tmp_path, "elsewhere", repeats=2)
    assert "trained already" in said
    assert TAKEN not in cell["facts"]
    assert not cell["measurements"]["infer_fps"]["reasons"]


def test_another_training_is_not_taken(tmp_path: Path) -> None:
    """What is trained otherwise is trained here."""
    run(tmp_path)
    cell, said = run(tmp_path, "there", epochs=1)
    assert "taken from" not in said
    assert TAKEN not in cell["facts"]
    assert (tmp_path / "there" / "trained").exists()


def identity(folder: Path, **words: Any) -> dict[str, str]:
    """What the outcomes of the suite's one cell rest on, as it is planned."""
    (folder / "own.py").write_text(MODEL)
    given = {"repeats": 0, "epochs": 2, "train": "", "model": ""} | words
    (folder / "s.yaml").write_text(SUITE % tuple(given.values()))
    suite, place = loader.load(str(folder / "s.yaml"))
    (cell,) = cells_of(suite, place, "cpu", {"a": DataRef("synthetic_faces", "0" * 64, 7, 0)})
    return cell.identity


@pytest.mark.parametrize(
    "words",
    [
        {"epochs": 1},
        {"train": ", augment: flip_crop"},
        {"model": ", loss: mse"},
        {"model": ", batch_size: 8"},
        {"model": ", learning_rate: 3e-4"},
    ],
    ids=["epochs", "augmentation", "loss", "batch size", "learning rate"],
)
def test_what_makes_it_another_training(tmp_path: Path, words: dict[str, Any]) -> None:
    """Each of these makes other weights, and so other counts of spikes."""
    first, other = identity(tmp_path), identity(tmp_path, **words)
    assert first["train"] != other["train"]
    assert first["count"] != other["count"]


def test_what_a_model_says_in_place_of_the_settings_counts_as_theirs(tmp_path: Path) -> None:
    """The same rate and batch, said of the model instead of the suite: the same training."""
    said = identity(tmp_path, model=", learning_rate: 1e-3, batch_size: 16")
    first = identity(tmp_path)
    assert (said["train"], said["count"]) == (first["train"], first["count"])


def _failed(record: dict[str, Any]) -> None:
    record["status"] = "error"


def test_a_training_that_failed_is_not_taken(tmp_path: Path) -> None:
    """It is trained here."""
    run(tmp_path)
    moved(tmp_path, _failed)
    _, said = run(tmp_path, "there")
    assert "taken from" not in said


def test_what_rests_on_the_weights_is_not_timed_without_them(tmp_path: Path) -> None:
    """Events are as fast as spikes are rare: without the trained weights it is refused."""
    run(tmp_path, model=", backend: events, precision: 32")
    moved(tmp_path)
    cell, _ = run(tmp_path, "there", code=3, repeats=1, model=", backend: events, precision: 32")
    assert cell["status"] == "error"
    assert any("not timed: event-driven layers" in reason for reason in cell["reasons"])
    assert cell["measurements"]["accuracy"]["value"] is not None


TRAINED = [
    (place, record)
    for place in sorted((Path(__file__).parents[2] / "reports" / "reference").glob("table[46]/*"))
    for record in journal.read(place)
    if record["kind"] == "job" and record["task"] in {"train", "count"} and "identity" in record
]


@pytest.mark.parametrize(
    ("place", "record"), TRAINED, ids=[f"{it['task']} {it['cell']}" for _, it in TRAINED]
)
def test_a_committed_training_is_that_of_todays_suite(place: Path, record: dict[str, Any]) -> None:
    """Hours of training are not lost by a new key of settings, or a change of a model's file."""
    header = journal.read(place)[0]
    (head,) = (it for it in header["cells"] if it["id"] == record["cell"])
    suite, folder = loader.load(place.parent.name)
    part = replace(suite, models=(suite.model(head["model"]),))
    of = next(
        it for it in (header["data"], *header["data"]["also"]) if it["digest"] == head["data"]
    )
    data = DataRef(of["source"], of["digest"], len(of["classes"]), 0)
    (cell,) = cells_of(part, folder, head["device"], {head["model"]: data})
    assert cell.identity[record["task"]] == record["identity"]
