"""`benchbench train` of what is no classification: its table has the rows of its task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import benchbench
from benchbench.errors import ModelError
from benchbench.report.page import page
from benchbench.report.progress import SilentProgress

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.running.cells import Job

OWN = """
import torch
from torch import nn

def net(): return nn.Linear(4, 1)
def steps(): return Steps()
def classes(): return nn.Linear(4, 2)
def numbers():
    x = torch.rand(60, 4)
    return {"train": (x, x.sum(1)), "test": (x[:20], x[:20].sum(1))}
def nothing():
    return {"train": torch.rand(20, 4), "test": torch.rand(20, 4)}
def films():
    x, y = torch.rand(3, 40, 4), torch.arange(40) % 2
    return {"train": (x, y), "test": (x[:, :10], y[:10])}
def batches():
    from torch.utils.data import DataLoader, TensorDataset
    x = torch.rand(60, 4)
    y = (x[:, 0] > 0.5).long()
    parts = {"train": slice(0, 30), "val": slice(30, 45), "test": slice(45, 60)}
    return {k: DataLoader(TensorDataset(x[s], y[s]), batch_size=7) for k, s in parts.items()}

def every_step(): return EveryStep()
def walks():
    x = torch.rand(4, 40, 3)
    y = x.transpose(0, 1)[:, :, :2].clone()
    return {"train": (x, y), "val": (x[:, :4], y[:4]), "test": (x[:, :4], y[:4])}

class EveryStep(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
    def forward(self, walks):
        return self.fc(walks.transpose(0, 1))

class Steps(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
    def forward(self, films):
        return self.fc(films.mean(0))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file of models and data."""
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_regression_has_its_errors_and_no_accuracy(place: Path) -> None:
    """Its mean squared error on both splits and the variance explained, none of them n/a."""
    found = benchbench.train("own.py:net", data="own.py:numbers", epochs=2, device="cpu")
    rows = [row.metric for row in found.suite.tables[0].rows]
    assert rows[:4] == ["mse", "mse_public", "r_squared", "epochs"]
    assert "accuracy" not in rows
    table = page(found).grids[0]
    assert not [line.cells for line in table.lines[:4] if line.cells[1].startswith("n/a")]
    assert found.figure("net", "mse").value is not None


@pytest.mark.slow
def test_an_answer_for_each_step_is_one_at_any_batch_size(place: Path) -> None:
    """Also of as many samples as there are steps: trained, the best epoch chosen, and reported."""
    found = benchbench.train(
        "own.py:every_step",
        data="own.py:walks",
        time="first",
        batch_size=4,
        epochs=1,
        device="cpu",
    )
    (cell,) = found.cells
    assert cell.status == "ok", cell.reasons
    assert found.figure("every_step", "mse_public").value is not None


@pytest.mark.slow
def test_without_targets_there_is_nothing_to_train_for(place: Path) -> None:
    """That is told, instead of a table of n/a."""
    with pytest.raises(ModelError, match="no targets that are labels or numbers"):
        benchbench.train("own.py:net", data="own.py:nothing", epochs=1, device="cpu")


@pytest.mark.slow
def test_time_first_is_told_by_an_argument(place: Path) -> None:
    """[T, N, ...] of a function, which is refused by the number of its targets otherwise."""
    with pytest.raises(benchbench.errors.DataError, match=r"3 inputs and 40 targets: .*--time"):
        benchbench.train("own.py:steps", data="own.py:films", epochs=1, device="cpu")
    found = benchbench.train(
        "own.py:steps", data="own.py:films", time="first", epochs=1, device="cpu"
    )
    assert found.figure("steps", "accuracy").value is not None
    counted = benchbench.count("own.py:steps", data="own.py:films", time="first")
    assert counted["macs_dense"].value == 8


SUITE = """
benchbench: 1
name: streamed
data: {source: "own.py:batches", classes: 2}
settings: {repeats: 0, images: 15, train_steps: 0, batch_size: 7, threads: 1}
models: [{id: net, model: "own.py:classes", train: {epochs: 1}}]
"""


class Hears(SilentProgress):
    """Keeps the phases that it is told."""

    def __init__(self) -> None:
        """None yet."""
        self.phases: list[str] = []

    def phase(self, job: Job, name: str) -> None:  # noqa: ARG002 - there is one
        """Keep it."""
        self.phases.append(name)


@pytest.mark.slow
def test_a_stream_trains_without_a_count_of_its_batches(place: Path) -> None:
    """Batch by batch: how far an epoch is, as a share, and how long it takes is not known."""
    (place / "suite.yaml").write_text(SUITE)
    hears = Hears()
    found = benchbench.run("suite.yaml", device="cpu", progress=hears)
    assert found.figure("net", "accuracy").value is not None
    assert "train: epoch 1/1, batch 1" in hears.phases
    assert not [phase for phase in hears.phases if "min left" in phase]
