"""Which data a run uses, once it was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from benchbench.data.source import DataSource, Targets, kind_of

__all__ = ["DataRef"]


@dataclass(frozen=True, slots=True)
class DataRef:
    """Which data a run uses: where it is loaded from and what it was found to be.

    Attributes:
        source: A name, an absolute path, or a reference whose file is absolute.
        digest: SHA-256 that tells it from other data.
        num_classes: Number of classes; None where the targets are none.
        seed: Seed of the generator, where it is generated.
        set: Settings of the function that gives it.
        time: Where the time steps stand, as in `benchbench.data.DataSource`.
        classes: Number of classes as the suite says it.
        targets: What its targets are.
        samples: Number of its samples; None where it is a stream.
        misfit: Why its whole numbers are no labels of a classification, as `DataSet` has it.
    """

    source: str
    digest: str
    num_classes: int | None
    seed: int
    set: dict[str, Any] = field(default_factory=dict)
    time: Literal["none", "first", "second"] = "none"
    classes: int | None = None
    targets: Targets = "classes"
    samples: int | None = None
    misfit: str = ""

    @property
    def function(self) -> str:
        """The reference of the function that gives it; empty where there is none."""
        return self.source if kind_of(self.source) == "function" else ""

    @property
    def what(self) -> DataSource:
        """What it is loaded by."""
        return DataSource(self.source, self.set, self.time, self.classes)
