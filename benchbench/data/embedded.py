"""Data that needs no file: shapes as an event camera sees them, real digits, random input."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchbench.data.cache import cached
from benchbench.data.samples import samples_of
from benchbench.data.sets import DataSet, digest_of_samples
from benchbench.errors import DataError
from benchbench.files import digest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchbench.data.cache import Arrays
    from benchbench.data.samples import Samples

__all__ = ["digits", "random_input", "synthetic_events"]

SHAPES = ("disc", "square", "cross", "bar", "triangle")
EVENT_CLASSES = tuple(f"{shape}, {way}" for shape in SHAPES for way in ("left", "right"))
STEPS, EVENT_SIDE = 8, 32
EVENT_SIZES = {"train": 600, "val": 100, "test": 200}
NOISE = 0.005  # share of pixels that fire by themselves, each polarity and step
RANDOM_SAMPLES, RANDOM_CLASSES = 256, 10
HELD = 0.2  # of scikit-learn's digits, which come without a split: a fifth is the test


def synthetic_events(seed: int = 0) -> DataSet:
    """Five shapes that move left or right before an event camera, ten classes, balanced.

    A pixel that brightens fires on the first channel, one that darkens on the second.

    Args:
        seed: The same seed gives the same bytes.

    Returns:
        uint8 events [T, N, 2, 32, 32] in each batch, 0 or 255 (0 or 1 for the model), T = 8.
    """
    asked = f"{digest_of(Path(__file__))} {np.__version__} events {seed}"
    frames, labels, usage = cached(
        hashlib.sha256(asked.encode()).hexdigest(), lambda: _events(seed)
    )
    splits: dict[str, Samples] = {}
    for name in EVENT_SIZES:
        rows = usage == name
        inputs = torch.from_numpy(np.ascontiguousarray(frames[:, rows]))
        splits[name] = samples_of((inputs, torch.from_numpy(labels[rows])), 1)
    digest, identity = digest_of_samples(splits)
    return DataSet(
        "synthetic_events",
        "synthetic_events",
        digest,
        identity,
        splits,
        EVENT_CLASSES,
        synthetic=True,
    )


def _events(seed: int) -> Arrays:
    """Events [T, N, 2, 32, 32], labels [N] and splits [N]."""
    rng = np.random.Generator(np.random.PCG64(seed))
    total = sum(EVENT_SIZES.values())
    labels = np.arange(total, dtype=np.int64) % len(EVENT_CLASSES)
    frames = np.stack([_film(int(label), rng) for label in labels], axis=1)
    return frames, labels, np.repeat(list(EVENT_SIZES), list(EVENT_SIZES.values()))


def _film(label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One sample's events, uint8 [T, 2, 32, 32]."""
    shape, sign = SHAPES[label // 2], -1.0 if label % 2 == 0 else 1.0
    start = np.array([-sign * rng.uniform(0.15, 0.5), rng.uniform(-0.3, 0.3)])
    speed = np.array([sign * rng.uniform(0.06, 0.12), rng.uniform(-0.03, 0.03)])
    size, turn = rng.uniform(0.25, 0.4), rng.uniform(-0.3, 0.3)
    light = [_inside(shape, start + step * speed, size, turn) for step in range(STEPS + 1)]
    change = np.diff(np.stack(light).astype(np.int8), axis=0)  # [T, 32, 32]
    fired = np.stack([change > 0, change < 0], axis=1)
    fired |= rng.random(fired.shape) < NOISE
    return fired.astype(np.uint8) * 255


def _inside(shape: str, middle: NDArray[np.float64], size: float, turn: float) -> NDArray[np.bool_]:
    """The pixels that a shape covers, [32, 32]."""
    axis = (np.arange(EVENT_SIDE) + 0.5) / EVENT_SIDE * 2 - 1
    down, right = np.meshgrid(axis, axis, indexing="ij")
    right, down = right - middle[0], down - middle[1]
    x = (np.cos(turn) * right + np.sin(turn) * down) / size
    y = (np.cos(turn) * down - np.sin(turn) * right) / size
    covered: NDArray[np.bool_]
    if shape == "disc":
        covered = x**2 + y**2 < 1
    elif shape == "square":
        covered = np.maximum(abs(x), abs(y)) < 0.9
    elif shape == "cross":
        covered = (np.minimum(abs(x), abs(y)) < 0.3) & (np.maximum(abs(x), abs(y)) < 1.1)
    elif shape == "bar":
        covered = (abs(x) < 0.35) & (abs(y) < 1.3)
    else:
        covered = (y < 0.8) & (y > 2 * abs(x) - 1)
    return covered


def digits(seed: int = 0) -> DataSet:
    """The 1,797 real handwritten digits that scikit-learn ships, 8x8.

    Args:
        seed: Draws the test split: there is none of its own.

    Returns:
        float32 images [N, 1, 8, 8] in [0, 1].

    Raises:
        DataError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise DataError(
            "digits", "scikit-learn is missing: pip install 'benchbench[examples]'"
        ) from error
    found = load_digits()
    images = torch.from_numpy(found.images.astype(np.float32) / 16)[:, None]
    labels = torch.from_numpy(found.target.astype(np.int64))
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(labels))
    test = torch.from_numpy(np.sort(order[: round(HELD * len(labels))]))
    train = torch.from_numpy(np.sort(order[round(HELD * len(labels)) :]))
    splits: dict[str, Samples] = {
        name: samples_of((images[rows], labels[rows]))
        for name, rows in (("train", train), ("test", test))
    }
    digest, identity = digest_of_samples(splits)
    names = tuple(map(str, range(10)))
    return DataSet("digits", "digits", digest, identity, splits, names)


def random_input(shape: str, seed: int = 0, classes: int | None = None) -> DataSet:
    """Random numbers in [0, 1) with random labels: enough to count and time, and for nothing else.

    Args:
        shape: One sample's, ``CxHxW``.
        seed: Seed of the numbers.
        classes: Number of classes of the labels, 10 by default.

    Raises:
        DataError: That is no shape.
    """
    parts = shape.lower().split("x")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise DataError(f"input: {shape}", "expected CxHxW, e.g. 3x32x32")
    draw, count = torch.Generator().manual_seed(seed), classes or RANDOM_CLASSES
    inputs = torch.rand(RANDOM_SAMPLES, *map(int, parts), generator=draw)
    labels = torch.randint(count, (RANDOM_SAMPLES,), generator=draw)
    splits: dict[str, Samples] = {"train": samples_of((inputs, labels))}
    digest, identity = digest_of_samples(splits)
    return DataSet(
        f"random input {shape}",
        f"input:{shape}",
        digest,
        identity,
        splits,
        tuple(map(str, range(count))),
        synthetic=True,
        warnings=("random numbers: what rests on data is not counted",),
    )
