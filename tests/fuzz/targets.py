"""Everything that is read from a file: how it is damaged, and what may come of that.

A check returns ``accepted`` or ``refused``. Anything else that it raises is a fault of ours: an
exception that is no `BenchbenchError`, or an assertion that what was accepted is what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import of_data
import of_results
import of_suites
import of_traces
import of_weights
from damage import damaged_bytes, damaged_json, damaged_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hypothesis import strategies as st
    from outcomes import Outcome

__all__ = ["TARGETS", "Target"]


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


TARGETS = {
    "suites": Target("Suites", damaged_yaml(*of_suites.SUITES), of_suites.suite, 2000),
    "suites-bytes": Target(
        "Suites, damaged bytes",
        damaged_bytes(*(text.encode() for text in of_suites.SUITES)),
        of_suites.suite,
        500,
    ),
    "data": Target("Data: csv, gz, zip, images, npz", of_data.DATA, of_data.data, 1000),
    "results": Target(
        "Results, damaged JSON", damaged_json(*of_results.RESULTS), of_results.result_json, 500
    ),
    "results-bytes": Target(
        "Results, damaged bytes",
        damaged_bytes(*(text.encode() for text in of_results.RESULTS)),
        of_results.one_result,
        500,
    ),
    "results-old": Target(
        "Results without a checksum, damaged JSON",
        damaged_json(*map(of_results.unsealed, of_results.RESULTS)),
        of_results.result_json,
        500,
    ),
    "pytest-benchmark": Target(
        "Results of pytest-benchmark",
        damaged_json(of_results.PYTEST),
        of_results.pytest_benchmark,
        300,
    ),
    "journals": Target(
        "Journals", damaged_bytes(*of_results.SEALED_JOURNALS), of_results.one_journal, 500
    ),
    "journals-old": Target(
        "Journals without checksums",
        damaged_bytes(*of_results.JOURNALS),
        of_results.one_old_journal,
        500,
    ),
    "traces": Target(
        "Traces of readings", damaged_bytes(of_traces.TRACE.encode()), of_traces.one_trace, 500
    ),
    "checkpoints": Target(
        "Checkpoints", damaged_bytes(of_weights.CHECKPOINT), of_weights.weights, 300
    ),
}
