"""Running a suite, and training a model."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ruamel.yaml import YAML

from benchbench import zoo
from benchbench.errors import BenchbenchError, ModelError
from benchbench.files import expanded
from benchbench.frameworks import Neurons
from benchbench.report import keep
from benchbench.running import runner
from benchbench.running.plan import RunRequest, opened, planned
from benchbench.suite import loader
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Row, Table
from benchbench.suite.training import Stdp, Train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchbench.results.schema import Results
    from benchbench.running.plan import Mode

__all__ = ["carried_out", "check_settings", "run", "setting", "train"]


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


def train(  # noqa: PLR0913 - the same
    model: str | Callable[..., Any],
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - as in `run`
    epochs: int = 100,
    minutes: float | None = None,
    patience: int | None = None,
    images: int | None = None,
    batch_size: int = 16,
    learning_rate: float = 1e-3,
    seed: int = 0,
    precision: Literal["32", "bf16"] = "32",
    devices: int = 1,
    stdp: bool = False,
    spiking: str | Sequence[str] = (),
    reset: str = "",
    steps: int | None = None,
    device: str = "auto",
    data: str | Path | None = None,
    out: str | Path = "reports",
    progress: bool | runner.Progress = False,
) -> Results:
    """Train one model, report its accuracy, and keep the weights for suites that ask for them.

    An interrupted training is taken up again by the same call.

    >>> import tempfile, benchbench
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     trained = benchbench.train("shallow_cnn", epochs=1, images=32, out=folder, device="cpu")
    >>> trained.figure("shallow_cnn", "epochs").value
    1

    Args:
        model: Model as in a `Suite`: a reference, or a function; a module would start from the
            weights that it has.
        set: Settings of the model.
        epochs: Most epochs.
        minutes: Time budget, minutes.
        patience: Epochs without improvement to stop at.
        images: Number of images to train on; all by default.
        batch_size: Images a step.
        learning_rate: Learning rate of Adam.
        seed: Seeds weights, data order and dropout.
        precision: ``32``, or ``bf16`` for mixed precision.
        devices: GPUs to train on.
        stdp: Whether the linear layers are fine-tuned by STDP (Table 5).
        spiking: Names of modules or of their classes that are spiking neurons, as in `count`.
        reset: The model's own method that resets its state.
        steps: Time steps of one sample; found by default.
        device: The device, as in `run`.
        data: The data, as in `run`.
        out: Folder of all runs, as in `run`.
        progress: Who watches, as in `run`.

    Raises:
        ModelError: There is no such model, or it has no such setting.
        SuiteError: Something else that was asked for is not right.
        BenchbenchError: What `run` raises.
    """
    recipe = Train(
        epochs=epochs,
        minutes=minutes,
        patience=patience,
        images=images,
        precision=precision,
        devices=devices,
        stdp=Stdp() if stdp else None,
    )
    if isinstance(model, str):
        check_settings(model, set or {}, Path.cwd())
    name = Suite(models=[model]).models[0].id
    told = Neurons.told(spiking, reset, steps)
    entry = Model(name, model, set=dict(set or {}), **asdict(told))
    how = Settings(batch_size, seed, repeats=0, train=recipe, learning_rate=learning_rate)
    shares = [
        Row(name, scale=100, unit="%", decimals=2) for name in ("accuracy", "accuracy_public")
    ]
    counts = [Row(name) for name in ("epochs", "depth", "params", "synops_exact")]
    table = Table(f"Training of {entry.title}", (*shares, *counts))
    suite = Suite(1, f"train-{name}", (entry,), table.title, settings=how, tables=(table,))
    return carried_out(RunRequest(suite, **_place(device, data, out)), progress)


def carried_out(request: RunRequest, progress: bool | runner.Progress) -> Results:  # noqa: FBT001 - as in `run`
    """Validate everything, then run.

    Args:
        request: What to run.
        progress: Who watches, as in `run`.

    Raises:
        BenchbenchError: What `run` raises.
    """
    suite, folder = opened(request)
    changes = loader.settings_of(dict(map(setting, request.changes)))
    if "train" in changes and not any(suite.settings_of(m).train for m in suite.models):
        raise ModelError("--set train: this suite trains nothing, so there is nothing to change")
    suite = suite.with_mode(request.mode).with_settings(changes)
    with _watching(progress) as watcher:
        found, place = runner.run(planned(suite, folder, request), request.out, watcher, keep)
    return replace(found, folder=str(place))


def setting(text: str) -> tuple[str, Any]:
    """``key=value`` of ``--set``, the value read as YAML.

    Raises:
        ModelError: There is no ``=``.
    """
    key, found, value = text.partition("=")
    if not found:
        raise ModelError(f"--set {text}: expected KEY=VALUE")
    return key, YAML(typ="safe", pure=True).load(value)


def check_settings(model: str, given: Mapping[str, Any], folder: Path) -> None:
    """Refuse settings that a model does not have."""
    faults = zoo.find(model, folder).check(given)
    if faults:
        raise ModelError("; ".join(text for _, text in faults))


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
