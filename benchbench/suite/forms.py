"""Short forms of a suite's entries, made whole: a matrix of rows, data that stands by itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["OF_THE_ROW", "SHAPE", "expanded", "whence", "with_data"]

Path = tuple[str | int, ...]
SHAPE = re.compile(r"[1-9]\d*(x[1-9]\d*)*")  # of one sample
MOST_ROWS = 1000  # of one model: beyond, a value is a mistake
REMOVED = {
    "labels": "is no key any more: write `data: ferplus` for the suite's images with FER+'s labels "
    "(`ferplus_majority` by the other rule), `data: ferplus:IMAGES,VOTES` for other files; leave "
    "`fer2013` out",
}
OF_THE_ROW = ("batch_size", "backend", "precision", "memory_format", "learning_rate")
"""Keys of the entry itself, in place of the settings'; a matrix's others are its function's."""


def expanded(
    document: Mapping[str, Any], found: list[tuple[Path, str]]
) -> tuple[dict[str, Any], list[int]]:
    """The document with a model for each combination.

    Args:
        document: Plain dictionaries, lists and scalars, as yet unchecked.
        found: Takes the faults.

    Returns:
        The document; and for each of its models the place that it had before.
    """
    models = document.get("models")
    if not isinstance(models, list):
        return dict(document), []
    rows, places = list[Any](), list[int]()
    for place, model in enumerate(models):
        several = [model]
        if isinstance(model, dict) and model.get("matrix"):
            several = _rows(model, ("models", place, "matrix"), found)
        rows += several
        places += [place] * len(several)
    return {**document, "models": rows}, places


def whence(path: Path, places: list[int]) -> Path:
    """A path in the expanded document as it was before."""
    if len(path) > 1 and path[0] == "models" and isinstance(path[1], int) and path[1] < len(places):
        return ("models", places[path[1]], *path[2:])
    return path


def with_data(document: Mapping[str, Any], found: list[tuple[Path, str]]) -> dict[str, Any]:
    """The document with each source of data as a mapping: the one form that the schema has.

    Args:
        document: Plain dictionaries, lists and scalars, as yet unchecked.
        found: Takes the faults.
    """

    def whole(entry: Any, path: Path) -> Any:  # noqa: ANN401 - unchecked YAML
        if not isinstance(entry, dict):
            return entry
        found.extend(((*path, key), text) for key, text in REMOVED.items() if key in entry)
        rest = {key: it for key, it in entry.items() if key not in {"data", "input", *REMOVED}}
        shape, data = entry.get("input"), entry.get("data")
        if isinstance(data, str):
            data = {"source": data}
        if "input" in entry:
            if data is not None:
                found.append(((*path, "input"), "give `data` or `input`, not both"))
            if not SHAPE.fullmatch(str(shape)):
                text = f"expected the shape of one sample, e.g. 3x32x32, found {shape!r}"
                found.append(((*path, "input"), text))
            data = {"source": f"input:{shape}"}
        return {**rest, "data": data} if "data" in entry or "input" in entry else rest

    out: dict[str, Any] = whole(dict(document), ())
    models = out.get("models")
    if isinstance(models, list):
        out["models"] = [whole(model, ("models", i)) for i, model in enumerate(models)]
    return out


def _rows(model: dict[str, Any], path: Path, found: list[tuple[Path, str]]) -> list[Any]:
    """The rows of one model."""
    matrix = model["matrix"]
    rest = {key: value for key, value in model.items() if key != "matrix"}
    wrong = not isinstance(matrix, Mapping) or not all(
        isinstance(values, list | tuple) and values for values in matrix.values()
    )
    if wrong:
        found.append((path, "expected lists of values by setting, e.g. { T: [1, 2, 4] }"))
        return [rest]
    count = 1
    for values in matrix.values():
        count *= len(values)
    if count > MOST_ROWS:
        found.append((path, f"{count:,} combinations: at most {MOST_ROWS:,} are taken"))
        return [rest]
    return [
        _row(rest, dict(zip(matrix, values, strict=True)))
        for values in itertools.product(*matrix.values())
    ]


def _row(rest: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in values.items() if key in OF_THE_ROW}
    given = {key: value for key, value in values.items() if key not in OF_THE_ROW}
    name = rest.get("id")
    said = ", ".join(f"{key} = {value}" for key, value in values.items())
    short = "_".join(f"{key}{value}" for key, value in values.items())
    given_before = rest.get("set")
    settings = {**given_before, **given} if isinstance(given_before, dict) else given
    return {
        **rest,
        "id": f"{name}_{short}",
        "label": f"{rest.get('label') or name}, {said}",
        **own,
        **({"set": settings} if settings else {}),
    }
