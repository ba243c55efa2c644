"""Where figures were got: a run of several nodes or machines keeps a place with each of its jobs.

A place is one node (or one machine's run) with one fingerprint. Figures of different places stand
side by side; what may be set against each other is decided by `benchbench.metrics.place` alone.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchbench.metrics.merging import merge
from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = [
    "PlaceNames",
    "chosen_place",
    "current",
    "digest_of_machine",
    "merged_at",
    "places_of",
    "reference_place",
]

Record = dict[str, Any]
SHARED = "other work ran on the node while this was measured (--share)"


def digest_of_machine(fingerprint: Mapping[str, Any]) -> str:
    """The first digits of a fingerprint's SHA-256, however it is laid out."""
    text = json.dumps(fingerprint, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class PlaceNames:
    """Gives each place a name of its own, and the line of the journal that says what it is."""

    def __init__(self, records: Iterable[Mapping[str, Any]] = ()) -> None:
        """Know the places that a journal has already.

        Args:
            records: Records of the journal.
        """
        self._names: dict[tuple[str, str], str] = {}
        for record in records:
            if record["kind"] == "place":
                self._names[record["wanted"], record["machine"]] = record["place"]

    def named(self, wanted: str, fingerprint: Mapping[str, Any]) -> tuple[str, Record | None]:
        """The name of a place, and its line where it is new.

        Args:
            wanted: Name of the node, or of the run.
            fingerprint: What the machine was found to be.
        """
        machine = digest_of_machine(fingerprint)
        if (wanted, machine) in self._names:
            return self._names[wanted, machine], None
        taken, name, number = {*self._names.values()}, wanted, 1
        if name in taken and "cores" in fingerprint:  # a part of a node, and all of it
            name = f"{wanted} with {fingerprint['cores']} core(s)"
        while name in taken:
            number += 1
            name = f"{wanted} ({number})"
        self._names[wanted, machine] = name
        return name, {
            "kind": "place",
            "place": name,
            "wanted": wanted,
            "machine": machine,
            "fingerprint": dict(fingerprint),
        }


def places_of(records: Iterable[Mapping[str, Any]]) -> dict[str, Record]:
    """The places of a journal by their names; none of a run on one machine."""
    return {
        record["place"]: {
            "name": record["place"],
            "machine": record["machine"],
            "fingerprint": record["fingerprint"],
        }
        for record in records
        if record["kind"] == "place"
    }


def current(jobs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The jobs of a journal without those that were lost and done later all the same."""
    if not any(it.get("lost") for it in jobs):
        return [*jobs]
    done = {(it.get("part"), it["job"]) for it in jobs if not it.get("lost")}
    lost = {
        (it.get("part"), it["cell"], it["task"]): it
        for it in jobs
        if it.get("lost") and (it.get("part"), it["job"]) not in done
    }
    return [it for it in jobs if not it.get("lost")] + [*lost.values()]


def reference_place(jobs: Iterable[Mapping[str, Any]]) -> str:
    """The place that the tables are about: it timed most; where nothing was timed, it did most."""
    whole = [it for it in jobs if it.get("place")]
    timed = Counter(it["place"] for it in whole if it["task"] == "time" and it["status"] == "ok")
    most = (timed or Counter(it["place"] for it in whole)).most_common(1)
    return most[0][0] if most else ""


def chosen_place(jobs: Sequence[Mapping[str, Any]], reference: str) -> str:
    """Of which place the figures of some jobs of one cell are shown.

    Args:
        jobs: Jobs of the cell that belong together: its training and counts, or its rounds.
        reference: Place that is preferred, where something was got there.
    """
    good = Counter(it.get("place", "") for it in jobs if it["status"] in {"ok", "invalid"})
    if reference in good or not good:
        return reference
    place, _ = good.most_common(1)[0]
    return str(place)


def merged_at(
    figures: Sequence[tuple[str, Measurement]], chosen: str, reference: str, *, shared: bool
) -> Measurement:
    """One figure of a cell out of those of several places: that of one, the others beside it.

    Args:
        figures: Place and figure of each process.
        chosen: Place whose figure is shown; of another one where it has none.
        reference: Place that most figures of the run are of.
        shared: Whether other work ran on the node.
    """
    by_place: dict[str, list[Measurement]] = {}
    for place, figure in figures:
        by_place.setdefault(place, []).append(figure)
    shown = chosen if chosen in by_place else next(iter(by_place))
    found = merge(by_place.pop(shown))
    detail = dict(found.detail)
    if by_place:
        detail["places"] = [_beside(place, merge(some)) for place, some in by_place.items()]
    reasons = found.reasons
    if (
        found.name in METRICS
        and METRICS[found.name].rests_on == "machine"
        and found.value is not None
    ):
        if shown != reference:
            reasons += (f"of {shown}, not of {reference}: it is set against nothing from there",)
        reasons += (SHARED,) if shared else ()
    return replace(found, detail=detail, reasons=reasons)


def _beside(place: str, figure: Measurement) -> Record:
    """What is kept of a figure at another place."""
    return {
        "place": place,
        "machine": next((it.detail.get("machine", "") for it in figure.rounds()), ""),
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "n": figure.n,
        "valid": figure.valid,
        "reasons": list(figure.reasons),
        "provenance": figure.provenance,
        "repeats": [
            {
                "repeat": it.repeat,
                "value": it.value,
                "valid": it.valid,
                **{key: it.detail[key] for key in ("place", "machine") if key in it.detail},
            }
            for it in figure.rounds()
        ],
    }
