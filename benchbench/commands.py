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
from benchbench import process, runner, suite_file, zoo
from benchbench.cells import DataRef
from benchbench.errors import BenchbenchError, ModelError
from benchbench.measurement import Measurement
from benchbench.progress import LineProgress, LiveProgress
from benchbench.report import keep
from benchbench.suite import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from benchbench.results import Results
    from benchbench.suite import Suite

__all__ = ["Counts", "Request", "count", "run"]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line of ``benchbench run``."""

    suite: str
    mode: runner.Mode
    only: tuple[str, ...]
    device: str
    data: str | None
    out: Path


def run(request: Request, console: Console) -> tuple[Results, Path]:
    """Validate everything, then run.

    Raises:
        BenchbenchError: Before anything ran: the suite, the data or the device is not right.
    """
    suite, folder = suite_file.load(request.suite)
    only = _only(suite, request.only)
    images = data_room.load(request.data or suite.data, seed=suite.settings.seed)
    with tempfile.TemporaryDirectory() as scratch:
        found = runner.hello(Path(scratch) / "hello.log")
    machine = runner.Machine(found, _device(request.device, found))
    plan = runner.plan(suite, folder, machine, images, request.mode, only)
    if not console.is_terminal:
        return runner.run(plan, request.out, LineProgress(console), keep)
    progress = LiveProgress(console)
    try:
        return runner.run(plan, request.out, progress, keep)
    finally:
        progress.close()


def _only(suite: Suite, patterns: Sequence[str]) -> list[str]:
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


def _device(wanted: str, machine: dict[str, Any]) -> str:
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
    given = dict(_setting(text) for text in settings)
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
        outcome = process.work(spec, time_limit_s=Settings().time_limit_s, log=log)
    figures = tuple(Measurement.from_json(item) for item in outcome.measurements)
    if outcome.status != "ok" and not figures:
        raise BenchbenchError(f"{model}: {outcome.status}: {outcome.reason}")
    return Counts(outcome.status, outcome.reason, figures, outcome.facts)


def _setting(text: str) -> tuple[str, Any]:
    key, found, value = text.partition("=")
    if not found:
        raise ModelError(f"--set {text}: expected KEY=VALUE")
    return key, YAML(typ="safe", pure=True).load(value)


def _shape(text: str) -> list[int]:
    parts = text.lower().split("x")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise BenchbenchError(f"--input {text}: expected CxHxW, e.g. 1x48x48")
    return [int(part) for part in parts]
