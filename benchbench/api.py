"""What the commands do, between the command line and the rooms."""

from __future__ import annotations

import fnmatch
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from benchbench import data as data_room
from benchbench import zoo
from benchbench.cli.progress import LineProgress, LiveProgress
from benchbench.errors import BenchbenchError, ModelError
from benchbench.metrics.measurement import Measurement
from benchbench.report import keep
from benchbench.running import launcher, runner
from benchbench.running.cells import DataRef
from benchbench.suite import loader
from benchbench.suite.schema import Settings, Suite
from benchbench.suite.tables import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from benchbench.data.check import Check
    from benchbench.doctor.examine import Examination
    from benchbench.results.schema import Results
    from benchbench.suite.schema import Model

__all__ = [
    "Counts",
    "Request",
    "check_data",
    "chosen",
    "count",
    "device_of",
    "doctor",
    "images_of",
    "run",
    "setting",
    "train",
]


LABELS: data_room.Labels = "fer2013"  # where there is no model that says otherwise


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line of ``benchbench run``."""

    suite: str
    mode: runner.Mode
    only: tuple[str, ...]
    device: str
    data: str | None
    out: Path
    ferplus: str | None = None
    changes: tuple[str, ...] = ()


def run(request: Request, console: Console) -> tuple[Results, Path]:
    """Validate everything, then run.

    Raises:
        BenchbenchError: Before anything ran: the suite, the data or the device is not right.
    """
    suite, folder = loader.load(request.suite)
    changes = loader.settings_of(dict(map(setting, request.changes)))
    if "train" in changes and not any(suite.settings_of(m).train for m in suite.models):
        raise ModelError("--set train: this suite trains nothing, so there is nothing to change")
    suite = suite.with_mode(request.mode).with_settings(changes)
    return _run(suite, folder, request, console)


def train(
    entry: Model, settings: Settings, request: Request, console: Console
) -> tuple[Results, Path]:
    """Train one model: a run of a suite that has this model alone and times nothing.

    Args:
        entry: The model, its settings and its labels.
        settings: With ``train``.
        request: Device, data and place of the run; its suite is the run's name.
        console: For the progress.

    Raises:
        BenchbenchError: The model, a setting, the data or the device is not right.
    """
    faults = zoo.find(entry.model, Path.cwd()).check(entry.set)
    if faults:
        raise ModelError("; ".join(text for _, text in faults))
    shares = [
        Row(name, scale=100, unit="%", decimals=2) for name in ("accuracy", "accuracy_public")
    ]
    counts = [Row(name) for name in ("epochs", "depth", "params", "synops_exact")]
    table = Table(f"Training of {entry.title}", (*shares, *counts))
    suite = Suite(1, request.suite, (entry,), table.title, settings=settings, tables=(table,))
    return _run(suite, Path.cwd(), request, console)


def _run(suite: Suite, folder: Path, request: Request, console: Console) -> tuple[Results, Path]:
    only = chosen(suite, request.only)
    wanted = [model.labels for model in suite.models if model.id in only]
    images = images_of(suite, wanted or [LABELS], request)
    with tempfile.TemporaryDirectory() as scratch:
        found = runner.hello(Path(scratch) / "hello.log")
    machine = runner.Machine(found, device_of(request.device, found))
    votes = str(Path(request.ferplus).resolve()) if request.ferplus else None
    run = runner.Asked(request.mode, request.changes)
    plan = runner.plan(suite, folder, machine, images, run, only, votes)
    if not console.is_terminal:
        return runner.run(plan, request.out, LineProgress(console), keep)
    progress = LiveProgress(console)
    try:
        return runner.run(plan, request.out, progress, keep)
    finally:
        progress.close()


def images_of(
    suite: Suite, labels: Iterable[data_room.Labels], request: Request
) -> dict[data_room.Labels, data_room.FaceData]:
    """The images of a run, for each kind of labels.

    Raises:
        DataError: They cannot be read.
    """
    return {
        kind: data_room.load(
            request.data or suite.data,
            seed=suite.settings.seed,
            labels=kind,
            ferplus=request.ferplus,
        )
        for kind in dict.fromkeys(labels)
    }


def chosen(suite: Suite, patterns: Sequence[str]) -> list[str]:
    """The ids of the models that match one of the patterns; all, where there are none.

    Raises:
        ModelError: A pattern matches none.
    """
    ids = [model.id for model in suite.models]
    for pattern in patterns:
        if not fnmatch.filter(ids, pattern):
            raise ModelError(
                f"--only {pattern}: the suite has no such model{zoo.hint(pattern, ids)}; "
                f"it has {', '.join(ids)}"
            )
    return [name for name in ids if any(map(partial(fnmatch.fnmatch, name), patterns or ["*"]))]


def device_of(wanted: str, machine: dict[str, Any]) -> str:
    """``auto`` and ``cuda`` resolved; refused where there is no such device."""
    gpus = machine["gpus"]
    if wanted == "cpu" or (wanted == "auto" and not gpus):
        return "cpu"
    kind, _, index = ("cuda" if wanted == "auto" else wanted).partition(":")
    if kind != "cuda" or not (index or "0").isdigit():
        raise BenchbenchError(f"--device {wanted}: expected auto, cpu, cuda or cuda:<index>")
    if int(index or 0) >= len(gpus):
        raise BenchbenchError(
            f"--device {wanted}: torch {machine['torch']} sees {len(gpus)} CUDA "
            "device(s) here; run with --device cpu"
        )
    return f"cuda:{index or 0}"


def doctor() -> Examination:
    """Try every sensor of this machine, also where no worker can start, e.g. torch is broken."""
    from benchbench.doctor.examine import examine  # noqa: PLC0415 - sensors, only to look at them

    with tempfile.TemporaryDirectory() as scratch:
        try:
            machine = runner.hello(Path(scratch) / "doctor.log", "doctor")
        except BenchbenchError as error:
            machine = {"problem": str(error)}
    return examine(machine)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of one model."""

    status: str
    reason: str
    measurements: tuple[Measurement, ...]
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return asdict(self)


def count(
    model: str, settings: Sequence[str], data: str, shape: str | None, folder: Path | None
) -> Counts:
    """Count one model in a fresh worker.

    Args:
        model: Reference as for `benchbench.zoo.find`.
        settings: ``key=value`` texts, the values read as YAML.
        data: What spikes are counted on.
        shape: ``CxHxW`` to count for that input, without data.
        folder: A further models folder.

    Raises:
        BenchbenchError: The model, a setting, the shape or the data is not right.
    """
    place = (folder or Path()).resolve()
    info = zoo.find(model, place)
    given = dict(setting(text) for text in settings)
    faults = info.check(given)
    if faults:
        raise ModelError("; ".join(text for _, text in faults))
    spec: dict[str, Any] = {
        "task": "count_once",
        "model": model,
        "set": given,
        "folder": str(place),
        "shape": _shape(shape) if shape else None,
        "settings": asdict(Settings()),
    }
    if shape is None:
        images = data_room.load(data)
        source = "synthetic_faces" if images.synthetic else images.source
        spec["data"] = asdict(DataRef(source, images.digest, images.num_classes, 0))
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "count.log"
        outcome = launcher.work(spec, time_limit_s=Settings().time_limit_s, log=log)
    figures = tuple(Measurement.from_json(item) for item in outcome.measurements)
    if outcome.status != "ok" and not figures:
        raise BenchbenchError(f"{model}: {outcome.status}: {outcome.reason}")
    return Counts(outcome.status, outcome.reason, figures, outcome.facts)


def setting(text: str) -> tuple[str, Any]:
    """``key=value`` of ``--set``, the value read as YAML.

    Raises:
        ModelError: There is no ``=``.
    """
    key, found, value = text.partition("=")
    if not found:
        raise ModelError(f"--set {text}: expected KEY=VALUE")
    return key, YAML(typ="safe", pure=True).load(value)


def _shape(text: str) -> list[int]:
    parts = text.lower().split("x")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise BenchbenchError(f"--input {text}: expected CxHxW, e.g. 1x48x48")
    return [int(part) for part in parts]


def check_data(file: str, ferplus: str | None) -> list[Check]:
    """Check a data set, and FER+'s labels of it by both rules where its votes are given.

    Raises:
        DataError: It cannot be read at all.
    """
    from benchbench.data.check import check  # noqa: PLC0415 - numpy, only to look at images

    kinds: list[data_room.Labels] = ["fer2013"]
    if ferplus:
        kinds += ["ferplus", "ferplus_majority"]
    return [check(data_room.load(file, labels=kind, ferplus=ferplus)) for kind in kinds]
