"""Suite -> cells -> jobs. A cell is one model under one suite's settings on one device."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchbench import extensions, zoo
from benchbench.data.reference import DataRef  # noqa: TC001 - `codec` reads the annotations
from benchbench.errors import ModelError
from benchbench.files import digest_of, expanded
from benchbench.results.journal import SCHEMA_VERSION
from benchbench.running.objective import objective_of, without_steps, without_training
from benchbench.suite.model import Objective  # noqa: TC001 - see above
from benchbench.suite.schema import Model, Settings  # noqa: TC001 - see above
from benchbench.suite.settings import HOW_MEASURED
from benchbench.suite.training import later_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchbench.suite.schema import Suite

__all__ = [
    "ANYWHERE",
    "TASKS",
    "UNNAMED",
    "Cell",
    "Job",
    "Order",
    "Task",
    "cells_of",
    "has_weights",
    "is_trained",
    "jobs_of",
    "machine_digest",
    "plan_digest",
]

NO_LIMIT_S = 20 * 86_400.0  # of a training without a budget
MOST_LIMIT_S = 24 * 86_400.0  # that poll(2) takes

ANYWHERE = "anywhere"

UNNAMED = "loads what its source does not name:"
"""The fact of a job that has the SHA-256 of such files by path: no cell's id can have them."""

_WORDS = ("id", "label", "reconstructed", "note", "matrix", "batch_size", "learning_rate", "train")
_OF_TIMING = (*HOW_MEASURED, "threads")
_OF_COUNTING = ("phases", "images", "train_steps", "formulas")
_LATER = ("formulas", "learning_rate")  # keys that older journals have not: left out if empty
NO_PART_OF = {
    "train": {
        "model": _WORDS,
        "settings": (*_OF_TIMING, "phases", "images", "train_steps", "formulas"),
    },
    "count": {"model": _WORDS, "settings": _OF_TIMING},
    ANYWHERE: {"model": ("checkpoint",), "settings": ()},  # by its content alone
}
"""Keys of a cell's model and settings that change nothing of a training, and of its counts.

What a model has in place of the settings' is in the settings."""

Task = Literal["train", "count", "time"]
TASKS: tuple[Task, ...] = ("train", "count", "time")
Errand = Literal["train", "count", "time", "hello", "doctor", "count_once", "look", "fit"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the work: everything that a worker needs, and an id that changes with any of it.

    Attributes:
        id: First 12 digits of the SHA-256 over the rest, the model's source included, with the
            user's modules that it imports.
        model: The suite's entry.
        settings: Resolved settings.
        device: ``cpu`` or ``cuda:<index>``.
        data: The data; None where a model is counted for a bare shape.
        folder: Where a relative model reference starts, as text.
        code: SHA-256 of each file of the model's code, by path, as the cell was planned.
        extensions: References of what the suite adds from outside, its files absolute.
        objective: What it is trained for, ``auto`` resolved by the data's targets.
        misfit: Why it cannot answer a batch of its data, as a first pass found; empty where it can.
        identity: SHA-256 of what the outcome of a task rests on, machine and clock left aside, by
            task: of a training, and of the counts after it; and under `ANYWHERE` of all of the cell
            but its device.
        elsewhere: Which run its training is taken from, where its weights are not here.
    """

    id: str
    model: Model
    settings: Settings
    device: str
    data: DataRef | None
    folder: str
    code: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    objective: Objective = "classification"
    misfit: str = ""
    identity: dict[str, str] = field(default_factory=dict)
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is told: it crosses the process border as JSON, and is itself on both sides.

    Attributes:
        task: What to do.
        cell: Model, settings, device and data; None where there is no model.
        job: Name of the job, for files that belong to it.
        repeat: Number of the timed repeat, from 0.
        shape: Shape of one sample [C, H, W] to count for, where there is no data.
        path: Folders that the parent imports from: the worker looks there last.
        data: Data that is looked at; None for every other task.
        cells: All cells of a run, whose models are tried; none for every other task.
    """

    task: Errand
    cell: Cell | None = None
    job: str = ""
    repeat: int = 0
    shape: tuple[int, ...] | None = None
    path: tuple[str, ...] = ()
    data: DataRef | None = None
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One worker process: counting (once a cell) or one timed repeat."""

    cell: Cell
    task: Task
    repeat: int

    @property
    def time_limit_s(self) -> float:
        """After which the job is killed, seconds: a training has its own budget, or none.

        The budget is that of one fit: a seed is one, and a cut model is fitted before it as well.
        """
        settings, recipe = self.cell.settings, self.cell.settings.train
        if self.task != "train" or recipe is None:
            return settings.time_limit_s
        if recipe.minutes is None:
            return NO_LIMIT_S
        fits = recipe.seeds * (2 if recipe.slim and recipe.slim.cuts else 1)
        return min(fits * (60 * recipe.minutes + 2 * settings.time_limit_s), MOST_LIMIT_S)

    @property
    def id(self) -> str:
        """``<cell>-train``, ``<cell>-count`` or ``<cell>-time-<repeat>``."""
        return f"{self.cell.id}-{self.task}" + (f"-{self.repeat}" if self.task == "time" else "")

    @property
    def order(self) -> Order:
        """What the worker is told."""
        return Order(self.task, self.cell, f"{self.cell.model.id}-{self.id}", self.repeat)


def cells_of(suite: Suite, folder: Path, device: str, data: Mapping[str, DataRef]) -> list[Cell]:
    """The cells of a suite, in its order.

    Args:
        suite: Suite with the settings of its mode.
        folder: Where relative model references start.
        device: ``cpu`` or ``cuda:<index>``.
        data: The data of each model, by its id.

    Raises:
        ModelError: A checkpoint cannot be read, or a model's task is not one of its data.
    """
    place = folder / suite.zoo if suite.zoo else folder
    added = tuple(_absolute(reference, folder) for reference in suite.extensions)
    out = []
    for entry in suite.models:
        model = entry
        if model.checkpoint:  # absolute, and part of the identity by its content
            model = replace(model, checkpoint=str(folder / expanded(model.checkpoint)))
        reference, settings = data[model.id], suite.settings_of(model)
        objective = objective_of(model, reference.targets, reference.misfit)
        if objective == "none":
            settings = without_training(settings)
        if settings.backend == "events":
            settings = replace(settings, phases=without_steps(settings.phases))
        code = zoo.closure(model.reference, place)
        identity = {
            "schema": SCHEMA_VERSION,
            "model": asdict(model),
            "settings": asdict(settings),
            "device": device,
            "data": [reference.digest, reference.num_classes, reference.time],
            "source": zoo.identity(code),
            "checkpoint": _content(model.checkpoint),
        }
        if added:
            identity["extensions"] = [extensions.digest_of_reference(it, folder) for it in added]
        if packages := extensions.installed():
            identity["packages"] = packages
        name = _digest(identity)[:12]
        files = {str(file.resolve()): digest_of(file) for file in code.values()}
        out.append(
            Cell(
                name,
                model,
                settings,
                device,
                reference,
                str(place),
                files,
                added,
                objective,
                identity={task: _digest(_without(identity, task)) for task in NO_PART_OF},
            )
        )
    return out


def _without(identity: Mapping[str, Any], task: str) -> dict[str, Any]:
    """A cell's identity without what the outcome of a task does not rest on."""
    device = "" if task == ANYWHERE else str(identity["device"]).partition(":")[0]
    out = {**identity, "device": device}
    if task == "train":
        out |= later_versions(cut=bool((identity["settings"]["train"] or {}).get("slim")))
    for part, keys in NO_PART_OF[task].items():
        out[part] = {
            key: it
            for key, it in identity[part].items()
            if key not in keys and (key not in _LATER or it)
        }
    return out


def _absolute(reference: str, folder: Path) -> str:
    place, _, name = reference.rpartition(":")
    return f"{(folder / place).resolve()}:{name}" if place.endswith(".py") else reference


def _content(checkpoint: str | None) -> str | None:
    """SHA-256 of a checkpoint.

    Raises:
        ModelError: It cannot be read.
    """
    if checkpoint is None:
        return None
    try:
        return digest_of(Path(checkpoint))
    except OSError as error:
        raise ModelError(f"checkpoint {checkpoint}: cannot be read: {error.strerror}") from error


def jobs_of(cells: Sequence[Cell]) -> list[Job]:
    """Every job, in the order of the run.

    Of a cell that does not fit its data one job is left, which has the reason and no process. Any
    other is trained, where the suite says so, and then counted: that is exact and shows at once
    what is wrong with a model. The timed repeats are interleaved: every cell once a round, so that
    a machine whose speed drifts drifts for all of them alike and ratios can be paired by round.
    """
    fitting = [cell for cell in cells if not cell.misfit]
    rounds = max((cell.settings.repeats for cell in fitting), default=0)
    first = [
        Job(cell, task, 0)
        for cell in cells
        for task in (("train", "count") if is_trained(cell) and not cell.misfit else ("count",))
    ]
    return first + [Job(cell, "time", repeat) for repeat in range(rounds) for cell in fitting]


def is_trained(cell: Cell) -> bool:
    """Whether its weights are trained, or loaded from a checkpoint."""
    return bool(cell.settings.train or cell.model.checkpoint)


def has_weights(cell: Cell) -> bool:
    """Whether its weights mean something: trained, loaded, or those of a module of Python's."""
    return is_trained(cell) or zoo.holds_weights(cell.model.reference)


def plan_digest(jobs: Sequence[Job]) -> str:
    """What a journal must have been started for, to be taken up again."""
    return _digest([job.id for job in jobs])


def machine_digest(fingerprint: Mapping[str, Any]) -> str:
    """What tells in each line of a journal on what machine, with what software, it was measured."""
    return _digest(fingerprint)


def _digest(value: Any) -> str:  # noqa: ANN401 - anything that JSON holds
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
