"""A suite file's text -> `Suite`, or every fault of it at once with file, line and hint."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from benchbench import zoo
from benchbench.errors import Fault, SuiteError
from benchbench.suite import forms
from benchbench.suite.checks import (
    check_extensions,
    check_meters,
    check_models,
    check_names,
    check_no_pickles,
    check_units,
    said_by_extensions,
)
from benchbench.suite.schema import Settings, Suite, nested

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["bundled_suites", "json_schema", "load", "locate", "parse", "settings_of", "validated"]

_Path = tuple[str | int, ...]
MODES = ("quick", "publish")
REQUIRED = ("benchbench", "name")  # of a file; in Python both have a default


def bundled_suites() -> dict[str, Path]:
    """The suite files that come with benchbench, by name."""
    package = Path(__file__).resolve().parents[1]
    folder = package / "suites" if (package / "suites").is_dir() else package.parent / "suites"
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def locate(name: str) -> Path:
    """The file of a suite given by path or by the name of a bundled one.

    ``suites/table3.yaml`` finds the bundled suite as well where the working folder has no such
    file, as after an install.

    Raises:
        SuiteError: There is no such file; the message has the nearest name.
    """
    path, bundled = Path(name), bundled_suites()
    if path.is_file():
        return path
    is_name = path == Path(path.stem) or path == Path("suites") / f"{path.stem}.yaml"
    if is_name and path.stem in bundled:
        return bundled[path.stem]
    message = f"no such suite file{zoo.hint(path.stem, bundled)}; bundled: {', '.join(bundled)}"
    raise SuiteError([Fault(name, 1, "(file)", message)])


def load(name: str) -> tuple[Suite, Path]:
    """Read a suite by path or bundled name.

    Returns:
        The suite, and the folder that its relative paths start from.

    Raises:
        SuiteError: The file has faults; all of them are in it.
    """
    file = locate(name)
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError([Fault(name, 1, "(file)", f"cannot be read: {error}")]) from error
    return parse(text, name, file.resolve().parent), file.resolve().parent


def parse(text: str, name: str, folder: Path) -> Suite:
    """Validate a suite's text.

    Args:
        text: YAML.
        name: The file as the user named it, for messages.
        folder: Where relative paths start.

    Raises:
        SuiteError: There are faults; all of them are in it.
    """
    reader = YAML(typ="safe", pure=True)
    try:
        node = reader.compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SuiteError([Fault(name, line, "(yaml)", str(error.problem))]) from error
    except YAMLError as error:
        raise SuiteError([Fault(name, 1, "(yaml)", str(error))]) from error
    if not isinstance(node, MappingNode):
        raise SuiteError(
            [
                Fault(
                    name,
                    1,
                    "(file)",
                    "expected a mapping with benchbench, name and "
                    "models; see `benchbench validate --schema`",
                )
            ]
        )
    lines: dict[_Path, int] = {}
    found: list[tuple[_Path, str]] = []
    document = _plain(node, reader, (), lines, found)
    found += [((key,), "this key is required") for key in REQUIRED if key not in document]
    found += check_no_pickles(document)
    return _validated(document, name, folder, found, lines)


def validated(document: Mapping[str, Any], name: str, folder: Path) -> Suite:
    """Validate what a suite's text holds, or what was built in Python.

    Args:
        document: Plain dictionaries, lists and scalars.
        name: What it is called in messages.
        folder: Where relative paths start.

    Raises:
        SuiteError: There are faults; all of them are in it.
    """
    return _validated(document, name, folder, [], {})


def _validated(
    document: Mapping[str, Any],
    name: str,
    folder: Path,
    found: list[tuple[_Path, str]],
    lines: Mapping[_Path, int],
) -> Suite:
    suite = None
    document, places = forms.expanded(document, found)
    document = forms.with_data(document, found)
    try:
        suite = TypeAdapter(Suite).validate_python(document)
    except ValidationError as error:
        found += [_explain(detail) for detail in error.errors()]
    overrides = {mode: _overrides(document.get(mode), mode, found) for mode in MODES}
    said = said_by_extensions(document, folder)
    found += check_models(document, folder) + check_names(document, said)
    found += check_meters(document, said) + check_extensions(document, folder)
    found += check_units(document)
    if suite is None or found:
        before = [(forms.whence(path, places), text) for path, text in found]
        faults = {Fault(name, _line(path, lines), _dotted(path), text) for path, text in before}
        raise SuiteError(sorted(faults, key=str))
    return dataclasses.replace(suite, quick=overrides["quick"], publish=overrides["publish"])


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that were given on the command line, checked as those of a file are.

    Args:
        given: Values by dotted name: ``{"train.epochs": 6}``.

    Returns:
        What `Suite.with_settings` takes.

    Raises:
        SuiteError: There are faults; all of them are in it.
    """
    nested: dict[str, Any] = {}
    for name, value in given.items():
        *path, last = name.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                fault = Fault("--set", 0, name, f"{part} is set to a value as well")
                raise SuiteError([fault])
        place[last] = value
    found: list[tuple[_Path, str]] = []
    settings = _overrides(nested, "settings", found)
    found += check_meters({"settings": nested})
    if found:
        raise SuiteError([Fault("--set", 0, _dotted(path[1:]), text) for path, text in found])
    return settings


def json_schema() -> str:
    """The JSON Schema of suite files, for editors."""
    schema = TypeAdapter(Suite).json_schema()
    schema["required"] = [*REQUIRED]
    for place in (schema, schema["$defs"]["Model"]):  # a source may stand by itself
        place["properties"]["data"] = {
            "anyOf": [{"type": "string"}, {"$ref": "#/$defs/DataSource"}, {"type": "null"}]
        }
        place["properties"]["input"] = {"type": "string", "pattern": f"^{forms.SHAPE.pattern}$"}
    for key in REQUIRED:
        del schema["properties"][key]["default"]
    settings = TypeAdapter(Settings).json_schema()["properties"]
    for mode in MODES:  # the same keys as settings, each optional
        schema["properties"][mode] = {
            "type": "object",
            "additionalProperties": False,
            "properties": settings,
        }
    return (
        json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2)
        + "\n"
    )


def _plain(
    node: Node, reader: YAML, path: _Path, lines: dict[_Path, int], found: list[tuple[_Path, str]]
) -> Any:  # noqa: ANN401 - whatever YAML holds
    """The node as plain Python, noting each path's line and each key that stands twice."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        out: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = reader.constructor.construct_object(key_node, deep=True)
            place = (*path, key)
            if key in out:
                again = (*path, f"{key} ")  # a place of its own for the second key
                lines[again] = key_node.start_mark.line + 1
                found.append((again, f"key {key!r} stands twice, first on line {lines[place]}"))
                continue
            lines[place] = key_node.start_mark.line + 1
            out[key] = _plain(value_node, reader, place, lines, found)
        return out
    if isinstance(node, SequenceNode):
        return [_plain(item, reader, (*path, i), lines, found) for i, item in enumerate(node.value)]
    return reader.constructor.construct_object(node, deep=True)


def _line(path: _Path, lines: Mapping[_Path, int]) -> int:
    if not lines:
        return 0  # built in Python
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 1)


def _dotted(path: _Path) -> str:
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{str(part).strip()}" for part in path
    )
    return text.lstrip(".") or "(file)"


def _fields(path: _Path) -> list[str]:
    """The keys that are known at a place of the document, told from the dataclasses."""
    kind: Any = Suite
    for part in path:
        if not isinstance(part, str) or kind is None:
            continue
        kind = Settings if kind is Suite and part in MODES else nested(kind).get(part)
    return [item.name for item in dataclasses.fields(kind)] if kind else []


def _explain(detail: Any) -> tuple[_Path, str]:  # noqa: ANN401 - pydantic's own error dictionary
    """One pydantic error in our words."""
    path: _Path = detail["loc"]
    if detail["type"] == "unexpected_keyword_argument":
        known = _fields(path[:-1])
        key = str(path[-1])
        return path, f"unknown key {key!r}{zoo.hint(key, known)}; known: {', '.join(known)}"
    if detail["type"] in {"missing", "missing_argument"}:
        return path, "this key is required"
    return path, f"{detail['msg'][0].lower()}{detail['msg'][1:]}, found {detail['input']!r}"


def _overrides(given: Any, mode: str, found: list[tuple[_Path, str]]) -> dict[str, Any]:  # noqa: ANN401 - unchecked YAML
    """`quick`, `publish` and ``--set`` hold settings: check and convert them as such."""
    if not isinstance(given, dict):
        return {}
    try:
        settings = TypeAdapter(Settings).validate_python(given)
    except ValidationError as error:
        found += [_explain({**fault, "loc": (mode, *fault["loc"])}) for fault in error.errors()]
        return {}
    return _given(settings, given)


def _given(value: Any, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    """Only what the file says, converted: the rest stays as it is in `settings`."""
    out: dict[str, Any] = {}
    for key, raw in given.items():
        found = getattr(value, key)
        inner = dataclasses.is_dataclass(found) and isinstance(raw, dict)
        out[key] = _given(found, raw) if inner else found
    return out
