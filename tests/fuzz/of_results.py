"""Damaged results and journals, of ours and of pytest-benchmark."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outcomes import Outcome, said, shown_whole, written

from benchbench.comparing import loading
from benchbench.errors import BenchbenchError
from benchbench.results import journal, stored
from benchbench.results.aggregate import aggregated

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = [
    "JOURNALS",
    "PYTEST",
    "RESULTS",
    "SEALED_JOURNALS",
    "one_journal",
    "one_old_journal",
    "one_result",
    "pytest_benchmark",
    "result_json",
    "unsealed",
]

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reports" / "reference"


def _texts(name: str) -> list[str]:
    return [
        next((REFERENCE / suite).glob(f"*/{name}")).read_text("utf-8")
        for suite in ("train-conv_snn", "table3")
    ]


JOURNALS = [text.encode() for text in _texts("journal.jsonl")]


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


SEALED_JOURNALS = [
    b"".join(journal._sealed(record) for record in _records(content)) for content in JOURNALS
]
RESULTS = _reference_results()
RIGHT = [_figures(aggregated(_records(content))) for content in JOURNALS]
SEAL = b'"sha256": '


def one_result(content: bytes, folder: Path) -> Outcome:
    """What is accepted has the figures that were."""
    file = folder / "results.json"
    file.write_bytes(content)
    try:
        found = stored.load(file)
        loading.load(file)
        shown_whole(found)
    except BenchbenchError as error:
        return said(error)
    # Only who takes the checksum away as well can change a figure without a word.
    assert SEAL not in content or _figures(found) in RIGHT, "other figures without a word"
    return "accepted"


def result_json(drawn: tuple[bytes, bytes], folder: Path) -> Outcome:
    """The same of a document whose JSON was changed."""
    return one_result(drawn[1], folder)


def unsealed(text: str) -> str:
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


def pytest_benchmark(drawn: tuple[bytes, bytes], folder: Path) -> Outcome:
    """What is accepted has numbers."""
    file = folder / "bench.json"
    file.write_bytes(drawn[1])
    try:
        found = loading.load(file)
    except BenchbenchError as error:
        return said(error)
    for figures in found.cells.values():
        for figure in figures.values():
            assert figure.value is None or math.isfinite(figure.value)
    return "accepted"


def one_old_journal(content: bytes, folder: Path) -> Outcome:
    """As a version wrote it that had no checksums."""
    try:
        shown_whole(stored.load(written(folder / journal.JOURNAL, content).parent))
    except BenchbenchError as error:
        return said(error)
    return "accepted"


def one_journal(content: bytes, folder: Path) -> Outcome:
    """Each whole line is kept, and all damage is told."""
    try:
        found = stored.load(written(folder / journal.JOURNAL, content).parent)
        shown_whole(found)
    except BenchbenchError as error:
        return said(error)
    whole = [line for text in SEALED_JOURNALS for line in text.splitlines()]
    kept = [line for line in content.split(b"\n")[:-1] if line in whole]
    read = [record for record in journal.read(folder) if record["kind"] != "damaged"]
    assert len(read) >= len(kept), "a whole line was not kept"
    lines = content.split(b"\n")[:-1]
    damaged = [line for line in lines if line not in whole]
    assert not damaged or found.run["damaged"], "damage that is not told"
    return "accepted"
