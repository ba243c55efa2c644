"""Runs of more than one machine: in parts by Slurm or on several GPUs, and merged afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from benchbench.api.runs import prepared, watching
from benchbench.errors import BenchbenchError
from benchbench.files import expanded
from benchbench.report import keep
from benchbench.running.gpus import GpuEngine
from benchbench.running.merging import merged
from benchbench.running.parts import outlined, parts_of
from benchbench.running.plan import machine
from benchbench.running.slurm import SlurmEngine, SlurmOptions
from benchbench.running.submitter import Submission, submitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchbench.results.schema import Results
    from benchbench.running import runner
    from benchbench.running.engine import Engine
    from benchbench.running.plan import RunRequest

__all__ = ["EngineName", "merge", "run_in_parts"]

EngineName = Literal["slurm", "gpus"]


def run_in_parts(  # noqa: PLR0913 - each is an option of the command line
    request: RunRequest,
    on: EngineName,
    progress: bool | runner.Progress = False,  # noqa: FBT001, FBT002 - as in `run`
    *,
    slurm: Mapping[str, Any] | None = None,
    nodes: int = 1,
    bundle: int = 1,
    share: bool = False,
    cancels: bool = False,
) -> Results:
    """Run a suite in parts: trainings and counts spread, timed rounds together on one node.

    Args:
        request: What to run.
        on: What starts the parts: ``slurm``, or ``gpus`` of this node.
        progress: Who watches, as in `run`.
        slurm: What Slurm is asked for, as `benchbench.running.slurm.SlurmOptions` has it.
        nodes: Number of nodes that time all models, each by itself.
        bundle: Number of models that are trained and counted by one part.
        share: Whether timed windows run beside other work; marked in every output.
        cancels: Whether an interrupt cancels the jobs too.

    Returns:
        The results, as of `run`; unfinished where a part was ended before its time.

    Raises:
        BenchbenchError: What `run` raises; submitit, Slurm or a GPU is missing.
    """
    if on == "gpus" and nodes > 1:
        raise BenchbenchError("--nodes: this node is one; several are for --on slurm")
    suite, folder = prepared(request)
    engine = _engine(on, SlurmOptions(**(slurm or {}), exclusive=not share), share=share)
    plan = outlined(suite, folder, request, on, nodes)
    parts = parts_of(plan, nodes, bundle)
    order = Submission(request, plan, parts, engine, share, cancels)
    with watching(progress) as watcher:
        found, place = submitted(order, request.out, watcher, keep)
    return replace(found, folder=str(place))


def merge(runs: Sequence[str | Path], out: str | Path = "reports") -> Results:
    """Merge stored runs of one suite, finished or not, into one.

    Each figure keeps the run that it is of. Figures of machines or software that differ are neither
    paired nor averaged, and have no ratio.

    Args:
        runs: Folders of the runs, with their journals.
        out: The merged run is kept in ``<out>/<suite>/<run id>/``.

    Raises:
        ResultError: A run cannot be read, or they are not of one suite, its settings and data.
        OutputError: It cannot be kept.
    """
    found, place = merged([expanded(str(it)) for it in runs], expanded(str(out)), keep)
    return replace(found, folder=str(place))


def _engine(on: EngineName, slurm: SlurmOptions, *, share: bool) -> Engine:
    if on == "slurm":
        return SlurmEngine(slurm)
    devices = [f"cuda:{index}" for index, _ in enumerate(machine()["gpus"])]
    return GpuEngine(devices, share=share)
