"""Baselines in a repository: stored runs of a suite, one file a kind of machine.

A baseline is a result as any other, less its details, under ``<folder>/<suite>/<machine>.json``.
The name has what its figures of time depend on, so that each machine finds its own.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from benchbench.comparing import loading
from benchbench.errors import ResultError
from benchbench.files import write_text
from benchbench.results import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

    Declared = Callable[[str, str, float, float], bool]

__all__ = ["declared", "explained", "machine_key", "of_machine", "own", "store"]

# Of a round: where a merged run took it, what metered it, and what that may be off by.
KEPT_ROUND = ("place", "machine", "sensor", "offset_w", "window_j", "seconds", "samples", "scale")
KEPT_DETAIL = ("repeats", "operators", *KEPT_ROUND)
ALIKE = 0.01  # of a factor: a count of spikes on other images changes by about the same one


def machine_key(fingerprint: Mapping[str, Any]) -> str:
    """A file's name for a machine: processor, cores, GPU, torch, and a digest of all of it."""
    told = {name: fingerprint.get(name) for name in loading.MACHINE}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]
    gpus = fingerprint.get("gpus") or []
    words = [fingerprint.get("cpu"), f"{fingerprint.get('cores')} cores", *gpus[:1]]
    text = "-".join([*map(str, words), f"torch {fingerprint.get('torch')}"])
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") + f"-{digest}"


def own(folder: Path, suite: str, fingerprint: Mapping[str, Any]) -> Path:
    """Where the baseline of this machine is, or would be."""
    return folder / suite / f"{machine_key(fingerprint)}.json"


def of_machine(folder: Path, fingerprint: Mapping[str, Any]) -> Path:
    """The baseline of this machine in a suite's folder of baselines.

    Raises:
        ResultError: There is none of this machine.
    """
    file = folder / f"{machine_key(fingerprint)}.json"
    if not file.is_file():
        there = ", ".join(sorted(other.stem for other in folder.glob("*.json"))) or "none"
        raise ResultError(
            f"{folder}: no baseline of this machine ({file.stem}); there are: {there}; "
            "`benchbench baseline update` makes one"
        )
    return file


def store(results: Results, file: Path) -> None:
    """Write a run as a baseline, without what only a report needs.

    Raises:
        OutputError: It cannot be written.
    """
    cells = tuple(
        replace(
            cell,
            measurements={name: _bare(figure) for name, figure in cell.measurements.items()},
        )
        for cell in results.cells
    )
    write_text(file, stored.text_of(replace(results, cells=cells)))


def _bare(figure: Measurement) -> Measurement:
    detail = {key: figure.detail[key] for key in KEPT_DETAIL if key in figure.detail}
    if "repeats" in detail:
        detail["repeats"] = [
            {
                "repeat": found.repeat,
                "value": found.value,
                "valid": found.valid,
                **{key: found.detail[key] for key in KEPT_ROUND if key in found.detail},
            }
            for found in figure.rounds()
        ]
    return replace(figure, detail=detail)


def explained(old: Results | None, new: Results) -> list[str]:
    """What stands behind the changes from one baseline to the next, a line each."""
    if old is None:
        return ["there was no baseline of this machine"]
    lines = [f"of {old.run['started']}, now of {new.run['started']}"]
    before, now = (_told(results) for results in (old, new))
    lines += [
        f"{name}: {before.get(name)} -> {now.get(name)}"
        for name in dict.fromkeys((*before, *now))
        if before.get(name) != now.get(name)
    ]
    for cell in new.cells:
        was = old.cell(cell.model)
        if was is not None and was.id != cell.id:
            lines.append(f"{cell.model}: its source, its settings or the data changed")
    return lines


def _told(results: Results) -> dict[str, Any]:
    """Everything that a figure depends on and that has a name."""
    given = asdict(results.suite.settings)
    settings = {f"setting {key}": value for key, value in given.items()}
    sets = {f"{model.id} is set to": model.set for model in results.suite.models}
    data = {"data": results.data["digest"][:12], "mode": results.run["mode"]}
    return {**settings, **sets, **data, **results.fingerprint, "benchbench": results.benchbench}


def declared(base: Path, candidate: Path) -> Declared:
    """Whether a change of a count was declared: the baseline was changed along with it.

    By the same numbers, or by the same factor, since a baseline counts on other images.

    Args:
        base: The suite's baselines in the base's tree.
        candidate: The same in the candidate's.

    Returns:
        Of a model's id, a figure's name, and what it was and is now.
    """
    changed: dict[tuple[str, str], set[tuple[float, float]]] = {}
    for file in sorted(candidate.glob("*.json")):
        if not (base / file.name).is_file():
            continue
        try:
            before, now = loading.load(base / file.name), loading.load(file)
        except ResultError:
            continue  # of another schema: it declares nothing
        for model, figures in now.cells.items():
            for name, figure in figures.items():
                was = before.cells.get(model, {}).get(name)
                values = (was.value if was else None, figure.value)
                if values[0] is not None and values[1] is not None:
                    changed.setdefault((model, name), set()).add((values[0], values[1]))
    return lambda model, figure, old, new: any(
        _alike(old, new, was, now) for was, now in changed.get((model, figure), ()) if was != now
    )


def _alike(old: float, new: float, was: float, now: float) -> bool:
    """Whether a count changed as the baseline's did."""
    if (old, new) == (was, now):
        return True
    return 0 not in (old, was, now) and math.isclose(new / old, now / was, rel_tol=ALIKE)
