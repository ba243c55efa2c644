"""Running a suite."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from benchbench.errors import BenchbenchError, ModelError
from benchbench.files import expanded
from benchbench.report import keep
from benchbench.running import runner
from benchbench.running.cells import TASKS
from benchbench.running.plan import RunRequest, opened, planned
from benchbench.suite import loader
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchbench.results.schema import Results
    from benchbench.running.plan import Mode, Plan

__all__ = ["asked_for", "carried_out", "prepared", "run", "setting", "watching"]


def run(  # noqa: PLR0913 - each is an option of the command line
    suite: str | Path | Suite,
    *,
    quick: bool = False,
    publish: bool = False,
    only: str | Sequence[str] = (),
    set: Mapping[str, Any] | None = None,  # noqa: A002 - the name that the command line has for it
    device: str = "auto",
    data: str | Path | None = None,
    out: str | Path = "reports",
    tasks: Sequence[str] = TASKS,
    trainings: str | Path | None = None,
    progress: bool | runner.Progress = False,
) -> Results:
    """Run a suite: each model is counted and timed in fresh processes, and reports are written.

    A run that was interrupted is taken up again by the same call: what was finished is kept.

    >>> import tempfile, benchbench
    >>> settings = benchbench.Settings(repeats=0, images=4, train_steps=0)  # counts, times nothing
    >>> suite = benchbench.Suite(models=["shallow_cnn"], settings=settings)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = benchbench.run(suite, out=folder, device="cpu")
    >>> results.figure("shallow_cnn", "params").value
    21531136

    Args:
        suite: A suite file, the name of a bundled suite, or a suite that is built in Python.
        quick: Short windows; marked in every output.
        publish: Long windows, for publication.
        only: Patterns of the ids of the models that are run; all of them by default.
        set: Settings for this run alone, by dotted name: ``{"train.epochs": 6}``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:<index>``.
        data: Data in place of the suite's own.
        out: Runs are kept in ``<out>/<suite>/<run id>/``.
        tasks: What is done of each model: ``train``, ``count``, ``time``; a run of some of them is
            a part, for `benchbench merge`.
        trainings: Folder of runs that finished trainings are taken from; `out` by default.
        progress: True says on standard error, or in the notebook, what goes on; a
            `benchbench.running.runner.Progress` hears of it.

    Returns:
        The results; `Results.folder` is where they are kept. A model that failed is a row with its
        reason, not an exception.

    Raises:
        SuiteError: The suite has faults; all of them are in it.
        DataError: The data is not what it should be.
        OutputError: The run cannot be kept.
        BenchbenchError: The device is not there, or a model does not match.
    """
    request = asked_for(
        *(suite, device, data, out),
        quick=quick,
        publish=publish,
        only=only,
        set=set,
        tasks=tasks,
        trainings=trainings,
    )
    return carried_out(request, progress)


def asked_for(  # noqa: PLR0913 - as in `run`
    suite: str | Path | Suite,
    device: str,
    data: str | Path | None,
    out: str | Path,
    *,
    quick: bool = False,
    publish: bool = False,
    only: str | Sequence[str] = (),
    set: Mapping[str, Any] | None = None,  # noqa: A002 - as in `run`
    tasks: Sequence[str] = TASKS,
    trainings: str | Path | None = None,
) -> RunRequest:
    """What `run` is asked for, as one value; its arguments are those of `run`.

    Raises:
        BenchbenchError: They exclude each other, or a task is none.
    """
    if quick and publish:
        raise BenchbenchError("quick and publish exclude each other")
    if unknown := [task for task in tasks if task not in TASKS]:
        raise BenchbenchError(f"task {unknown[0]!r}: expected some of {', '.join(TASKS)}")
    mode: Mode = "quick" if quick else "publish" if publish else "full"
    return RunRequest(
        suite if isinstance(suite, Suite) else str(suite),
        mode,
        (only,) if isinstance(only, str) else tuple(only),
        device,
        None if data is None else str(data),
        expanded(str(out)),
        tuple(f"{key}={_as_yaml(value)}" for key, value in (set or {}).items()),
        tasks=tuple(task for task in TASKS if task in tasks),
        trainings=None if trainings is None else expanded(str(trainings)),
    )


def carried_out(
    request: RunRequest,
    progress: bool | runner.Progress,  # noqa: FBT001 - as in `run`
    completed: Callable[[Plan], Plan] = lambda plan: plan,
) -> Results:
    """Validate everything, then run.

    Args:
        request: What to run.
        progress: Who watches, as in `run`.
        completed: Takes the plan, and gives it with what only the data can tell.

    Raises:
        BenchbenchError: What `run` raises.
    """
    suite, folder = prepared(request)
    with watching(progress) as watcher:
        plan = completed(planned(suite, folder, request))
        found, place = runner.run(plan, request.out, watcher, keep)
    return replace(found, folder=str(place))


def prepared(request: RunRequest) -> tuple[Suite, Path]:
    """The suite of a request with the settings of this run, and where its relative paths start.

    Raises:
        SuiteError: It has faults, or what was set has.
        ModelError: What was set changes nothing.
    """
    suite, folder = opened(request)
    changes = loader.settings_of(dict(map(setting, request.changes)))
    if "train" in changes and not any(suite.settings_of(m).train for m in suite.models):
        raise ModelError("--set train: this suite trains nothing, so there is nothing to change")
    return suite.with_mode(request.mode).with_settings(changes), folder


def setting(text: str) -> tuple[str, Any]:
    """``key=value`` of ``--set``, the value read as YAML.

    Raises:
        ModelError: There is no ``=``.
    """
    key, found, value = text.partition("=")
    if not found:
        raise ModelError(f"--set {text}: expected KEY=VALUE, e.g. T=4")
    return key, YAML(typ="safe", pure=True).load(value)


@contextlib.contextmanager
def watching(progress: bool | runner.Progress) -> Iterator[runner.Progress]:  # noqa: FBT001 - as in `run`
    """Who hears of a run."""
    if not isinstance(progress, bool):
        yield progress
        return
    from benchbench.report.progress import SilentProgress, progress_on  # noqa: PLC0415 - rich

    if not progress:
        yield SilentProgress()
        return
    from rich.console import Console  # noqa: PLC0415 - see above

    with progress_on(Console(stderr=True)) as watcher:
        yield watcher


def _as_yaml(value: object) -> str:
    """A setting's value as it would be typed."""
    return value if isinstance(value, str) else json.dumps(value)
