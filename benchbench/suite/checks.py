"""Faults of a suite that its schema cannot tell: models, meters and names that do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchbench import zoo
from benchbench.errors import ModelError
from benchbench.meters import expected, is_selector
from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_meters", "check_models", "check_names", "check_no_pickles"]

Place = tuple[str | int, ...]


def _items(document: Any, key: str) -> list[tuple[int, dict[str, Any]]]:  # noqa: ANN401 - unchecked YAML
    values = document.get(key) if isinstance(document, Mapping) else None
    values = values if isinstance(values, list) else []
    return [(i, value) for i, value in enumerate(values) if isinstance(value, dict)]


def check_no_pickles(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """A file names no pickle: loading one runs whatever is in it."""
    return [
        (("models", i, "model"), "a pickle runs whatever it holds: name the function's file")
        for i, model in _items(document, "models")
        if zoo.is_pickle(str(model.get("model")))
    ]


def check_models(document: Mapping[str, Any], folder: Path) -> list[tuple[Place, str]]:
    """Every model exists and has the settings that are set, told from its source."""
    out: list[tuple[Place, str]] = []
    further = document.get("zoo")
    place = folder / further if isinstance(further, str) else folder
    if isinstance(further, str) and not place.is_dir():
        out.append((("zoo",), f"no folder {place}"))
        place = folder
    seen: set[str] = set()
    for i, model in _items(document, "models"):
        if str(model.get("id")) in seen:
            out.append((("models", i, "id"), f"id {model.get('id')!r} stands more than once"))
        seen.add(str(model.get("id")))
        if not isinstance(model.get("model"), str):
            continue  # pydantic has said so
        try:
            info = zoo.find(model["model"], place)
        except ModelError as error:
            out.append((("models", i, "model"), str(error)))
            continue
        settings = model.get("set")
        if isinstance(settings, dict):
            out += [(("models", i, "set", key), text) for key, text in info.check(settings)]
    if not document.get("models") and not document.get("distribution"):
        out.append((("models",), "a suite needs at least one model, or a distribution"))
    return out


def check_meters(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """A meter is one that `benchbench.meters.open_meter` knows."""
    return [
        ((block, "meter"), f"expected {expected()}, found {meter!r}")
        for block in ("settings", "quick", "publish")
        if isinstance(document.get(block), dict)
        and isinstance(meter := document[block].get("meter"), str)
        and not is_selector(meter)
    ]


def check_names(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """Every metric and model id that a table or claim names exists."""
    ids = [str(model.get("id")) for _, model in _items(document, "models")]
    used: list[tuple[Place, Any, list[str], str]] = []
    for t, table in _items(document, "tables"):
        for key in ("ratio", "models"):
            names = table.get(key)
            for i, name in enumerate(names if isinstance(names, list) else []):
                used.append((("tables", t, key, i), name, ids, "model id"))
        for r, row in _items(table, "rows"):
            place: Place = ("tables", t, "rows", r)
            used.append(((*place, "metric"), row.get("metric"), list(METRICS), "metric"))
            for part in ("paper", "cited", "printed"):
                named = row.get(part)
                used += [
                    ((*place, part, key), key, ids, "model id")
                    for key in (named if isinstance(named, dict) else {})
                ]
    used += _named_in_figures(document, ids)
    gate = document.get("gate")
    limits = gate.get("thresholds_percent") if isinstance(gate, dict) else None
    used += [
        (("gate", "thresholds_percent", key), key, list(METRICS), "metric")
        for key in (limits if isinstance(limits, dict) else {})
    ]
    for c, claim in _items(document, "claims"):
        measure = claim.get("measure")
        if isinstance(measure, dict):
            place = ("claims", c, "measure")
            used.append(((*place, "metric"), measure.get("metric"), list(METRICS), "metric"))
            used += [((*place, key), measure.get(key), ids, "model id") for key in ("of", "to")]
    return [
        (path, f"no {what} {name!r}{zoo.hint(name, known)}")
        for path, name, known, what in used
        if isinstance(name, str) and name not in known
    ]


def _named_in_figures(
    document: Mapping[str, Any], ids: list[str]
) -> list[tuple[Place, Any, list[str], str]]:
    """Every name in a figure with its place, what it may be, and what it is."""
    used: list[tuple[Place, Any, list[str], str]] = []
    for f, figure in _items(document, "figures"):
        for axis in ("x", "y"):
            if isinstance(named := figure.get(axis), dict):
                place: Place = ("figures", f, axis, "metric")
                used.append((place, named.get("metric"), list(METRICS), "metric"))
        lines = figure.get("lines")
        for label, names in (lines if isinstance(lines, dict) else {}).items():
            used += [
                (("figures", f, "lines", str(label), i), name, ids, "model id")
                for i, name in enumerate(names if isinstance(names, list) else [])
            ]
    return used
