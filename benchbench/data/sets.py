"""A data set of any shape: its splits, what is known of it, and what it is told from others by."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from benchbench.data.samples import samples_of, size_of
from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchbench.data import FaceData
    from benchbench.data.inputs import Inputs
    from benchbench.data.samples import Batch, Samples
    from benchbench.data.source import Targets

__all__ = ["AXES", "SPLITS", "DataSet", "data_set_of", "digest_of_samples"]

SPLITS = ("train", "val", "test")
AXES = {"none": 0, "first": 1, "second": 0}  # of the samples, by where the time steps are
USUAL = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}  # FER2013's own names

WHOLE_BYTES = 1 << 28  # of content that is read whole to tell it from another's
CONTENT = "content"  # what a digest is of that is of all samples
ROWS = 64  # of each split, where it is not


@dataclass(frozen=True, slots=True)
class DataSet:
    """Data that models are trained on, counted and timed.

    Attributes:
        name: Short name.
        source: What it is loaded by again.
        digest: SHA-256 that tells it from other data.
        identity: What the digest is of.
        splits: Samples by ``train``, ``val`` and ``test``; the first is always there.
        class_names: Names of the classes by label; empty where there are none.
        synthetic: Whether it is drawn or random.
        warnings: What a reader of a result must know of it.
        called: What a split is called in reports, where it has a name of its own.
        misfit: Why its whole numbers are no labels of a classification; empty where they are, and
            where there are none.
    """

    name: str
    source: str
    digest: str
    identity: str
    splits: Mapping[str, Samples]
    class_names: tuple[str, ...] = ()
    synthetic: bool = False
    warnings: tuple[str, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)
    misfit: str = ""

    @property
    def num_classes(self) -> int | None:
        """Number of classes; None where the targets are none."""
        return len(self.class_names) or None

    @property
    def targets(self) -> Targets:
        """What the targets are: labels of ``classes``, ``numbers``, ``none``, or ``other``.

        ``unnumbered`` are labels of classes whose number does not show, or whole numbers that are
        no such labels (`misfit`).
        """
        if self.class_names and not self.misfit:
            return "classes"
        _, targets = self.first()
        if targets is None:
            return "none"
        if targets.is_floating_point():
            return "numbers"
        return "unnumbered" if targets.dim() == 1 else "other"

    def split(self, name: str) -> Samples:
        """One split, by its own name or by FER2013's.

        Raises:
            DataError: There are none of it.
        """
        wanted = next((own for own, usual in USUAL.items() if name in {own, usual}), name)
        if wanted not in self.splits:
            has = ", ".join(self.splits)
            raise DataError(self.source, f"no samples of the split {name!r}; it has {has}")
        return self.splits[wanted]

    def first(self, size: int = 1) -> Batch:
        """The first samples that models are counted on."""
        return next(self.split("train").batches(size))

    def sizes(self) -> int | None:
        """Number of samples in all; None where a split is a stream."""
        sizes = [size for samples in self.splits.values() if (size := size_of(samples)) is not None]
        return sum(sizes) if len(sizes) == len(self.splits) else None

    def distribution(self) -> dict[str, dict[str, int]]:
        """How many samples of each class each split has; empty where that takes reading it all."""
        counts: dict[str, Counter[int]] = {}
        for name, samples in self.splits.items():
            targets = samples.targets
            if targets is None or not self.class_names or self.misfit:
                return {}
            counts[name] = Counter(targets.tolist())
        return {
            title: {self.called.get(name, name): found[label] for name, found in counts.items()}
            for label, title in enumerate(self.class_names)
        }


def data_set_of(found: FaceData) -> DataSet:
    """Faces as a data set: uint8 [N, 1, 48, 48], the splits by FER2013's names."""
    splits: dict[str, Samples] = {}
    called = {}
    for name, usual in (*USUAL.items(), ("test", "Test")):
        rows = found.usage == usual
        if name not in splits and rows.any():
            images = torch.from_numpy(found.images[rows])[:, None]
            splits[name] = samples_of((images, torch.from_numpy(found.labels[rows])))
            called[name] = usual
    return DataSet(
        found.name,
        found.reference,
        found.digest,
        CONTENT,
        splits,
        found.class_names,
        found.synthetic,
        found.warnings,
        called,
    )


def digest_of_samples(splits: Mapping[str, Samples]) -> tuple[str, str]:
    """What tells data from other data: all of it where it is small, some rows where it is not.

    Returns:
        A SHA-256; and what it is of: ``content``, or a sentence.
    """
    every, whole = hashlib.sha256(), True
    for name, samples in splits.items():
        every.update(name.encode())
        count = size_of(samples)
        every.update(str(count).encode())
        rows = None if count is None else _rows(samples, count)
        batches: Iterator[Batch] = samples.as_given(ROWS, rows)
        if count is None:  # a stream: its beginning
            batches = iter([next(batches)])
        whole = whole and rows is None and count is not None
        for inputs, targets in batches:
            _add(every, inputs, targets)
    return every.hexdigest(), CONTENT if whole else f"the sizes and up to {ROWS} rows of a split"


def _rows(samples: Samples, count: int) -> list[int] | None:
    """The rows that are looked at; None for all."""
    inputs, _ = next(samples.as_given(1, [0]))
    each = sum(tensor.numel() * tensor.element_size() for tensor in inputs.tensors)
    if each * count <= WHOLE_BYTES and samples.targets is not None:
        return None
    return list(range(0, count, max(1, count // ROWS)))[:ROWS]


def _add(every: Any, inputs: Inputs, targets: Tensor | None) -> None:  # noqa: ANN401 - a hash
    for tensor in (*inputs.tensors, *(() if targets is None else (targets,))):
        every.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        every.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
