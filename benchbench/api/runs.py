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
from benchbench.running.plan import RunRequest, opened, planned
from benchbench.suite import loader
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchbench.results.schema import Results
    from benchbench.running.plan import Mode, Plan

__all__ = ["carried_out", "run", "setting"]


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
    if quick and publish:
        raise BenchbenchError("quick and publish exclude each other")
    mode: Mode = "quick" if quick else "publish" if publish else "full"
    changes = tuple(f"{key}={_as_yaml(value)}" for key, value in (set or {}).items())
    place = _place(device, data, out)
    patterns = (only,) if isinstance(only, str) else tuple(only)
    asked = suite if isinstance(suite, Suite) else str(suite)
    return carried_out(RunRequest(asked, mode, patterns, **place, changes=changes), progress)


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
    suite, folder = opened(request)
    changes = loader.settings_of(dict(map(setting, request.changes)))
    if "train" in changes and not any(suite.settings_of(m).train for m in suite.models):
        raise ModelError("--set train: this suite trains nothing, so there is nothing to change")
    suite = suite.with_mode(request.mode).with_settings(changes)
    with _watching(progress) as watcher:
        plan = completed(planned(suite, folder, request))
        found, place = runner.run(plan, request.out, watcher, keep)
    return replace(found, folder=str(place))


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
def _watching(progress: bool | runner.Progress) -> Iterator[runner.Progress]:  # noqa: FBT001 - as in `run`
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


def _place(device: str, data: str | Path | None, out: str | Path) -> dict[str, Any]:
    """Where a run works, and on what, as `RunRequest` has it."""
    return {
        "device": device,
        "data": None if data is None else str(data),
        "out": expanded(str(out)),
    }


def _as_yaml(value: object) -> str:
    """A setting's value as it would be typed."""
    return value if isinstance(value, str) else json.dumps(value)
