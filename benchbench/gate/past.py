"""A gate that was kept, read again: its verdicts, for the history of a figure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchbench.codec import restored
from benchbench.comparing.history import PastGate
from benchbench.display.text import shown
from benchbench.errors import ResultError
from benchbench.gate.outcome import GATE, SCHEMA_VERSION, Gated
from benchbench.results import stored

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.gate.outcome import Count, Timing

__all__ = ["load", "started", "verdicts"]

_STAMP = re.compile(r"gate-(\d{8}-\d{6})")


def load(place: Path) -> Gated:
    """Read a gate again: its folder, or its ``gate.json``.

    Raises:
        ResultError: It is missing, damaged or of another version.
    """
    file = place / GATE if place.is_dir() else place
    document = stored.read_json(file)
    if not isinstance(document, dict) or "fail_on" not in document:
        raise ResultError(f"{file}: expected what `benchbench gate` keeps, found something else")
    if document.get("schema") != SCHEMA_VERSION:
        raise ResultError(
            f"{file}: schema version {shown(document.get('schema'))}; this benchbench reads "
            f"version {SCHEMA_VERSION} of a gate"
        )
    try:
        return restored(Gated, document)
    except ValueError as error:
        raise ResultError(f"{file}: not a gate of benchbench: {error}") from error


def started(gated: Gated, place: Path) -> str:
    """The time of a gate's start; one of before has it in the name of its folder alone."""
    folder = place if place.is_dir() else place.parent
    found = _STAMP.fullmatch(folder.name)
    if gated.started or found is None:
        return gated.started
    try:
        return datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).isoformat()
    except ValueError:  # the digits are no date
        return ""


def verdicts(gated: Gated, place: Path, metric: str, model: str) -> list[PastGate]:
    """What a gate says of one figure of one model; nothing where it did not look at it.

    Args:
        gated: The gate.
        place: Path that it was read from.
        metric: Name of the figure.
        model: The model's id.
    """
    begun = started(gated, place)
    head = str(place), begun, gated.base, gated.candidate
    found = [
        _of_timing(head, timing, complete=gated.complete)
        for timing in gated.timings
        if (timing.model, timing.figure) == (model, metric)
    ]
    return found + [
        _of_count(head, count, complete=gated.complete)
        for count in gated.counts
        if (count.model, count.figure) == (model, metric)
    ]


def _of_timing(head: tuple[str, str, str, str], timing: Timing, *, complete: bool) -> PastGate:
    it = timing.judgement
    ratio = it.value, it.low, it.high
    return PastGate(*head, it.verdict, True, *ratio, it.reason, complete)


def _of_count(head: tuple[str, str, str, str], count: Count, *, complete: bool) -> PastGate:
    value = None
    if count.base and count.candidate is not None:
        value = count.candidate / count.base
    return PastGate(*head, count.verdict, False, value, None, None, count.reason, complete)
