"""The schema's own faults in our words: what was expected, and where a misplaced key belongs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchbench import zoo
from benchbench.display.text import shown
from benchbench.suite.schema import Settings, Suite, nested

__all__ = ["MODES", "explain", "misread", "overrides"]

Place = tuple[str | int, ...]

MODES = ("quick", "publish")
MOST_PLACES = 3  # that a message names


def explain(detail: Any) -> tuple[Place, str]:  # noqa: ANN401 - pydantic's own error dictionary
    """One of pydantic's errors: its place, and a sentence."""
    path: Place = detail["loc"]
    if detail["type"] == "unexpected_keyword_argument":
        known, key = _fields(path[:-1]), str(path[-1])
        if belongs := _belongs(key, path):
            return path, f"unknown key {shown(key)}: it belongs under {belongs}"
        text = f"unknown key {shown(key)}{zoo.hint(key, known)}"
        return path, f"{text}; known: {', '.join(known)}"
    if detail["type"] in {"missing", "missing_argument"}:
        return path, "this key is required"
    if detail["type"] in {"tuple_type", "list_type"}:
        return (
            path,
            f"expected a list (`[a, b]`, or `- a` on lines), found {shown(detail['input'])}",
        )
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return path, f"{message}, found {shown(detail['input'])}"


def overrides(given: Any, mode: str, found: list[tuple[Place, str]]) -> dict[str, Any]:  # noqa: ANN401 - unchecked YAML
    """`quick`, `publish` and ``--set`` hold settings: check and convert them as such.

    Args:
        given: What stands there.
        mode: Key that it stands under.
        found: Takes the faults.

    Returns:
        What `Suite.with_settings` takes.
    """
    if not isinstance(given, dict):
        return {}
    try:
        settings = TypeAdapter(Settings).validate_python(given)
    except ValidationError as error:
        found += [explain({**fault, "loc": (mode, *fault["loc"])}) for fault in error.errors()]
        return {}
    found += misread(given, settings, (mode,))
    return _given(settings, given)


def misread(given: Any, value: Any, path: Place = ()) -> list[tuple[Place, str]]:  # noqa: ANN401 - any part of both
    """Where a truth value stands in place of a number: pydantic takes ``true`` for 1.

    Args:
        given: What stands in the file.
        value: What was read of it.
        path: Where that is.
    """
    if isinstance(given, Mapping):
        inner = [
            (key, it, value.get(key) if isinstance(value, Mapping) else getattr(value, key, None))
            for key, it in given.items()
        ]
        return [fault for key, it, of in inner for fault in misread(it, of, (*path, key))]
    if isinstance(given, list | tuple) and isinstance(value, list | tuple):
        pairs = enumerate(zip(given, value, strict=False))
        return [fault for i, (it, of) in pairs for fault in misread(it, of, (*path, i))]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(given, bool) and number:
        return [(path, f"expected a number, found {str(given).lower()}")]
    return []


def _given(value: Any, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    """Only what the file says, converted: the rest stays as it is in `settings`."""
    out: dict[str, Any] = {}
    for key, raw in given.items():
        found = getattr(value, key)
        if isinstance(found, tuple):  # as JSON has it, so that a stored suite is the same again
            found = [*found]
        inner = dataclasses.is_dataclass(found) and isinstance(raw, dict)
        out[key] = _given(found, raw) if inner else found
    return out


def _fields(path: Place) -> list[str]:
    """The keys that are known at a place of the document, told from the dataclasses."""
    kind: Any = Suite
    for part in path:
        if not isinstance(part, str) or kind is None:
            continue
        kind = Settings if kind is Suite and part in MODES else nested(kind).get(part)
    return [item.name for item in dataclasses.fields(kind)] if kind else []


def _belongs(key: str, path: Place) -> str:
    """Where a key belongs that stands in a wrong place; empty where it belongs nowhere."""
    places = _homes().get(key, ())
    if not places:
        return ""
    # The nearest first: what shares most of the path's beginning.
    here = tuple(part for part in path[:-1] if isinstance(part, str))
    near = sorted(places, key=lambda place: (-_common(place, here), len(place)))[:MOST_PLACES]
    words = [f"`{'.'.join(place)}:`" if place else "the suite itself" for place in near]
    return " or ".join(words)


def _common(place: tuple[str, ...], here: tuple[str, ...]) -> int:
    return next((i for i, (a, b) in enumerate(zip(place, here, strict=False)) if a != b), len(here))


@cache
def _homes() -> dict[str, list[tuple[str, ...]]]:
    """The places that each key of a suite may stand in."""
    homes: dict[str, list[tuple[str, ...]]] = {}

    def visit(kind: Any, place: tuple[str, ...]) -> None:  # noqa: ANN401 - a dataclass
        inner = nested(kind)
        for item in dataclasses.fields(kind):
            homes.setdefault(item.name, []).append(place)
            if item.name in inner:
                visit(inner[item.name], (*place, item.name))

    visit(Suite, ())
    return homes
