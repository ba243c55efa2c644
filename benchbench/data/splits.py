"""Which images are trained on, which choose the best epoch, and which are reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchbench.errors import DataError

if TYPE_CHECKING:
    from benchbench.data import FaceData

__all__ = ["Splits", "split"]

HELD_OUT = 0.1  # ours, where the data has no split for it
LEAST = 20  # images that can still be held out from


@dataclass(frozen=True, slots=True)
class Splits:
    """Three disjoint sets of images.

    Attributes:
        train: Images to train on.
        select: Images to choose the best epoch on.
        report: Images to report the accuracy on.
        notes: What a reader must know where they are not FER2013's own.
    """

    train: FaceData
    select: FaceData
    report: FaceData
    notes: tuple[str, ...] = ()


def split(data: FaceData, seed: int, test_images: int | None = None) -> Splits:
    """FER2013's own splits where they are there; held out from Training where they are not.

    Args:
        data: All of it.
        seed: Draws what is held out.
        test_images: Most images of each of the two held-out sets; None for all.

    Raises:
        DataError: There are too few training images to hold some out.
    """
    train, notes = data.split("Training"), []
    found = set(data.usage.tolist())
    if "PublicTest" in found:
        select = data.split("PublicTest")
    else:
        train, select = _hold_out(train, seed)
        notes.append(
            f"no PublicTest here: the best epoch is chosen on {len(select):,} images held out of "
            "Training"
        )
    name = next((name for name in ("PrivateTest", "Test") if name in found), None)
    if name:
        report = data.split(name)
        if name == "Test":
            notes.append("reported on the folder's test images (PublicTest and PrivateTest merged)")
    else:
        train, report = _hold_out(train, seed + 1)
        notes.append(
            f"no PrivateTest here: reported on {len(report):,} images held out of Training"
        )
    if test_images is not None and test_images < max(len(select), len(report)):
        notes.append(f"on {test_images:,} images drawn from the split")
        select, report = (_draw(part, seed, test_images) for part in (select, report))
    return Splits(train, select, report, tuple(notes))


def _draw(data: FaceData, seed: int, count: int) -> FaceData:
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(data))
    return data.where(np.sort(order[:count]))


def _hold_out(data: FaceData, seed: int) -> tuple[FaceData, FaceData]:
    if len(data) < LEAST:
        raise DataError(data.source, f"{len(data)} training images: too few to hold some out")
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(data))
    count = round(HELD_OUT * len(data))
    return data.where(np.sort(order[count:])), data.where(np.sort(order[:count]))
