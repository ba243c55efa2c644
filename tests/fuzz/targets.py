"""Everything that is read from a file: how it is damaged, and what may come of that.

A check returns ``accepted`` or ``refused``. Anything else that it raises is a fault of ours: an
exception that is no `BenchbenchError`, or an assertion that what was accepted is what it says.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import signal
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from damage import damaged_bytes, damaged_json, damaged_yaml
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console
from ruamel.yaml import YAML

from benchbench.codec import plain, restored
from benchbench.comparing import loading
from benchbench.data import DataSource
from benchbench.data.loading import load_set
from benchbench.display.text import neutral
from benchbench.errors import BenchbenchError, SuiteError
from benchbench.meters.base import Reading
from benchbench.probes import energy_metered
from benchbench.probes.metering import edges
from benchbench.probes.metering.edges import Readings
from benchbench.probes.metering.sampler import Sample
from benchbench.probes.metering.window import Window
from benchbench.report import csv, html, markdown
from benchbench.report.page import page
from benchbench.results import journal, stored, traces
from benchbench.results.aggregate import aggregated
from benchbench.results.journal import SCHEMA_VERSION
from benchbench.suite import loader
from benchbench.suite.schema import Suite
from benchbench.training.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchbench.results.schema import Results

__all__ = ["HANG_S", "TARGETS", "Target", "limited"]

HANG_S = 5.0  # of the processor
WAITS = 20  # times as long it may take on a machine that is busy
LONGEST = 4000  # characters of a message
ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reports" / "reference"

Outcome = Literal["accepted", "refused"]


class HangError(Exception):
    """An example took longer than it may."""


@contextmanager
def limited(seconds: float = HANG_S) -> Iterator[None]:
    """End what takes too long, so that it is a fault and no wait.

    Processor time counts, since a machine may be busy with other things; whoever waits for a pipe
    uses none, and is ended later.
    """

    def over(*_: object) -> None:
        raise HangError(f"more than {seconds:g} s")

    clocks = {signal.SIGPROF: signal.ITIMER_PROF, signal.SIGALRM: signal.ITIMER_REAL}
    before = {number: signal.signal(number, over) for number in clocks}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WAITS * seconds)
    try:
        yield
    finally:
        for number, clock in clocks.items():
            signal.setitimer(clock, 0)
            signal.signal(number, before[number])


@dataclass(frozen=True)
class Target:
    """One kind of file.

    Attributes:
        title: What it is called in the table.
        examples: Damaged files.
        check: What is made of one of them, in a folder of its own.
        most: How many `make fuzz` tries.
    """

    title: str
    examples: st.SearchStrategy[Any]
    check: Callable[[Any, Path], Outcome]
    most: int


def _said(error: BenchbenchError) -> Outcome:
    """A refusal is a sentence that a terminal can show."""
    faults = error.faults if isinstance(error, SuiteError) else ()
    assert all(fault.line >= 1 for fault in faults)
    lines = [*map(str, faults)] or [str(error)]
    for line in lines:  # neutral, as the command line prints them
        assert 0 < len(line) < LONGEST, f"{len(line)} characters"
        neutral(line).encode()
    return "refused"


# Suites: what validates is what the file says, and can be planned, stored and reported.

RICH = """benchbench: 1
name: rich
title: Everything that a suite can say
source: "a paper, 2024"
data: {source: "input:3x8x8", classes: 4}
settings: {batch_size: 4, repeats: 2, window_s: 0.5, time_limit_s: 60, meter: none,
           train: {epochs: 2, stdp: {tau: 3.0}, slim: {ratio: 0.5}}}
quick: {repeats: 1, window_s: 0.1}
publish: {window_s: 30}
gate: {threshold_percent: 3, thresholds_percent: {latency: 5.0}}
models:
  - {id: snn, model: conv_snn, label: "SNN", set: {T: 4}, matrix: {batch_size: [1, 2]}}
  - id: cnn
    model: cnn3
    note: One sentence.
    train: {epochs: 1, minutes: 0.5}
  - {id: own, model: shallow_cnn, data: digits, output: logits, steps: 3}
distribution: {title: Data, paper: {happy: 10, sad: 0}}
tables:
  - title: Table 1
    ratio: [cnn, own]
    rows:
      - {metric: params, title: Params, paper: {cnn: 2.5, own: 1.0}, unit: M, scale: 1.0e-6,
         decimals: 2, tolerance_percent: 1, cited: {cnn: "[7]"}, printed: {own: "1 M"}}
      - {metric: infer_fps, paper: {cnn: 100, own: 50}}
figures:
  - {title: F, x: {metric: params, log: true}, y: {metric: infer_fps}, lines: {all: [cnn, own]}}
claims:
  - {text: "Small.", recomputed: "2.5 x", verdict: ambiguous,
     measure: {metric: params, of: cnn, to: own}}
"""
SUITES = [RICH, *(file.read_text("utf-8") for file in loader.bundled_suites().values())]


def _suite(content: bytes, folder: Path) -> Outcome:
    file = folder / "suite.yaml"
    file.write_bytes(content)
    try:
        suite, _ = loader.load(str(file))
    except SuiteError as error:
        return _said(error)
    stored_text = json.dumps(plain(suite), allow_nan=False)
    assert restored(Suite, json.loads(stored_text)) == suite
    told = YAML(typ="safe", pure=True).load(content.decode())
    assert (suite.name, suite.title) == (told["name"], told.get("title", ""))
    _same(told.get("settings", {}), plain(suite.settings))
    for model, given in zip(suite.models, told.get("models", ()), strict=False):
        if any("matrix" in it for it in told["models"]):
            break
        _same({key: it for key, it in given.items() if key not in {"data", "input"}}, plain(model))
    assert (folder / "reports" / suite.name).resolve().parent == folder.resolve() / "reports"
    for mode in ("full", "quick", "publish"):
        _shown(aggregated([_header(suite.with_mode(mode), mode)]))  # type: ignore[arg-type]
    return "accepted"


def _same(told: Any, found: Any) -> None:
    """Everything that a file says is what was read of it."""
    if isinstance(told, dict):
        for key, value in told.items():
            _same(value, found[key])
    elif isinstance(told, list):
        for value, it in zip(told, found, strict=True):
            _same(value, it)
    else:
        assert told == found, f"{told!r} was read as {found!r}"
        assert isinstance(told, bool) == isinstance(found, bool)


def _header(suite: Suite, mode: str) -> dict[str, Any]:
    """The first line of the journal of a run of which nothing was done."""
    header: dict[str, Any] = json.loads((_REFERENCE_JOURNALS[0]).split(b"\n")[0])
    header.pop("sha256", None)
    cells = [{"id": m.id, "model": m.id, "device": "cpu", "jobs": 3} for m in suite.models]
    run = {**header["run"], "mode": mode}
    return {**header, "schema": SCHEMA_VERSION, "run": run, "suite": plain(suite), "cells": cells}


def _shown(results: Results) -> None:
    """Every form of its report that draws nothing."""
    the_page = page(results)
    text = markdown.text_of(the_page) + csv.render(results)
    console = Console(file=io.StringIO(), width=160)
    console.print(results)
    if not any(plot.curves for plot in the_page.plots):
        text += html.render(results)
    text.encode()


# Data: csv, gz, zip, folders of images, npz.


def _face_rows() -> str:
    rows = ["emotion,pixels,Usage"]
    for index, usage in enumerate(("Training", "PublicTest", "PrivateTest")):
        rows.append(f"{index},{' '.join([str(index * 40)] * 2304)},{usage}")
    return "\n".join(rows) + "\n"


def _zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", content)
    return out.getvalue()


def _png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.arange(2304, dtype=np.uint8).reshape(48, 48)).save(out, "png")
    return out.getvalue()


def _npz() -> bytes:
    out = io.BytesIO()
    rng = np.random.default_rng(0)
    np.savez(
        out,
        x_train=rng.random((6, 3, 4), np.float32),
        y_train=np.arange(6) % 3,
        x_test=rng.random((2, 3, 4), np.float32),
        y_test=np.arange(2),
    )
    return out.getvalue()


FACES = _face_rows().encode()
SEALED = {  # a checksum tells whatever happens to these: what is accepted is what was
    "fer2013.csv.gz": gzip.compress(FACES, mtime=0),
    "fer2013.zip": _zipped(FACES),
    "train/happy/a.png": _png(),
    "own.npz": _npz(),
}


def _tensors(file: Path) -> list[torch.Tensor]:
    found = load_set(DataSource(str(file)))
    out = []
    for split in found.splits.values():
        for inputs, targets in split.batches(64):
            assert targets is not None
            assert int(targets.min()) >= 0
            out += [*inputs.tensors, targets]
    return out


def _data(drawn: tuple[str, bytes], folder: Path) -> Outcome:
    name, content = drawn
    place = folder / "data" / name
    place.parent.mkdir(parents=True)
    source = folder / "data" if name.endswith("png") else place
    right = None
    if name in SEALED:
        place.write_bytes(SEALED[name])
        right = _tensors(source)
    place.write_bytes(content)
    try:
        found = _tensors(source)
    except BenchbenchError as error:
        return _said(error)
    if right is not None:
        assert len(found) <= len(right)
        assert all(any(a.equal(b) for b in right) for a in found), "other data without a word"
    return "accepted"


DATA = st.one_of(
    st.tuples(st.just("fer2013.csv"), damaged_bytes(FACES)),
    *(st.tuples(st.just(name), damaged_bytes(content)) for name, content in SEALED.items()),
)

# Results, journals, traces.


def _texts(name: str) -> list[str]:
    return [
        next((REFERENCE / suite).glob(f"*/{name}")).read_text("utf-8")
        for suite in ("train-conv_snn", "table3")
    ]


_REFERENCE_JOURNALS = [text.encode() for text in _texts("journal.jsonl")]


def _reference_results() -> list[str]:
    """Results as they are written now."""
    return [stored.text_of(aggregated(_records(content))) for content in JOURNALS]


def _records(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def _figures(results: Results) -> dict[tuple[str, str], Any]:
    return {
        (cell.model, name): (figure.value, figure.low, figure.high, figure.valid, figure.reasons)
        for cell in results.cells
        for name, figure in cell.measurements.items()
    }


JOURNALS = _REFERENCE_JOURNALS
SEALED_JOURNALS = [
    b"".join(journal._sealed(record) for record in _records(content)) for content in JOURNALS
]
RESULTS = _reference_results()
RIGHT = [_figures(aggregated(_records(content))) for content in JOURNALS]
SEAL = b'"sha256": '


def _result(content: bytes, folder: Path) -> Outcome:
    file = folder / "results.json"
    file.write_bytes(content)
    try:
        found = stored.load(file)
        loading.load(file)
        _shown(found)
    except BenchbenchError as error:
        return _said(error)
    # Only who takes the checksum away as well can change a figure without a word.
    assert SEAL not in content or _figures(found) in RIGHT, "other figures without a word"
    return "accepted"


def _result_json(drawn: tuple[bytes, bytes], folder: Path) -> Outcome:
    return _result(drawn[1], folder)


def _unsealed(text: str) -> str:
    """As a version wrote it that had no checksums."""
    document = json.loads(text)
    document.pop("sha256", None)
    return json.dumps(document)


PYTEST = json.dumps(
    {
        "machine_info": {"cpu": {"brand_raw": "x"}, "system": "Linux", "python_version": "3.12"},
        "benchmarks": [
            {
                "fullname": "test_a",
                "stats": {"median": 0.25, "rounds": 5},
                "extra_info": {"params": 46, "macs_dense": 90.0},
            }
        ],
    }
)


def _pytest_benchmark(drawn: tuple[bytes, bytes], folder: Path) -> Outcome:
    file = folder / "bench.json"
    file.write_bytes(drawn[1])
    try:
        found = loading.load(file)
    except BenchbenchError as error:
        return _said(error)
    for figures in found.cells.values():
        for figure in figures.values():
            assert figure.value is None or math.isfinite(figure.value)
    return "accepted"


def _old_journal(content: bytes, folder: Path) -> Outcome:
    """As a version wrote it that had no checksums."""
    try:
        _shown(stored.load(_written(folder / journal.JOURNAL, content).parent))
    except BenchbenchError as error:
        return _said(error)
    return "accepted"


def _journal(content: bytes, folder: Path) -> Outcome:
    try:
        found = stored.load(_written(folder / journal.JOURNAL, content).parent)
        _shown(found)
    except BenchbenchError as error:
        return _said(error)
    whole = [line for text in SEALED_JOURNALS for line in text.splitlines()]
    kept = [line for line in content.split(b"\n")[:-1] if line in whole]
    read = [record for record in journal.read(folder) if record["kind"] != "damaged"]
    assert len(read) >= len(kept), "a whole line was not kept"
    lines = content.split(b"\n")[:-1]
    damaged = [line for line in lines if line not in whole]
    assert not damaged or found.run["damaged"], "damage that is not told"
    return "accepted"


def _trace() -> traces.Trace:
    return traces.Trace(
        "snn-infer-1.csv",
        "a sensor",
        "simulated",
        Window("infer", 40, 640, 10.0, 15.0),
        42.5,
        Readings(
            Reading(100.0, 9.99, 0.0),
            620.0,
            15.001,
            Reading(625.0, 15.05, 0.0),
            Reading(634.0, 15.15, 0.0),
        ),
        tuple(Sample(10.0 + k, 100.0 + 100 * k, 101.5) for k in range(5)),
    )


TRACE = traces.text_of(_trace())


def _joules(text: str) -> dict[str, float]:
    trace = traces.parse("a.csv", text)
    taken = edges.settle(trace.readings, trace.window)
    return energy_metered.values(taken.energy_j, trace.window, trace.idle_w)


def _one_trace(content: bytes, folder: Path) -> Outcome:
    try:
        found = _joules(traces.read(_written(folder / "a.csv", content)))
    except BenchbenchError as error:
        return _said(error)
    assert all(map(math.isfinite, found.values()))
    assert found == _joules(TRACE), "other joules without a word"
    return "accepted"


def _written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


# Weights.


def _net() -> torch.nn.Sequential:
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )


def _checkpoint() -> bytes:
    out = io.BytesIO()
    torch.save({"benchbench": 1, "about": {"model": "x"}, "state_dict": _net().state_dict()}, out)
    return out.getvalue()


CHECKPOINT = _checkpoint()


def _weights(content: bytes, folder: Path) -> Outcome:
    net = _net()
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    try:
        load_weights(net, _written(folder / "w.pt", content))
    except BenchbenchError as error:
        return _said(error)
    for name, tensor in _net().state_dict().items():
        assert tensor.equal(net.state_dict()[name]), f"other weights without a word: {name}"
    return "accepted"


TARGETS = {
    "suites": Target("Suites", damaged_yaml(*SUITES), _suite, 2000),
    "suites-bytes": Target(
        "Suites, damaged bytes", damaged_bytes(*(text.encode() for text in SUITES)), _suite, 500
    ),
    "data": Target("Data: csv, gz, zip, images, npz", DATA, _data, 1000),
    "results": Target("Results, damaged JSON", damaged_json(*RESULTS), _result_json, 500),
    "results-bytes": Target(
        "Results, damaged bytes",
        damaged_bytes(*(text.encode() for text in RESULTS)),
        _result,
        500,
    ),
    "results-old": Target(
        "Results without a checksum, damaged JSON",
        damaged_json(*map(_unsealed, RESULTS)),
        _result_json,
        500,
    ),
    "pytest-benchmark": Target(
        "Results of pytest-benchmark", damaged_json(PYTEST), _pytest_benchmark, 300
    ),
    "journals": Target("Journals", damaged_bytes(*SEALED_JOURNALS), _journal, 500),
    "journals-old": Target(
        "Journals without checksums", damaged_bytes(*JOURNALS), _old_journal, 500
    ),
    "traces": Target("Traces of readings", damaged_bytes(TRACE.encode()), _one_trace, 500),
    "checkpoints": Target("Checkpoints", damaged_bytes(CHECKPOINT), _weights, 300),
}
