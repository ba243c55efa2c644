"""A stored run, read again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from benchbench.codec import from_json, plain, restored
from benchbench.errors import ResultError
from benchbench.files import content_of
from benchbench.metrics.registry import remember
from benchbench.results import journal
from benchbench.results.absent import absent
from benchbench.results.aggregate import aggregated
from benchbench.results.schema import RESULTS, Results, check_schema
from benchbench.results.whole import RUN, check_whole, misfit, whole_records

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["load", "of_journal", "read_json", "text_of"]

MOST_BYTES = 1 << 28  # of a result; one of a hundred models has some MB


def text_of(results: Results) -> str:
    """A run as ``results.json``, with a checksum: whatever happens to it is noticed."""
    document = results.to_json()
    sealed = {**document, journal.SEAL: _digest(document)}
    return json.dumps(sealed, indent=1, allow_nan=False) + "\n"


def of_journal(folder: Path) -> Results:
    """The result of a run by its journal alone.

    Raises:
        ResultError: There is none, or it is not whole.
    """
    try:
        found = aggregated(whole_records(journal.read(folder)))
    except ValueError as error:
        raise ResultError(f"{folder / journal.JOURNAL}: no record of a run: {error}") from error
    check_whole(found, str(folder))
    return found


def _digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document's content, however it is laid out."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_json(file: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    """What a file of JSON holds.

    Raises:
        ResultError: It cannot be read, is too large, or is no JSON.
    """
    try:
        return from_json(content_of(file, MOST_BYTES))
    except OSError as error:
        raise ResultError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # no UTF-8 is one too
        beside = file.name == RESULTS and (file.parent / journal.JOURNAL).is_file()
        way = f"; without this file the run is read from {journal.JOURNAL} beside it"
        raise ResultError(
            f"{file}: cannot be read: no whole JSON ({error}): it is cut off, damaged, or no "
            f"result{way if beside else ''}"
        ) from error


def _no_run(folder: Path) -> str:
    """That a folder is none of a run, and where the next one is."""
    files = (folder.glob(f"{depth}{RESULTS}") for depth in ("*/", "*/*/"))
    inside = sorted((it.parent for found in files for it in found), key=lambda it: it.name)
    text = f"no folder of a run: there is neither {RESULTS} nor {journal.JOURNAL} in it"
    if inside:
        return f"{text}; it holds {len(inside)} run(s), the last of them {inside[-1]}"
    return f"{text}; a run is kept in OUT/<suite>/<run id>/"


def load(place: Path) -> Results:
    """Read a run again: its folder, its ``results.json``, or only its journal.

    Raises:
        ResultError: It is missing, truncated or of another schema version.
    """
    file = place / RESULTS if place.is_dir() else place
    if place.is_dir() and not file.is_file():
        if not (place / journal.JOURNAL).exists():
            raise ResultError(f"{place}: {_no_run(place)}")
        return of_journal(place)
    found = _of_document(file)
    if not found.run["complete"] and file.name == RESULTS:
        return _further(found, file.parent)
    return found


def _further(found: Results, folder: Path) -> Results:
    """A run that was interrupted, by its journal where that has gone on since it was written."""
    try:
        later = of_journal(folder)
    except ResultError:
        return found
    same = later.run["id"] == found.run["id"]
    return later if same and _done(later) > _done(found) else found


def _done(found: Results) -> int:
    """How many figures of how many processes a run has."""
    return sum(
        len(figure.rounds()) for cell in found.cells for figure in cell.measurements.values()
    )


def _of_document(file: Path) -> Results:
    """The result that a file of JSON holds.

    Raises:
        ResultError: It cannot be read, or is not whole.
    """
    document = read_json(file)
    if not isinstance(document, dict):
        raise ResultError(f"{file}: expected a result of benchbench, found something else")
    check_schema(document, str(file))
    if document.pop(journal.SEAL, None) not in (None, _digest(document)):
        raise ResultError(
            f"{file}: not what its checksum says: it was damaged or changed; without this file the "
            f"run is read from {journal.JOURNAL} beside it"
        )
    try:
        found = restored(Results, document)
    except ValueError as error:
        raise ResultError(f"{file}: not a result of benchbench: {error}") from error
    figures = [plain(it) for cell in found.cells for it in cell.measurements.values()]
    if fault := misfit(found.run, RUN, "run"):
        raise ResultError(f"{file}: not a whole result of benchbench: {fault}")
    remember(absent(found.run, figures))
    check_whole(found, str(file))
    return found
