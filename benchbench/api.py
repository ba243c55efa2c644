"""What Python users and the command line call. Nothing is printed here."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from benchbench import data as data_room
from benchbench import zoo
from benchbench.codec import restored
from benchbench.comparing import baselines, loading
from benchbench.comparing.welch import compare
from benchbench.errors import BenchbenchError, ModelError
from benchbench.files import write_text
from benchbench.gate.against import against_revision
from benchbench.metrics.measurement import Measurement
from benchbench.report import keep
from benchbench.report.gated import page_of
from benchbench.report.markdown import text_of
from benchbench.results import stored
from benchbench.results.counts import Counts
from benchbench.results.schema import RESULTS
from benchbench.running import launcher, runner
from benchbench.running.cells import Cell, DataRef, Order
from benchbench.running.plan import hello, machine, planned
from benchbench.suite import loader
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.comparing.welch import Comparison
    from benchbench.data.check import Check
    from benchbench.doctor.examine import Examination
    from benchbench.gate.against import GateRequest
    from benchbench.gate.outcome import Gated
    from benchbench.results.schema import Results
    from benchbench.running.plan import RunRequest

__all__ = [
    "check_data",
    "count",
    "doctor",
    "gate_result",
    "gate_revision",
    "run",
    "setting",
    "train",
    "update_baseline",
]

GATE, REPORT = "gate.json", "report.md"


def run(request: RunRequest, progress: runner.Progress) -> tuple[Results, Path]:
    """Validate everything, then run.

    Args:
        request: What to run.
        progress: Who watches.

    Returns:
        The results, and the folder in which they are kept.

    Raises:
        BenchbenchError: Before anything ran: the suite, the data or the device is not right.
    """
    suite, folder = loader.load(request.suite)
    changes = loader.settings_of(dict(map(setting, request.changes)))
    if "train" in changes and not any(suite.settings_of(m).train for m in suite.models):
        raise ModelError("--set train: this suite trains nothing, so there is nothing to change")
    suite = suite.with_mode(request.mode).with_settings(changes)
    return runner.run(planned(suite, folder, request), request.out, progress, keep)


def train(
    entry: Model, settings: Settings, request: RunRequest, progress: runner.Progress
) -> tuple[Results, Path]:
    """Train one model: a run of a suite that has this model alone and times nothing.

    Args:
        entry: The model, its settings and its labels.
        settings: Settings with a ``train`` of their own.
        request: Device, data and place of the run; its suite is the run's name.
        progress: Who watches.

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
    return runner.run(planned(suite, Path.cwd(), request), request.out, progress, keep)


def gate_revision(asked: GateRequest, tell: Callable[[str], None]) -> tuple[Gated, Path]:
    """Compare a revision with the working tree.

    Args:
        asked: What to compare.
        tell: Hears a line now and then.

    Returns:
        What was found, and where it is kept.

    Raises:
        BenchbenchError: Before anything ran: suite, revision, data or device is not right.
        SideError: A side cannot even start.
    """
    return against_revision(asked, tell, _keep_gate)


def _keep_gate(gated: Gated, folder: Path) -> None:
    """Write what there is, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(folder / GATE, json.dumps(gated.to_json(), allow_nan=False) + "\n")
    write_text(folder / REPORT, text_of(page_of(gated)))


def gate_result(asked: GateRequest, progress: runner.Progress) -> tuple[Comparison, Path]:
    """Run a suite now and compare it with a stored run.

    Args:
        asked: The suite, and the stored run; of a folder of baselines this machine's is taken.
        progress: Who watches.

    Returns:
        The comparison, and where the new run is kept.

    Raises:
        BenchbenchError: The suite, the data, the device or the stored run is not right.
    """
    place = Path(asked.base)
    if place.is_dir() and not (place / RESULTS).is_file():
        place = baselines.of_machine(place, machine())
    base = loading.load(place)  # before anything runs
    found, folder = run(asked.run, progress)
    new = loading.of(found, str(folder))
    return compare(base, new, found.suite.gate, across_machines=False), folder


def update_baseline(
    request: RunRequest, folder: Path, progress: runner.Progress
) -> tuple[Path, list[str], Comparison | None]:
    """Run a suite and keep it as this machine's baseline.

    Args:
        request: What to run.
        folder: Folder of all baselines.
        progress: Who watches.

    Returns:
        The file, what stands behind the changes, and the changes; None without an older baseline.

    Raises:
        BenchbenchError: A cell failed: what was there is kept.
    """
    found, place = run(request, progress)
    if found.failed:
        failed = ", ".join(f"{cell.model} ({cell.status})" for cell in found.failed)
        raise BenchbenchError(f"no baseline was stored, these failed: {failed}; see {place}")
    file = baselines.own(folder, found.suite.name, found.fingerprint)
    old = stored.load(file) if file.is_file() else None
    changes = None
    if old is not None:
        new = loading.of(found, str(place))
        changes = compare(loading.of(old, str(file)), new, found.suite.gate, across_machines=False)
    baselines.store(found, file)
    return file, baselines.explained(old, found), changes


def doctor() -> Examination:
    """Try every sensor of this machine, also where no worker can start, e.g. torch is broken."""
    from benchbench.doctor.examine import examine  # noqa: PLC0415 - sensors, only to look at them

    with tempfile.TemporaryDirectory() as scratch:
        try:
            machine = hello(Path(scratch) / "doctor.log", "doctor")
        except BenchbenchError as error:
            machine = {"problem": str(error)}
    return examine(machine)


def count(
    model: str, settings: Sequence[str], data: str, shape: str | None, folder: Path | None
) -> Counts:
    """Count one model in a fresh worker.

    Args:
        model: Reference as for `benchbench.zoo.find`.
        settings: ``key=value`` texts, the values read as YAML.
        data: Data that spikes are counted on.
        shape: ``CxHxW`` to count for that input, without data.
        folder: A further models folder.

    Raises:
        BenchbenchError: The model, a setting, the shape or the data is not right.
    """
    place = (folder or Path()).resolve()
    given = dict(setting(text) for text in settings)
    faults = zoo.find(model, place).check(given)
    if faults:
        raise ModelError("; ".join(text for _, text in faults))
    how, reference = Settings(), None
    where, synthetic = f"input {shape}", False
    if shape is None:
        images = data_room.load(data)
        source = "synthetic_faces" if images.synthetic else images.source
        where, synthetic = source, images.synthetic
        reference = DataRef(source, images.digest, images.num_classes, 0)
    cell = Cell("", Model(model, model, set=given), how, "cpu", reference, str(place))
    order = Order("count_once", cell, shape=_shape(shape) if shape else None)
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "count.log"
        outcome = launcher.work(order, time_limit_s=how.time_limit_s, log=log)
    figures = tuple(restored(Measurement, item) for item in outcome.measurements)
    if outcome.status != "ok" and not figures:
        raise BenchbenchError(f"{model}: {outcome.status}: {outcome.reason}")
    return Counts(model, where, synthetic, outcome.status, outcome.reason, figures, outcome.facts)


def setting(text: str) -> tuple[str, Any]:
    """``key=value`` of ``--set``, the value read as YAML.

    Raises:
        ModelError: There is no ``=``.
    """
    key, found, value = text.partition("=")
    if not found:
        raise ModelError(f"--set {text}: expected KEY=VALUE")
    return key, YAML(typ="safe", pure=True).load(value)


def _shape(text: str) -> tuple[int, ...]:
    parts = text.lower().split("x")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise BenchbenchError(f"--input {text}: expected CxHxW, e.g. 1x48x48")
    return tuple(int(part) for part in parts)


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
