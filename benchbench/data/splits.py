"""Which samples are trained on, which choose the best epoch, and which are reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchbench.data.samples import size_of
from benchbench.errors import DataError

if TYPE_CHECKING:
    from benchbench.data.samples import Samples
    from benchbench.data.sets import DataSet

__all__ = ["Splits", "split"]

HELD_OUT = 0.1  # ours, where the data has no split for it
LEAST = 20  # samples that can still be held out from
MERGED = "Test"  # FER2013's two test splits, where a folder of images has them as one


@dataclass(frozen=True, slots=True)
class Splits:
    """Three disjoint sets of samples.

    Attributes:
        train: Samples to train on.
        select: Samples to choose the best epoch on.
        report: Samples to report the accuracy on.
        select_name: What the second is called.
        report_name: What the third is called.
        class_names: Names of the classes by label.
        notes: What a reader must know where the splits are not the data's own.
    """

    train: Samples
    select: Samples
    report: Samples
    select_name: str
    report_name: str
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def split(data: DataSet, seed: int, test_samples: int | None = None) -> Splits:
    """The data's own splits where they are there; held out from the training's where they are not.

    Args:
        data: All of it.
        seed: Draws what is held out.
        test_samples: Most samples of each of the two held-out sets; None for all.

    Raises:
        DataError: There are too few training samples to hold some out, or the labels are none of a
            classification.
    """
    if data.misfit:
        raise DataError(data.source, data.misfit)
    names = {name: data.called.get(name, name) for name in ("train", "val", "test")}
    train, notes = data.splits["train"], []
    select, report = data.splits.get("val"), data.splits.get("test")
    if select is None:
        train, select = _hold_out(data.source, train, seed)
        names["val"] = names["train"]
        notes.append(
            f"no validation split here: the best epoch is chosen on {len(select):,} samples held "
            f"out of {names['train']}"
        )
    if report is None:
        train, report = _hold_out(data.source, train, seed + 1)
        names["test"] = names["train"]
        notes.append(
            f"no test split here: reported on {len(report):,} samples held out of {names['train']}"
        )
    elif names["test"] == MERGED:
        notes.append("reported on the folder's test images (PublicTest and PrivateTest merged)")
    sizes = [size_of(part) for part in (select, report)]
    if test_samples is not None and any(test_samples < size for size in sizes if size is not None):
        notes.append(f"on {test_samples:,} samples drawn from the split")
        select, report = (
            part if size is None else _draw(part, seed, test_samples)
            for part, size in zip((select, report), sizes, strict=True)
        )
    return Splits(
        train, select, report, names["val"], names["test"], data.class_names, tuple(notes)
    )


def _draw(samples: Samples, seed: int, count: int) -> Samples:
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(samples))
    return samples.part(np.sort(order[:count]).tolist())


def _hold_out(source: str, samples: Samples, seed: int) -> tuple[Samples, Samples]:
    if len(samples) < LEAST:
        raise DataError(source, f"{len(samples)} training samples: too few to hold some out")
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(samples))
    count = round(HELD_OUT * len(samples))
    kept, out = np.sort(order[count:]).tolist(), np.sort(order[:count]).tolist()
    return samples.part(kept), samples.part(out)
