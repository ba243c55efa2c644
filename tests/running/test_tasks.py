"""`task:` of a model: numbers are regressed, and what has no targets is counted and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from fixtures_user import user_run
from torch import nn

import benchbench
from benchbench.backends.native import inference_step
from benchbench.backends.outputs import numbers_of, squared_errors
from benchbench.data.samples import samples_of
from benchbench.data.splits import Splits
from benchbench.errors import ModelError
from benchbench.probes import regression
from benchbench.probes.counting.footprint import footprint
from benchbench.running.objective import objective_of
from benchbench.suite.schema import Model
from benchbench.suite.training import Stdp, Train

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
import torch
from torch import nn

def curve(count=160):
    draw = torch.Generator().manual_seed(1)
    x = torch.rand(count, 6, generator=draw)
    y = torch.stack([x.sum(1), x[:, 0] - x[:, 1]], 1)
    parts = {"train": slice(100), "val": slice(100, 130), "test": slice(130, 160)}
    return {name: (x[part], y[part]) for name, part in parts.items()}

def pictures(count=24):
    return {"train": (torch.rand(count, 3, 16, 16), None)}

def masks(count=24):
    x = torch.rand(count, 3, 16, 16)
    return {"train": (x, (x.sum(1) > 1.5).long())}

def ages(count=24):
    x = torch.rand(count, 6)
    return {"train": (x, torch.arange(count)), "test": (x, torch.arange(count) + 9)}

class Boxes(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 4)
    def forward(self, x):
        found = self.head(self.body(x).mean((2, 3)))
        return [{"boxes": box[None], "labels": torch.ones(1).long()} for box in found]

def line(): return nn.Linear(6, 2)
def boxes(): return Boxes()
def segments(): return nn.Conv2d(3, 2, 3, padding=1)
"""
SUITE = """
benchbench: 1
name: own
settings: { repeats: 1, window_s: 0.05, window_iterations: 1, warmup_s: 0, warmup_iterations: 1,
  warmup_cap_s: 0.5, idle_s: 0, images: 16, batch_size: 8, train_steps: 2 }
models:
  - { id: line, model: "own.py:line", data: "own.py:curve", train: { epochs: 3 } }
  - { id: boxes, model: "own.py:boxes", data: "own.py:pictures" }
  - { id: segments, model: "own.py:segments", data: "own.py:masks" }
  - { id: asked, model: "own.py:boxes", input: 3x16x16, task: none }
  - { id: ages, model: "own.py:line", data: "own.py:ages", task: none }
"""


@pytest.mark.slow
def test_numbers_are_regressed_and_the_rest_is_counted_and_run(tmp_path: Path) -> None:
    """No accuracy is made up, and what nobody trains has no training step."""
    run = user_run(tmp_path, OWN, SUITE)
    assert run.code == 0, run.said
    cells = run.cells
    line = cells["line"]["measurements"]
    assert 0 < line["mse"]["value"] < 20
    assert line["mse"]["low"] <= line["mse"]["value"] <= line["mse"]["high"]
    assert line["r_squared"]["n"] == line["mse"]["n"] == 30
    assert line["mse_public"]["detail"]["split"] == "val"
    curve = line["epochs"]["detail"]["curve"]
    assert [step["mse_public"] for step in curve] == sorted(
        (step["mse_public"] for step in curve), reverse=True
    )
    assert line["train_fps"]["value"] > 0
    assert cells["line"]["facts"]["loss"] == "mse"
    for name in ("boxes", "segments", "ages", "asked"):
        figures = cells[name]["measurements"]
        assert figures["infer_fps"]["value"] > 0
        assert figures["macs_dense"]["value"] > 0
        assert cells[name]["facts"]["task"] == "none"
        assert not {"train_fps", "accuracy", "mse"} & set(figures)
    assert "validation, mean squared error" in (run.kept / "report.md").read_text("utf-8")
    assert benchbench.load(run.kept).figure("line", "mse").value == line["mse"]["value"]


@pytest.mark.slow
def test_a_task_that_is_none_of_the_data_is_told_before_anything_runs(tmp_path: Path) -> None:
    """One sentence, and the exit code of a wrong call."""
    suite = SUITE.replace("task: none", "task: regression")
    run = user_run(tmp_path, OWN, suite)
    assert run.code == 2
    assert "asked: task: regression needs numbers (floats) as targets" in run.said


@pytest.mark.parametrize(
    ("given", "targets", "wanted"),
    [
        ({}, "classes", "classification"),
        ({}, "numbers", "regression"),
        ({}, "none", "none"),
        ({}, "other", "none"),
        ({"task": "none"}, "classes", "none"),
        ({"task": "none"}, "unnumbered", "none"),
        ({}, "unnumbered", "say `data: { source: SOURCE, classes: N }`, or `task: none`"),
        ({"task": "none", "checkpoint": "w.pt"}, "classes", "none"),
        ({"task": "regression"}, "classes", "needs numbers"),
        ({"task": "classification"}, "numbers", "needs the labels of classes"),
        ({"train": Train()}, "none", "nothing can be trained with task: none: its data has no"),
        ({"loss": "cross_entropy"}, "numbers", "none of a regression"),
        ({"train": Train(stdp=Stdp())}, "numbers", "STDP fine-tunes classifiers alone"),
    ],
)
def test_the_task_follows_from_the_targets(given: Any, targets: Any, wanted: str) -> None:
    """What is given must fit them."""
    model = Model("m", "vgg", **given)
    if wanted in {"classification", "regression", "none"}:
        assert objective_of(model, targets) == wanted
    else:
        with pytest.raises(ModelError, match=wanted):
            objective_of(model, targets)


def test_whole_numbers_that_are_no_labels_are_refused_where_they_are_to_be_some() -> None:
    """With the reason that was found as the data was looked at."""
    why = "test: labels from 140 to 497 do not fit 488 classes"
    assert objective_of(Model("m", "vgg", task="none"), "unnumbered", why) == "none"
    for task in ("auto", "classification"):
        with pytest.raises(ModelError, match=f"m: its data, {why}: say"):
            objective_of(Model("m", "vgg", task=task), "unnumbered", why)
    with pytest.raises(ModelError, match="needs numbers"):
        objective_of(Model("m", "vgg", task="regression"), "unnumbered", why)


def test_errors_are_those_of_scikit_learn() -> None:
    """Mean squared error and the variance explained, of one number a sample and of several."""
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    for shape in ((90,), (90, 1), (90, 3)):
        x, targets = torch.rand(90, 4), torch.rand(shape)
        model = nn.Linear(4, shape[1] if len(shape) > 1 else 1)
        data = samples_of((x, targets))
        parts = Splits(data, data, data, "val", "test", ())
        mse, _, explained = sorted(
            regression.measure(model, parts, 0, lambda _: None), key=lambda it: it.name
        )
        with torch.no_grad():
            guesses = model(x).reshape(shape).double().numpy()
        wanted = metrics.mean_squared_error(targets.numpy(), guesses)
        assert mse.value == pytest.approx(wanted)
        wanted = metrics.r2_score(targets.numpy(), guesses, multioutput="variance_weighted")
        assert explained.value == pytest.approx(wanted)


def test_targets_of_one_value_explain_nothing() -> None:
    """There is no variance to explain: n/a with the reason."""
    data = samples_of((torch.rand(8, 4), torch.ones(8)))
    parts = Splits(data, data, data, "val", "test", ())
    found = {it.name: it for it in regression.measure(nn.Linear(4, 1), parts, 0, lambda _: None)}
    assert found["r_squared"].value is None
    assert "all the same" in found["r_squared"].reasons[0]


def test_no_target_is_broadcast() -> None:
    """[N, 1] and [N] are of one shape; [N, 2] and [N] are not."""
    assert squared_errors(torch.ones(3, 1), torch.zeros(3)).tolist() == [1, 1, 1]
    with pytest.raises(ModelError, match=r"answers with \(3, 2\), and the targets are \(3,\)"):
        squared_errors(torch.ones(3, 2), torch.zeros(3))


def test_whatever_is_put_out_is_looked_at() -> None:
    """NaN is found at any depth of an output that nobody has a name for."""

    class Deep(nn.Module):
        def forward(self, x: torch.Tensor) -> Any:
            return [{"a": (x, "text", x.long())}, {"a": (x / 0, None)}]

    step = inference_step(Deep(), [(torch.ones(2, 3), None)], whole=True)
    assert not bool(torch.isfinite(numbers_of(step())).all())
    step = inference_step(nn.Identity(), [(torch.ones(2, 3).long(), None)], whole=True)
    assert numbers_of(step()).numel() == 0


def test_nothing_of_ours_is_in_a_step_without_a_task() -> None:
    """The operators of an inference are the model's own."""
    model, batches = nn.Linear(3, 2), [(torch.ones(2, 3), None)]
    found = [footprint(inference_step(model, batches, whole=whole))[0] for whole in (False, True)]
    assert found[0] == found[1]
