"""Training: taken up after kill -9, safe on a full disk, honest about NaN, done only once."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import torch
from scipy import stats
from torch import nn
from torchmetrics.functional import recall
from torchmetrics.functional.classification import multiclass_confusion_matrix

from benchbench.data import load
from benchbench.data.samples import samples_of
from benchbench.data.sets import data_set_of
from benchbench.errors import ModelError
from benchbench.metrics.statistics import wilson
from benchbench.probes import accuracy
from benchbench.training.weights import load_weights, save_weights

if TYPE_CHECKING:
    from pathlib import Path

MODELS = '''
import torch
from torch import nn

def small(num_classes: int = 7):
    """Random in training: whoever resumes with another seed ends elsewhere."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(2304, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(16, num_classes),
    )

class Steps(nn.Module):
    """Four time steps of one image."""
    def __init__(self, net):
        super().__init__()
        self.net = net
    def forward(self, x):
        return self.net(x.expand(4, *x.shape)).mean(0)

def spikes(num_classes=7):
    from spikingjelly.activation_based import layer, neuron
    return Steps(nn.Sequential(
        layer.Conv2d(1, 4, 3, padding=1, step_mode="m"), layer.BatchNorm2d(4, step_mode="m"),
        neuron.IFNode(step_mode="m"), layer.MaxPool2d(2, step_mode="m"),
        layer.Flatten(step_mode="m"), layer.Dropout(0.5, step_mode="m"),
        layer.Linear(2304, 7, step_mode="m"), neuron.LIFNode(v_threshold=0.1, step_mode="m")))

class Turns(nn.Sequential):
    """Gives NaN from its 30th training step on."""
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(2304, 7))
        self.steps = 0
    def forward(self, x):
        self.steps += self.training
        return super().forward(x) * (float("nan") if self.steps > 30 else 1.0)
'''


def train(
    folder: Path, *arguments: str, model: str = "small", limit_bytes: int | None = None
) -> subprocess.Popen[str]:
    """Start a training in `folder` with a cache of its own."""
    (folder / "own.py").write_text(MODELS)

    def bound() -> None:
        if limit_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.Popen(
        [
            *(sys.executable, "-m", "benchbench", "train", f"own.py:{model}"),
            *("--device", "cpu", "--images", "320", "--json", "--out", "out", *arguments),
        ],
        cwd=folder,
        env={
            **os.environ,
            "BENCHBENCH_CACHE": str(folder / "cache"),
            "TORCHINDUCTOR_CACHE_DIR": str(folder.parent / "compiled"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=bound,  # noqa: PLW1509 - no thread runs in this process
    )


def ended(process: subprocess.Popen[str], code: int = 0) -> tuple[dict[str, Any], str]:
    """The one cell of a training that ended with `code`, and what was said on the way."""
    out, err = process.communicate()
    assert process.returncode == code, err
    (cell,) = json.loads(out)["cells"]
    return cell, err


def kept(folder: Path) -> Path:
    """Where a training is kept."""
    (place,) = (folder / "cache" / "trained").iterdir()
    return place


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The best weights of a training."""
    found: dict[str, torch.Tensor] = torch.load(kept(folder) / "best.pt", weights_only=True)
    return found["state_dict"]  # type: ignore[return-value]


FUSED = ("--backend", "fused", "--precision", "bf16")


@pytest.mark.parametrize(
    ("model", "how"), [("small", ()), ("spikes", FUSED)], ids=["native", "fused, bf16"]
)
def test_killed_and_resumed_is_as_unbroken(
    tmp_path: Path, model: str, how: tuple[str, ...]
) -> None:
    """After kill -9 between two epochs, and a move, it ends with the same weights and curve."""
    curves, states = [], []
    for name in ("broken", "whole"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "broken":
            process = train(folder, "--epochs", "12", *how, model=model)
            while process.poll() is None:
                found = list(folder.glob("cache/trained/*/curve.csv"))
                if found and found[0].read_text().count("\n") >= 3:
                    break
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert not (kept(folder) / "result.json").exists(), "it ended before it was killed"
            folder = folder.rename(tmp_path / "moved")  # with its cache and all
        cell, said = ended(train(folder, "--epochs", "12", *how, model=model))
        assert ("taking up an interrupted training" in said) == (name == "broken")
        curve = cell["measurements"]["epochs"]["detail"]["curve"]
        curves.append([{k: v for k, v in line.items() if k != "seconds"} for line in curve])
        states.append(weights(folder))
    assert curves[0] == curves[1]
    assert len(curves[0]) == 12
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])


def test_a_model_is_trained_once(tmp_path: Path) -> None:
    """The same request finds the weights; another recipe, or damaged weights, train again."""
    first, _ = ended(train(tmp_path, "--epochs", "2"))
    again, said = ended(train(tmp_path, "--epochs", "2"))
    assert "trained already" in said
    for name in ("accuracy", "epochs", "training_time"):
        assert again["measurements"][name] == first["measurements"][name]
    best = kept(tmp_path) / "best.pt"
    best.write_bytes(best.read_bytes()[:-100])
    _, said = ended(train(tmp_path, "--epochs", "2"))
    assert "trained already" not in said
    ended(train(tmp_path, "--epochs", "1"))
    assert len(list((tmp_path / "cache" / "trained").iterdir())) == 2


def test_a_second_run_of_the_same_training_waits(tmp_path: Path) -> None:
    """Two runs never write one training's state at a time: the second finds what the first made."""
    ended(train(tmp_path, "--epochs", "1"))
    made = weights(tmp_path)
    with (kept(tmp_path) / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a run that is still training
        second = train(tmp_path, "--epochs", "1")
        assert second.stderr is not None
        said = iter(second.stderr.readline, "")
        assert any("another run trains this very model" in line for line in said)
        assert second.poll() is None
    _, rest = ended(second)
    assert "trained already" in rest
    assert all(torch.equal(made[name], tensor) for name, tensor in weights(tmp_path).items())


@pytest.mark.slow
def test_two_processes_train_one_model(tmp_path: Path) -> None:
    """Lightning's distributed strategy gives a curve and weights as one process does."""
    cell, _ = ended(train(tmp_path, "--epochs", "2", "--devices", "2"))
    curve = cell["measurements"]["epochs"]["detail"]["curve"]
    assert [line["epoch"] for line in curve] == [1, 2]
    load_weights(_small(), kept(tmp_path) / "best.pt")


def test_nan_is_an_error_and_the_last_good_weights_are_kept(tmp_path: Path) -> None:
    """The epoch before the NaN is on disk, finite, and loads."""
    cell, _ = ended(train(tmp_path, "--epochs", "9", model="Turns"), code=3)
    assert cell["status"] == "error"
    assert "the loss is nan in epoch 2" in cell["reasons"][0]
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path).values())


def test_a_full_disk_leaves_the_last_good_weights(tmp_path: Path) -> None:
    """The state does not fit, the weights do: a clear error, and with room it is done."""
    cell, _ = ended(train(tmp_path, "--epochs", "2", limit_bytes=250_000), code=3)
    assert cell["status"] == "error"
    assert "last.ckpt: cannot be written" in cell["reasons"][0]
    load_weights(_small(), kept(tmp_path) / "best.pt")
    ended(train(tmp_path, "--epochs", "2"))


def test_a_damaged_state_is_put_aside(tmp_path: Path) -> None:
    """A truncated last.ckpt is said, kept under another name, and training starts anew."""
    ended(train(tmp_path, "--epochs", "1"))
    place = kept(tmp_path)
    (place / "result.json").unlink()
    (place / "last.ckpt").write_bytes(b"PK\x03\x04 torn")
    _, said = ended(train(tmp_path, "--epochs", "1"))
    assert "last.ckpt was damaged" in said
    assert (place / "last.damaged").exists()


def _small() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(2304, 16),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(16, 7),
    )


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-300]), "damaged"),
        (lambda file: torch.save({"state_dict": {"1.weight": torch.ones(3)}}, file), "not fit"),
        (lambda file: torch.save([1, 2], file), "expected a dictionary"),
        (lambda file: torch.save({"a": os.getcwd}, file), "not one of weights alone"),
        (lambda file: file.unlink(), "no checkpoint"),
    ],
    ids=["truncated", "another model", "no dictionary", "pickled code", "missing"],
)
def test_a_bad_checkpoint_is_a_clear_error(tmp_path: Path, damage: Any, wanted: str) -> None:
    """Truncated, of another model, or with code in it: refused with the reason."""
    file = tmp_path / "weights.pt"
    save_weights(_small(), file, {})
    load_weights(_small(), file)
    damage(file)
    with pytest.raises(ModelError, match=wanted):
        load_weights(_small(), file)


@pytest.mark.parametrize(
    ("content", "code", "wanted"),
    [("whole", 0, ""), ("truncated", 3, "is damaged"), ("missing", 2, "cannot be read")],
)
def test_a_suite_loads_a_checkpoint(tmp_path: Path, content: str, code: int, wanted: str) -> None:
    """Its accuracy and spikes are of these weights; a bad file is a row or a fault, with why."""
    (tmp_path / "own.py").write_text(MODELS)
    suite, file = tmp_path / "s.yaml", tmp_path / "w.pt"
    suite.write_text(
        "benchbench: 1\nname: s\nsettings: {repeats: 0, images: 16}\n"
        "models: [{id: a, model: 'own.py:small', checkpoint: w.pt}]\n"
    )
    torch.manual_seed(5)
    model = _small()
    if content != "missing":
        save_weights(model, file, {})
    if content == "truncated":
        file.write_bytes(file.read_bytes()[:-200])
    command = [sys.executable, "-m", "benchbench", "run", str(suite), "--json", "--out"]
    done = subprocess.run(
        [*command, str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    if code == 2:
        assert wanted in done.stderr
        return
    (cell,) = json.loads(done.stdout)["cells"]
    assert wanted in "".join(cell["reasons"])
    if code == 0:
        samples = data_set_of(load("synthetic_faces")).split("test")
        matrix = accuracy.classified(model, samples, 50).confusion
        assert cell["measurements"]["accuracy"]["detail"]["confusion"] == matrix.tolist()


def test_the_confusion_matrix_is_torchmetrics() -> None:
    """Matrix, recall and accuracy are the peer's on the same guesses."""
    torch.manual_seed(0)
    model, labels = _small().eval(), torch.randint(0, 7, (300,))
    images = torch.randint(0, 256, (300, 1, 48, 48), dtype=torch.uint8)
    found = accuracy.classified(model, samples_of((images, labels)), 64)
    guesses = model(images.float() / 255).argmax(1)
    assert torch.equal(found.confusion, multiclass_confusion_matrix(guesses, labels, 7))
    figure = accuracy.of_samples(accuracy.ACCURACY, found, tuple("abcdefg"), "PrivateTest")
    wanted = recall(guesses, labels, "multiclass", average="none", num_classes=7)
    assert figure.detail["recall"] == pytest.approx(wanted.tolist())
    assert figure.value == pytest.approx(float((guesses == labels).float().mean()))
    assert [int(digit) for digit in figure.detail["guesses"]] == guesses.tolist()
    assert [int(digit) for digit in figure.detail["labels"]] == labels.tolist()


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (3, 7), (1600, 3589), (5, 5)])
def test_the_interval_of_an_accuracy_is_scipys_wilson(hits: int, total: int) -> None:
    """Both ends are those of scipy's binomial test."""
    wanted = stats.binomtest(hits, total).proportion_ci(0.95, method="wilson")
    assert wilson(hits, total) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
