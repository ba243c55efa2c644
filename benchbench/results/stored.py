"""A stored run, read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchbench.codec import plain, restored
from benchbench.errors import ResultError
from benchbench.metrics.registry import remember
from benchbench.results import journal
from benchbench.results.absent import absent
from benchbench.results.aggregate import aggregated
from benchbench.results.schema import RESULTS, Results, check_schema

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load"]


def load(place: Path) -> Results:
    """Read a run again: its folder, its ``results.json``, or only its journal.

    Raises:
        ResultError: It is missing, truncated or of another schema version.
    """
    file = place / RESULTS if place.is_dir() else place
    if place.is_dir() and not file.is_file():
        return aggregated(journal.read(place))
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{file}: cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ResultError(f"{file}: expected a result of benchbench, found something else")
    check_schema(document, str(file))
    try:
        found = restored(Results, document)
    except ValueError as error:
        raise ResultError(f"{file}: not a result of benchbench: {error}") from error
    figures = [plain(it) for cell in found.cells for it in cell.measurements.values()]
    remember(absent(found.run, figures))
    return found
