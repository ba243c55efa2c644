"""What a reader of a result should know of its data: black images, duplicates, leaks.

Rows are counted as in the csv file: the header is row 1.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchbench.display.displayable import Displayable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchbench.data import FaceData

__all__ = ["Check", "DataFinding", "check", "distribution"]


@dataclass(frozen=True, slots=True)
class DataFinding:
    """One kind of fault.

    Attributes:
        kind: ``black``, ``duplicates``, ``conflicts`` or ``leaks``.
        count: How many.
        text: What it means.
        rows: Where, as rows of the file; of a group of equal images its first row.
    """

    kind: str
    count: int
    text: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Check(Displayable):
    """A data set's distribution and faults.

    Attributes:
        name: Name of the data set.
        source: Its file.
        digest: SHA-256 of its content.
        samples: Number of images.
        distribution: Images by class name and split.
        findings: The faults; those that were looked for and not found have a count of 0.
        warnings: What was left out, or read as something else than it says.
    """

    name: str
    source: str
    digest: str
    samples: int
    distribution: dict[str, dict[str, int]]
    findings: tuple[DataFinding, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return asdict(self)

    def _line(self) -> str:
        faults = [f"{item.count:,} {item.kind}" for item in self.findings if item.count]
        words = ", ".join(faults) or "no faults"
        return f"{self.name!a}, {self.source!a}: {self.samples:,} images, {words}"


def check(data: FaceData) -> Check:
    """Look for faults that a benchmark's reader must know of.

    Exact duplicates are images with equal pixels. One image of each group is not surplus.
    """
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, image in enumerate(data.images):
        groups[image.tobytes()].append(index)
    several = [group for group in groups.values() if len(group) > 1]
    conflicting = [group for group in several if len({int(data.labels[i]) for i in group}) > 1]
    black = np.flatnonzero(data.images.reshape(len(data), -1).max(1) == 0)

    def rows(indices: Iterable[Any]) -> tuple[int, ...]:
        found = np.fromiter(indices, np.int64)
        return tuple(sorted((found + 2 if data.rows is None else data.rows[found]).tolist()))

    findings = [
        DataFinding("black", len(black), "all-black images", rows(black)),
        DataFinding(
            "duplicates",
            sum(len(group) - 1 for group in several),
            f"surplus exact duplicates, in {len(several):,} groups",
            rows(group[0] for group in several),
        ),
        DataFinding(
            "conflicts",
            len(conflicting),
            "groups of equal images with different labels",
            rows(group[0] for group in conflicting),
        ),
    ]
    for split in ("PublicTest", "PrivateTest", "Test"):
        if split in data.usage:
            leaked = [
                i
                for group in several
                if any(data.usage[i] == "Training" for i in group)
                for i in group
                if data.usage[i] == split
            ]
            findings.append(
                DataFinding(
                    "leaks",
                    len(leaked),
                    f"{split} images that also stand in Training",
                    rows(leaked),
                )
            )
    return Check(
        data.name,
        data.source,
        data.digest,
        len(data),
        distribution(data),
        tuple(findings),
        data.warnings,
    )


def distribution(data: FaceData) -> dict[str, dict[str, int]]:
    """Images by class name and split; classes in label order."""
    counts = Counter(zip(data.labels.tolist(), data.usage.tolist(), strict=True))
    splits = list(dict.fromkeys(data.usage.tolist()))
    return {
        name: {split: counts[label, split] for split in splits}
        for label, name in enumerate(data.class_names)
    }
