"""Reports; each a pure function of `benchbench.results.Results`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchbench.files import write_text
from benchbench.report import csv, markdown
from benchbench.results import RESULTS

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.results import Results

__all__ = ["keep"]


def keep(results: Results, folder: Path) -> None:
    """Write ``results.json``, ``results.csv`` and ``report.md`` of a run.

    Raises:
        OutputError: One of them cannot be written.
    """
    write_text(folder / RESULTS, json.dumps(results.to_json(), indent=1, allow_nan=False) + "\n")
    write_text(folder / "results.csv", csv.render(results))
    write_text(folder / "report.md", markdown.render(results))
