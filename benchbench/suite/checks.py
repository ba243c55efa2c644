"""Faults of a suite that its schema cannot tell: models, meters and names that do not exist."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from benchbench import zoo
from benchbench.errors import BenchbenchError, ModelError
from benchbench.extensions import source_of
from benchbench.formulas.registry import own
from benchbench.meters import expected, is_selector
from benchbench.metrics.registry import METRICS
from benchbench.suite.units import unit_fault
from benchbench.zoo.source import bound_names, defined, parse

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.zoo import ModelInfo

__all__ = [
    "check_extensions",
    "check_formulas",
    "check_meters",
    "check_models",
    "check_names",
    "check_no_pickles",
    "check_units",
    "said_by_extensions",
]

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
    looked: dict[str, ModelInfo | str] = {}
    for i, model in _items(document, "models"):
        if str(model.get("id")) in seen:
            out.append((("models", i, "id"), f"id {model.get('id')!r} stands more than once"))
        seen.add(str(model.get("id")))
        if not isinstance(model.get("model"), str):
            continue  # pydantic has said so
        info = _found(model["model"], place, looked)
        settings = model.get("set")
        if isinstance(info, str):
            out.append((("models", i, "model"), info))
        elif isinstance(settings, dict):
            out += [(("models", i, "set", key), text) for key, text in info.check(settings)]
        if not isinstance(info, str) and (lacks := info.lacks(settings or {})):
            out.append((("models", i, "model"), lacks))
    if not document.get("models") and not document.get("distribution"):
        out.append((("models",), "a suite needs at least one model, or a distribution"))
    return out


def _found(reference: str, place: Path, looked: dict[str, ModelInfo | str]) -> ModelInfo | str:
    """A model, or why it is none; each is looked for once."""
    if reference not in looked:
        try:
            looked[reference] = zoo.find(reference, place)
        except ModelError as error:
            looked[reference] = str(error)
    return looked[reference]


def check_extensions(document: Mapping[str, Any], folder: Path) -> list[tuple[Place, str]]:
    """Every extension has a source that is Python and has its name; none is executed."""
    return [
        (("extensions", i), fault)
        for i, reference in enumerate(_references(document))
        if (fault := _fault_of(reference, folder))
    ]


def said_by_extensions(document: Mapping[str, Any], folder: Path) -> set[str]:
    """The words that the sources of a suite's extensions hold: the names that they may declare."""
    words: set[str] = set()
    for reference in _references(document):
        if not _fault_of(reference, folder):
            tree, _ = parse(source_of(reference, folder))
            literals = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            words |= {text for text in literals if isinstance(text, str)}
    return words | {f"modelled_{word}" for word in words}  # as a formula's figure is called


def _references(document: Mapping[str, Any]) -> list[str]:
    given = document.get("extensions")
    return [item for item in given if isinstance(item, str)] if isinstance(given, list) else []


def _fault_of(reference: str, folder: Path) -> str:
    """What is wrong with a reference; empty where nothing is."""
    try:
        tree, _ = parse(source_of(reference, folder))
    except BenchbenchError as error:
        return str(error)
    names, name = bound_names(tree) | defined(tree), reference.rpartition(":")[2]
    return "" if name in names else f"{reference} has no {name!r}{zoo.hint(name, names)}"


def check_meters(
    document: Mapping[str, Any], said: Collection[str] = ()
) -> list[tuple[Place, str]]:
    """A meter is one that `benchbench.meters.open_meter` knows, or one of an extension's.

    Args:
        document: The suite.
        said: Words of its extensions' sources.
    """
    kinds = {word.partition(":")[0] for word in said}
    return [
        ((block, "meter"), f"expected {expected()}, found {meter!r}")
        for block in ("settings", "quick", "publish")
        if isinstance(document.get(block), dict)
        and isinstance(meter := document[block].get("meter"), str)
        and not is_selector(meter)
        and meter.partition(":")[0] not in kinds
    ]


def check_formulas(
    document: Mapping[str, Any], said: Collection[str] = ()
) -> list[tuple[Place, str]]:
    """Every formula that parameters are set of exists, and has them; of an extension's is trusted.

    Args:
        document: The suite.
        said: Words of its extensions' sources.
    """
    ours = {formula.name: formula.basis.parameters for formula in own()}
    out: list[tuple[Place, str]] = []
    for block in ("settings", "quick", "publish"):
        inside = document.get(block)
        given = inside.get("formulas") if isinstance(inside, Mapping) else None
        for name, parameters in (given if isinstance(given, Mapping) else {}).items():
            place = (block, "formulas", str(name))
            if name not in ours:
                if name not in said:
                    out.append((place, f"no formula {name!r}{zoo.hint(str(name), ours)}"))
                continue
            known = [*ours[name]]
            out += [
                ((*place, str(key)), f"{name} has no parameter {key!r}{zoo.hint(str(key), known)}")
                for key in (parameters if isinstance(parameters, Mapping) else ())
                if key not in known
            ]
    return out


def check_names(document: Mapping[str, Any], said: Collection[str] = ()) -> list[tuple[Place, str]]:
    """Every metric and model id that a table or claim names exists.

    Args:
        document: The suite.
        said: Words of its extensions' sources: metrics that they may declare.
    """
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
        difference = claim.get("difference")
        if isinstance(difference, dict):
            place = ("claims", c, "difference")
            used += [((*place, key), difference.get(key), ids, "model id") for key in ("of", "to")]
    return [
        (path, f"no {what} {name!r}{zoo.hint(name, known)}; {_where_told(what, known)}")
        for path, name, known, what in used
        if isinstance(name, str) and name not in known and not (what == "metric" and name in said)
    ]


def _where_told(what: str, known: list[str]) -> str:
    """Where a reader finds the names that there are."""
    if what == "metric":
        return "`benchbench list probes` defines them"
    return f"the suite has {', '.join(known) or 'none'}"


def check_units(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """No row and no axis prints a figure under a unit that it is not in.

    A figure of an extension is not known before its code has run: `units.shown_in` sees to it.
    """
    shown: list[tuple[Place, Mapping[str, Any]]] = [
        (("tables", t, "rows", r), row)
        for t, table in _items(document, "tables")
        for r, row in _items(table, "rows")
    ]
    shown += [
        (("figures", f, axis), figure[axis])
        for f, figure in _items(document, "figures")
        for axis in ("x", "y")
        if isinstance(figure.get(axis), dict)
    ]
    out: list[tuple[Place, str]] = []
    for place, asked in shown:
        metric, unit, scale = (asked.get(key) for key in ("metric", "unit", "scale"))
        declared = METRICS.get(metric) if isinstance(metric, str) else None
        wrong = not isinstance(unit or "", str) or not isinstance(scale, int | float | None)
        if declared is None or wrong or (scale is not None and scale <= 0):
            continue  # another check has said so
        if fault := unit_fault(declared.unit, unit or "", scale):
            key, text = fault
            out.append(((*place, key), text))
    return out


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
