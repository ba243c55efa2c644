"""What a run is decided by before it starts: what was asked for, where, on what."""

from __future__ import annotations

import fnmatch
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from benchbench import extensions, zoo
from benchbench.errors import BenchbenchError, ModelError
from benchbench.running import launcher
from benchbench.running.cells import TASKS, Cell, Job, Order, cells_of, jobs_of
from benchbench.running.known_data import known_data
from benchbench.running.taken import taken
from benchbench.suite import built, loader
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from benchbench.running.cells import Task

__all__ = [
    "Asked",
    "Mode",
    "Plan",
    "RunRequest",
    "chosen",
    "device_of",
    "hello",
    "machine",
    "opened",
    "planned",
]

HELLO_LIMIT_S = 120.0
TRY_LIMIT_S = 60.0  # of a model; see `benchbench.worker.fitting`
OBJECTS = "objects"  # folder of what only lives in the caller's process, beside the suite's runs

Mode = Literal["full", "quick", "publish"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a suite was asked to be run; named in every output.

    Attributes:
        mode: Whose settings count: ``full``, ``quick`` or ``publish``.
        changes: ``key=value`` of each setting that was changed for this run alone.
    """

    mode: Mode = "full"
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run is decided by before it starts.

    Attributes:
        suite: Suite with the settings of this run.
        asked: How it was asked for.
        cells: The work.
        fingerprint: Fingerprint of the machine, as a worker found it.
        data: What the report says of the data.
        taken: Lines of the journal that other runs have finished, by job.
        tasks: What is done of each cell; a part of a run leaves the rest to others.
    """

    suite: Suite
    asked: Asked
    cells: tuple[Cell, ...]
    fingerprint: dict[str, Any]
    data: dict[str, Any]
    taken: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    tasks: tuple[Task, ...] = TASKS

    @property
    def jobs(self) -> list[Job]:
        """Every job, in order."""
        return [job for job in jobs_of(self.cells) if job.task in self.tasks]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked for, before it is looked at.

    Attributes:
        suite: Path of a suite file, name of a bundled one, or a suite that was built in Python.
        mode: Whose settings count: ``full``, ``quick`` or ``publish``.
        only: Patterns of the models' ids; all models where there are none.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:<index>``.
        data: Name or path of the data; the suite's own where None.
        out: Folder of all runs.
        changes: ``key=value`` of each setting that is changed for this run alone.
        takes: Whether finished trainings are taken from other runs, where their weights are not
            here.
        tasks: What is done of each cell: ``train``, ``count``, ``time``; the order does not matter.
        trainings: Folder of the runs that trainings are taken from; `out` where None.
    """

    suite: str | Suite
    mode: Mode = "full"
    only: tuple[str, ...] = ()
    device: str = "auto"
    data: str | None = None
    out: Path = Path("reports")
    changes: tuple[str, ...] = ()
    takes: bool = True
    tasks: tuple[Task, ...] = TASKS
    trainings: Path | None = None


def hello(log: Path, task: Literal["hello", "doctor"] = "hello") -> dict[str, Any]:
    """Ask a worker what machine this is: versions, processors, GPUs; a doctor wants UUIDs too.

    Raises:
        BenchbenchError: The worker cannot even start, e.g. torch is broken.
    """
    outcome = launcher.work(Order(task), time_limit_s=HELLO_LIMIT_S, log=log)
    if outcome.status != "ok":
        raise BenchbenchError(f"the worker cannot start: {outcome.reason}")
    return outcome.facts


def opened(request: RunRequest) -> tuple[Suite, Path]:
    """The suite of a request, checked, and the folder that its relative paths start from.

    Its extensions are loaded: from here on the suite's own code has run.

    Raises:
        SuiteError: It has faults; all of them are in it.
        OutputError: What only lives in this process cannot be written for the worker.
    """
    if isinstance(request.suite, Suite):
        folder = Path.cwd()
        place = request.out / request.suite.name / OBJECTS
        suite = built.checked(request.suite, folder, place)
    else:
        suite, folder = loader.load(request.suite)
    extensions.load(suite.extensions, folder)
    return suite, folder


def chosen(suite: Suite, patterns: Sequence[str]) -> list[str]:
    """The ids of the models that match one of the patterns; all, where there are none.

    What is the id of a model is no pattern: those of a matrix over lists have brackets in them.

    Raises:
        ModelError: A pattern matches none.
    """
    ids = [model.id for model in suite.models]
    found = set[str]() if patterns else {*ids}
    for pattern in patterns:
        matching = [pattern] if pattern in ids else fnmatch.filter(ids, pattern)
        if not matching:
            raise ModelError(
                f"--only {pattern}: the suite has no such model{zoo.hint(pattern, ids)}; "
                f"it has {', '.join(ids)}"
            )
        found.update(matching)
    return [name for name in ids if name in found]


def device_of(wanted: str, fingerprint: dict[str, Any]) -> str:
    """``auto`` and ``cuda`` resolved; refused where there is no such device."""
    gpus = fingerprint["gpus"]
    if wanted == "cpu" or (wanted == "auto" and not gpus):
        return "cpu"
    kind, _, index = ("cuda" if wanted == "auto" else wanted).partition(":")
    if kind != "cuda" or not (index or "0").isdigit():
        raise BenchbenchError(f"--device {wanted}: expected auto, cpu, cuda or cuda:<index>")
    if int(index or 0) >= len(gpus):
        raise BenchbenchError(
            f"--device {wanted}: torch {fingerprint['torch']} sees {len(gpus)} CUDA "
            "device(s) here; run with --device cpu; `benchbench doctor` tells what is missing"
        )
    return f"cuda:{index or 0}"


def machine() -> dict[str, Any]:
    """The fingerprint of this machine, as a worker finds it."""
    with tempfile.TemporaryDirectory() as scratch:
        return hello(Path(scratch) / "hello.log")


class _Tried(NamedTuple):
    """What one forward pass of each model found.

    Attributes:
        machine: Fingerprint of this machine.
        misfits: What is wrong with a model, by its id.
        trained: The ids of those whose training has left its weights here.
    """

    machine: dict[str, Any]
    misfits: dict[str, str]
    trained: Collection[str]


def _tried(cells: Sequence[Cell]) -> _Tried:
    """One forward pass of each model on its data, in a worker."""
    with tempfile.TemporaryDirectory() as scratch:
        limit_s = HELLO_LIMIT_S + TRY_LIMIT_S * len(cells)
        order = Order("fit", cells=tuple(cells))
        outcome = launcher.work(order, time_limit_s=limit_s, log=Path(scratch) / "fit.log")
    facts = outcome.facts
    here = facts.get("machine") or machine()
    return _Tried(here, facts.get("misfits", {}), facts.get("trained", ()))


def planned(suite: Suite, folder: Path, request: RunRequest) -> Plan:
    """What a request comes to on this machine.

    Args:
        suite: Suite with the settings of this run.
        folder: Where its relative paths start.
        request: Device, data and models.

    Raises:
        BenchbenchError: The data, the device or a model is not right.
    """
    only = chosen(suite, request.only)
    part = replace(suite, models=tuple(model for model in suite.models if model.id in only))
    data = known_data(part, folder, request.data)
    references = {name: known.reference for name, known in data.items()}
    cells = cells_of(part, folder, "cpu", references)
    tried = _tried(cells)
    device = device_of(request.device, tried.machine)
    if device != "cpu":
        cells = cells_of(part, folder, device, references)
    cells = [replace(cell, misfit=tried.misfits.get(cell.model.id, "")) for cell in cells]
    without = [
        cell
        for cell in cells
        if request.takes
        and cell.settings.train
        and not cell.misfit
        and cell.model.id not in tried.trained
    ]
    found = taken(without, request.trainings or request.out, tried.machine)
    cells = [
        replace(cell, elsewhere=found[cell.id].where) if cell.id in found else cell
        for cell in cells
    ]
    each = {known.reference.digest: known.about for known in data.values()}
    about, *also = each.values()
    asked = Asked(request.mode, request.changes)
    records = {line["job"]: line for it in found.values() for line in it.records}
    about = {**about, "also": also}
    return Plan(suite, asked, tuple(cells), tried.machine, about, records, request.tasks)
