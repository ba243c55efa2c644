"""The files of examples/ run as they stand, and their suites are suites."""

from __future__ import annotations

import ast
import hashlib
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import benchbench
from benchbench.data import DataSource
from benchbench.data.batches import batches_of
from benchbench.data.loading import load_set
from benchbench.errors import DataError
from benchbench.suite import loader

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SUITE = "    benchbench: 1"  # begins the suite that a model or a loader has in its docstring
EVERY = sorted(EXAMPLES.glob("*.py"))
FILES = [file for file in EVERY if SUITE in file.read_text("utf-8")]
SCRIPTS = [file for file in EVERY if file not in FILES]
PRINTS = {  # what each prints that no machine changes
    "compare_two_runs": ["params", "macs_dense", "worse"],
    "count_only": ["params: 2410 (counted)", "macs_dense: 2368 (counted)", "firing_rate: 0."],
    "energy_of_a_block": ["own code: ", "simulated sensor: ", " W, valid, simulated"],
    "own_data": ["macs_dense: 2448 (counted", "macs_effective: "],
    "plain_torch": ["params: 73991 (counted", "macs_dense: 73952 (counted", "infer_fps: "],
    "suite_from_python": ["Spiking: ", "ReLU twin: ", "firing rate n/a"],
}


def first_batch(
    function: str, given: dict[str, Any], time: Any = "none", classes: int | None = None
) -> tuple[Any, Any]:
    """The first two training samples of an example's loader, as a model is given them."""
    import torch

    found = load_set(DataSource(f"{EXAMPLES / function}", given, time, classes))
    (batch,) = batches_of(found.split("train"), 2, 1, torch.device("cpu"))
    return batch


def test_there_are_examples() -> None:
    """The test below has something to read."""
    assert len(FILES) >= 4
    assert [file.stem for file in SCRIPTS] == [*PRINTS]


@pytest.mark.slow
@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.stem)
def test_a_script_runs_as_it_stands(file: Path, tmp_path: Path) -> None:
    """In an empty folder, on the processor; it says what it measured, and how."""
    done = subprocess.run(
        [sys.executable, file],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for text in PRINTS[file.stem]:
        assert text in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_its_suite_is_a_suite(file: Path, tmp_path: Path) -> None:
    """Five lines of the docstring, that name the file itself."""
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    lines = [line for line in docstring.splitlines() if line.startswith("    ")]
    assert len(lines) == 5
    text = textwrap.dedent("\n".join(lines))
    assert file.name in text
    (tmp_path / file.name).write_text(file.read_text("utf-8"))
    (tmp_path / "path" / "to").mkdir(parents=True)
    (tmp_path / "path" / "to" / "file.py").write_text("def net(): ...")
    assert len(loader.parse(text, "s.yaml", tmp_path).models) == 1


@pytest.mark.parametrize(
    ("name", "package", "steps"), [("snntorch", "snntorch", 10), ("norse", "norse", 16)]
)
def test_a_model_of_a_framework_is_counted(name: str, package: str, steps: int) -> None:
    """Its neurons are found, with their time steps, on real digits."""
    pytest.importorskip(package, reason=f"{package} is not installed: [frameworks]")
    pytest.importorskip("sklearn", reason="scikit-learn is not installed: [examples]")
    found = benchbench.count(f"{EXAMPLES / name}_model.py:net", data="digits")
    neurons = {"snntorch": 128 + 10, "norse": 8 * 6 * 6}[name]
    macs = {"snntorch": 64 * 128 + 128 * 10, "norse": 8 * 36 * 9 + 288 * 10}[name]
    assert found["neuron_updates"].value == steps * neurons
    assert found["macs_dense"].value == steps * macs
    assert found["firing_rate"].value is not None
    assert found["firing_rate"].value > 0


def cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The six files of CIFAR-10's archive with two images each, as it was pickled: its pixels."""
    from torchvision.datasets import CIFAR10

    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    draw, pixels = np.random.default_rng(0), []

    def write(name: str, content: dict[str, Any]) -> list[str]:
        data = pickle.dumps(content, protocol=2)
        (folder / name).write_bytes(data)
        return [name, hashlib.md5(data, usedforsecurity=False).hexdigest()]

    def batch(name: str, labels: list[int]) -> list[str]:
        pixels.append(draw.integers(0, 256, (2, 3072), dtype=np.uint8))
        return write(name, {"data": pixels[-1], "labels": labels, "batch_label": name})

    train = [batch(f"data_batch_{number}", [number, 9]) for number in range(1, 6)]
    test = [batch("test_batch", [0, 1])]
    names = ["airplane", "automobile", *"cdefghij"]
    _, checksum = write("batches.meta", {"label_names": names, "num_vis": 3072})
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", test)
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": checksum})
    return np.concatenate(pixels)


def test_cifar10_is_read_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels and labels are those of the files, channels first, from 0 to 1."""
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    pixels = cifar(tmp_path, monkeypatch).reshape(-1, 3, 32, 32)
    labels = [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]
    inputs, targets = first_batch("cifar10.py:cifar10", {"root": str(tmp_path)})
    (images,) = inputs.args
    for image, label in zip(images.numpy(), targets.tolist(), strict=True):
        (place,) = np.flatnonzero((pixels == (255 * image).round()).all((1, 2, 3)))
        assert labels[place] == label
    found = load_set(DataSource(f"{EXAMPLES / 'cifar10.py'}:cifar10", {"root": str(tmp_path)}))
    assert len(found.split("test")) == 2


def test_a_damaged_cifar10_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that is not there; the sentence says what to unpack where."""
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    given = {"root": str(tmp_path)}
    with pytest.raises(DataError, match=r"unpack cifar-10-python\.tar\.gz in it"):
        first_batch("cifar10.py:cifar10", given)
    cifar(tmp_path, monkeypatch)
    file = tmp_path / "cifar-10-batches-py" / "data_batch_3"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(DataError, match=r"unpack cifar-10-python\.tar\.gz in it"):
        first_batch("cifar10.py:cifar10", given)


def n_mnist(root: Path) -> None:
    """Events in the files of the ATIS camera, 40 bits each, as N-MNIST is published; unpacked."""
    from spikingjelly.datasets.n_mnist import NMNIST

    for split in ("Train", "Test"):
        for label in (3, 7):
            folder = root / "extract" / split / str(label)
            folder.mkdir(parents=True)
            for sample in range(4):
                events = bytearray()
                for number in range(16):  # at (label, number), polarity by turns, 100 us apart
                    time_us = 100 * number
                    polarity = (number % 2) << 7
                    events += bytes([label, number, polarity | time_us >> 16])
                    events += (time_us & 0xFFFF).to_bytes(2, "big")
                (folder / f"0000{sample}.bin").write_bytes(bytes(events))
    raw = root / "events_np"
    raw.mkdir()
    NMNIST.create_raw_from_extracted(root / "extract", raw)


def test_n_mnist_is_read_from_its_files(tmp_path: Path) -> None:
    """Each event is in its frame, polarity, row and column; time comes first."""
    pytest.importorskip("spikingjelly.datasets", reason="its data sets need torchvision")
    n_mnist(tmp_path)
    given = {"root": str(tmp_path), "steps": 4}
    inputs, targets = first_batch("n_mnist.py:n_mnist", given, "first", 10)
    (frames,) = inputs.args
    assert frames.shape == (4, 2, 2, 34, 34)
    for place, target in enumerate(targets.tolist()):
        label = (3, 7)[target]  # classes are numbered in the order of their folders
        for number in range(16):
            assert frames[number // 4, place, number % 2, number, label] == 1
    assert float(frames.sum()) == 32


def test_missing_events_are_one_sentence(tmp_path: Path) -> None:
    """Nothing is downloaded."""
    pytest.importorskip("spikingjelly.datasets", reason="its data sets need torchvision")
    with pytest.raises(DataError, match="neither download"):
        first_batch("n_mnist.py:n_mnist", {"root": str(tmp_path)}, "first")
    assert list(tmp_path.iterdir()) == []
