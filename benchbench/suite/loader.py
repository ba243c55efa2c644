"""A suite file's text -> `Suite`, or every fault of it at once with file, line and hint."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from benchbench import zoo
from benchbench.display.text import neutral
from benchbench.errors import Fault, SuiteError
from benchbench.files import content_of
from benchbench.suite import forms, yaml_text
from benchbench.suite.checks import (
    check_extensions,
    check_formulas,
    check_meters,
    check_models,
    check_names,
    check_no_pickles,
    check_units,
    said_by_extensions,
)
from benchbench.suite.explained import MODES, explain, misread, overrides
from benchbench.suite.limits import check_data, check_places, check_ratios, check_values
from benchbench.suite.quoted import with_quotations
from benchbench.suite.schema import Settings, Suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["bundled_suites", "json_schema", "load", "locate", "parse", "settings_of", "validated"]

_Path = tuple[str | int, ...]
MOST_SHOWN = 80  # characters of a key
# Keys of a file, with an example; in Python both have a default.
REQUIRED = {"benchbench": "1", "name": "mine"}


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
    try:
        there = path.exists()
    except OSError as error:  # a name that is too long, a folder that is shut
        raise SuiteError([Fault(name, 1, "(file)", f"{error.strerror}")]) from error
    if path.is_file():
        return path
    is_name = path == Path(path.stem) or path == Path("suites") / f"{path.stem}.yaml"
    if is_name and path.stem in bundled:
        return bundled[path.stem]
    if there:
        return path  # a folder or a pipe: reading it says so
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
        content = content_of(file, yaml_text.MOST_BYTES)
    except OSError as error:
        raise SuiteError([Fault(name, 1, "(file)", f"cannot be read: {error.strerror}")]) from error
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SuiteError([Fault(name, line, "(file)", f"not UTF-8: {error.reason}")]) from error
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
    read = yaml_text.read(text)
    document, found = read.value, read.found
    if not isinstance(document, dict):
        text = "expected a mapping with benchbench, name and models; see "
        whole = [((), f"{text}`benchbench validate --schema`")]
        raise _faults(name, found or whole, read.lines)
    return _validated(document, name, folder, found, read.lines)


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
    unread = {path for path, _ in found}  # what is there is not what was meant
    if lines:  # of a file
        found += [
            ((key,), f"this key is required, e.g. `{key}: {example}`")
            for key, example in REQUIRED.items()
            if key not in document
        ]
        found += check_no_pickles(document)
    else:
        found += check_values(document)
    document, places = forms.expanded(document, found)
    found += check_data(document)
    document = with_quotations(forms.with_data(document, found), folder, found)
    try:
        suite = TypeAdapter(Suite).validate_python(document)
        found += misread({k: it for k, it in document.items() if k not in MODES}, suite)
    except ValidationError as error:
        found += [it for it in map(explain, error.errors()) if it[0] not in unread]
    modes = {mode: overrides(document.get(mode), mode, found) for mode in MODES}
    said = said_by_extensions(document, folder)
    found += check_models(document, folder) + check_names(document, said)
    found += check_meters(document, said) + check_extensions(document, folder)
    found += check_formulas(document, said)
    found += check_units(document) + check_ratios(document)
    found += check_places(document)
    if suite is None or found:
        raise _faults(name, [(forms.whence(path, places), text) for path, text in found], lines)
    return dataclasses.replace(suite, quick=modes["quick"], publish=modes["publish"])


def _faults(
    name: str, found: Iterable[tuple[_Path, str]], lines: Mapping[_Path, int]
) -> SuiteError:
    """Each fault once, in the order of the file."""
    faults = {Fault(name, _line(path, lines), _dotted(path), text) for path, text in found}
    return SuiteError(sorted(faults, key=str))


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
        if path[:1] == ["settings"]:
            short = name.removeprefix("settings.")
            raise SuiteError([Fault("--set", 0, name, f"these are settings already: {short}=...")])
        place = nested
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                fault = Fault("--set", 0, name, f"{part} is set to a value as well")
                raise SuiteError([fault])
        place[last] = value
    found: list[tuple[_Path, str]] = []
    settings = overrides(nested, "settings", found)
    found += check_meters({"settings": nested}) + check_formulas({"settings": nested})
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


def _line(path: _Path, lines: Mapping[_Path, int]) -> int:
    if not lines:
        return 0  # built in Python
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 1)


def _dotted(path: _Path) -> str:
    named = [it if isinstance(it, int) else neutral(str(it).strip())[:MOST_SHOWN] for it in path]
    text = "".join(f"[{it}]" if isinstance(it, int) else f".{it}" for it in named if it != "")
    return text.lstrip(".") or "(file)"
