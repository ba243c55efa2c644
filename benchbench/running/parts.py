"""A run in parts: what is trained and counted anywhere, and what is timed together on one node.

A part is a run of our own command line, so that it is resumed, locked and checked as any other run
is, and whoever starts it (Slurm, a shell) needs to know nothing of cells and jobs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from benchbench.errors import BenchbenchError
from benchbench.running.cells import cells_of, is_trained
from benchbench.running.known_data import known_data
from benchbench.running.plan import Asked, Plan, chosen
from benchbench.suite import loader
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.running.cells import Job, Task
    from benchbench.running.plan import RunRequest

__all__ = ["PARTS", "Part", "outlined", "parts_of"]

PARTS = "parts"  # folder of their runs, in the run's own
FIRST: tuple[Task, ...] = ("train", "count")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a run, which one process carries out.

    Attributes:
        name: Name of its folder.
        jobs: Jobs of the plan that it does, by the names that the whole run has for them.
        tasks: What it does of each of its models.
        models: Ids of its models.
        alone: Whether nothing else may run on its node.
        waits: Whether it begins when all trainings and counts have ended.
        replicate: Number of the node that times all models, from 0; 0 of what is not timed.
    """

    name: str
    jobs: tuple[Job, ...]
    tasks: tuple[Task, ...]
    models: tuple[str, ...]
    alone: bool = False
    waits: bool = False
    replicate: int = 0

    @property
    def is_timed(self) -> bool:
        """Whether it times."""
        return "time" in self.tasks

    def command(self, request: RunRequest, folder: Path, device: str = "") -> list[str]:
        """Our own command line for it.

        Args:
            request: What the whole run was asked for.
            folder: Folder of the whole run.
            device: Device in place of the one that was asked for.
        """
        suite = str(loader.locate(str(request.suite)).resolve())
        mode = [f"--{request.mode}"] if request.mode != "full" else []
        data = ["--data", request.data] if request.data else []
        return [
            *(sys.executable, "-m", "benchbench", "run", suite, *mode, *data),
            *(word for name in self.models for word in ("--only", name)),
            *(word for change in request.changes for word in ("--set", change)),
            *("--device", device or request.device, "--tasks", ",".join(self.tasks)),
            *("--out", str(folder.absolute() / PARTS / self.name)),
            *("--trainings", str((request.trainings or request.out).absolute())),
        ]


def outlined(suite: Suite, folder: Path, request: RunRequest, engine: str, nodes: int) -> Plan:
    """What a request comes to, wherever its parts will run.

    No worker is started and no device looked for: the machine that submits measures nothing.

    Args:
        suite: Suite with the settings of this run.
        folder: Where its relative paths start.
        request: Device, data and models.
        engine: What starts the parts.
        nodes: Number of nodes that time all models.

    Raises:
        BenchbenchError: The data or a model is not right, or the suite is no file.
    """
    if isinstance(request.suite, Suite):
        raise BenchbenchError(
            "a suite that is built in Python runs on this machine alone: parts of a run are "
            "commands of their own; write it as a file"
        )
    only = chosen(suite, request.only)
    part = replace(suite, models=tuple(model for model in suite.models if model.id in only))
    data = known_data(part, folder, request.data)
    references = {name: known.reference for name, known in data.items()}
    cells = cells_of(part, folder, "cpu", references)
    about, *also = {known.reference.digest: known.about for known in data.values()}.values()
    fingerprint: dict[str, Any] = {"engine": engine, "device": request.device, "nodes": nodes}
    asked = Asked(request.mode, request.changes)
    return Plan(
        *(suite, asked, tuple(cells), fingerprint, {**about, "also": also}),
        tasks=request.tasks,
    )


def parts_of(the_plan: Plan, nodes: int = 1, bundle: int = 1) -> list[Part]:
    """The parts of a plan, in the order that they are started in.

    What is trained and counted is one part a cell, or some cells a part: each may run anywhere. All
    timed rounds of all models are one part, since only rounds that are interleaved on one node can
    be paired.

    Args:
        the_plan: The plan of the whole run.
        nodes: Number of nodes that time all models, each by itself.
        bundle: Number of cells a part.
    """
    jobs = the_plan.jobs
    of_cell: dict[str, list[Job]] = {}
    for job in jobs:
        if job.task in FIRST:
            of_cell.setdefault(job.cell.model.id, []).append(job)
    names = [*of_cell]
    tasks: tuple[Task, ...] = tuple(task for task in FIRST if task in the_plan.tasks)
    out = []
    for start in range(0, len(names), bundle):
        some = names[start : start + bundle]
        name = some[0] if len(some) == 1 else f"{some[0]}-and-{len(some) - 1}-more"
        mine = tuple(job for model in some for job in of_cell[model])
        out.append(Part(f"cells-{name}", mine, tasks, tuple(some)))
    timed = [job for job in jobs if job.task == "time"]
    if not timed:
        return out
    models = tuple(dict.fromkeys(job.cell.model.id for job in timed))
    waits = any(map(is_trained, the_plan.cells)) and bool(out)
    return out + [
        Part(f"time-{number + 1}", tuple(timed), ("time",), models, True, waits, number)
        for number in range(nodes)
    ]
