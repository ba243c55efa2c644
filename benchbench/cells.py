"""Suite -> cells -> jobs. A cell is one model under one suite's settings on one device."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchbench import zoo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchbench.suite import Model, Settings, Suite

__all__ = ["SCHEMA_VERSION", "Cell", "DataRef", "Job", "cells_of", "jobs_of", "plan_digest"]

SCHEMA_VERSION = 1
"""Of journal and results files, and part of every cell's identity."""

Task = Literal["count", "time"]


@dataclass(frozen=True, slots=True)
class DataRef:
    """Which data a run uses: where it is loaded from and what it was found to be.

    Attributes:
        source: ``synthetic_faces`` or an absolute path.
        digest: SHA-256 of its content.
        num_classes: Number of classes.
        seed: Of the generator, where it is generated.
    """

    source: str
    digest: str
    num_classes: int
    seed: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the work: everything that a worker needs, and an id that changes with any of it.

    Attributes:
        id: First 12 digits of the SHA-256 over the rest, the model's source included.
        model: The suite's entry.
        settings: Resolved settings.
        device: ``cpu`` or ``cuda:<index>``.
        data: The data.
        folder: Where a relative model reference starts, as text.
    """

    id: str
    model: Model
    settings: Settings
    device: str
    data: DataRef
    folder: str


@dataclass(frozen=True, slots=True)
class Job:
    """One worker process: counting (once a cell) or one timed repeat."""

    cell: Cell
    task: Task
    repeat: int

    @property
    def id(self) -> str:
        """``<cell>-count`` or ``<cell>-time-<repeat>``."""
        return f"{self.cell.id}-{self.task}" + (f"-{self.repeat}" if self.task == "time" else "")


def cells_of(suite: Suite, folder: Path, device: str, data: DataRef) -> list[Cell]:
    """The cells of a suite, in its order.

    Args:
        suite: With the settings of its mode.
        folder: Where relative model references start.
        device: ``cpu`` or ``cuda:<index>``.
        data: The data of the run.
    """
    place = folder / suite.zoo if suite.zoo else folder
    out = []
    for model in suite.models:
        identity = {
            "schema": SCHEMA_VERSION,
            "model": asdict(model),
            "settings": asdict(suite.settings),
            "device": device,
            "data": [data.digest, data.num_classes],
            "source": zoo.find(model.model, place).digest,
        }
        out.append(Cell(_digest(identity)[:12], model, suite.settings, device, data, str(place)))
    return out


def jobs_of(cells: Sequence[Cell]) -> list[Job]:
    """Every job, in the order of the run.

    Counting comes first, because it is exact and shows at once what is wrong with a model. The
    timed repeats are interleaved: every cell once a round, so that a machine whose speed drifts
    drifts for all of them alike and ratios can be paired by round.
    """
    rounds = max((cell.settings.repeats for cell in cells), default=0)
    return [Job(cell, "count", 0) for cell in cells] + [
        Job(cell, "time", repeat) for repeat in range(rounds) for cell in cells
    ]


def plan_digest(jobs: Sequence[Job]) -> str:
    """What a journal must have been started for, to be taken up again."""
    return _digest([job.id for job in jobs])


def _digest(value: Any) -> str:  # noqa: ANN401 - anything that JSON holds
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
