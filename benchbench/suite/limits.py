"""What a suite may hold: values that JSON has, names that can be files, keys that are used."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from benchbench.codec import LARGEST
from benchbench.data import kind_of
from benchbench.display.text import neutral, shown

if TYPE_CHECKING:
    from benchbench.data import Kind

__all__ = ["check_data", "check_places", "check_ratios", "check_values", "value_fault"]

Place = tuple[str | int, ...]

MOST_INTEGER = 2**63
MOST_NAME = 100  # characters; a log's name has more beside it, and files have 255 bytes
MOST_NAME_BYTES = 200
NAME_WANTED = (
    f"expected a name for files, of up to {MOST_NAME} characters, without / and \\ and not "
    "beginning with a dot"
)
NAME = re.compile(r"[^\s./\\~-][^/\\\n\t]*")
MOST_INPUT = 2**24  # numbers of one sample: 256 of them are 16 GiB
USED: dict[Kind, tuple[str, ...]] = {  # keys of `data:` beside its source, by what that is
    "faces": (),
    "events": (),
    "digits": (),
    "input": ("classes",),
    "npz": ("time", "classes"),
    "function": ("set", "time", "classes"),
}


def value_fault(value: object) -> str:
    """Why a scalar has no place in a suite; empty where it has one."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        wide = not -MOST_INTEGER <= value < MOST_INTEGER
        return f"expected a whole number of at most 64 bits, found {shown(value)}" if wide else ""
    if isinstance(value, float):
        if not math.isfinite(value):
            return f"expected a finite number, found {value}"
        wide = abs(value) > LARGEST  # a result that holds it could not be read again
        return f"expected a number of at most {LARGEST:g}, found {value:g}" if wide else ""
    if isinstance(value, str):
        plain = value.replace("\r", "")
        return "" if neutral(plain) == plain else f"a character that is not seen, in {shown(value)}"
    return f"expected text, a number, true, false or null, found {shown(value)}"


def check_values(document: Any, place: Place = ()) -> list[tuple[Place, str]]:  # noqa: ANN401 - built in Python
    """Every value is one that JSON has; of a file `yaml_text` has said so with its line."""
    if isinstance(document, Mapping):
        return [it for key in document for it in check_values(document[key], (*place, str(key)))]
    if isinstance(document, list | tuple):
        return [it for i, value in enumerate(document) for it in check_values(value, (*place, i))]
    return [(place, fault)] if (fault := value_fault(document)) else []


def check_places(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """The suite's name and the models' ids can be names of files, and lead out of no folder."""
    models = document.get("models")
    named: list[tuple[Place, Any]] = [(("name",), document.get("name"))]
    for index, model in enumerate(models if isinstance(models, list) else []):
        if isinstance(model, Mapping):
            named.append((("models", index, "id"), model.get("id")))
    return [
        (place, f"{NAME_WANTED}, found {shown(name)}")
        for place, name in named
        if isinstance(name, str) and not _is_name(name)
    ]


def _is_name(text: str) -> bool:
    if len(text) > MOST_NAME or not NAME.fullmatch(text) or neutral(text) != text:
        return False
    return len(text.encode()) <= MOST_NAME_BYTES


def check_data(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """No key of `data:` is passed over in silence, and an input fits into memory."""
    out: list[tuple[Place, str]] = []
    for place, entry in _entries(document):
        data, key = entry.get("data"), "input" if "input" in entry else "data"
        source = data.get("source") if isinstance(data, Mapping) else data
        source = f"input:{entry['input']}" if key == "input" else source
        if not isinstance(source, str):
            continue  # the default, or no source at all, of which the schema says so
        data = data if isinstance(data, Mapping) else {}
        kind = kind_of(source)
        given = {
            "set": isinstance(data.get("set"), Mapping) and bool(data["set"]),
            # An event camera's time steps come first, whether a suite says so or not.
            "time": data.get("time") in (("second",) if kind == "events" else ("first", "second")),
            "classes": isinstance(data.get("classes"), int),
        }
        out += [
            ((*place, "data", name), f"{shown(source)} takes no `{name}:`: leave it out")
            for name, there in given.items()
            if there and name not in USED[kind]
        ]
        if kind == "input" and _numbers(source) > MOST_INPUT:
            text = f"one sample has more than {MOST_INPUT:,} numbers"
            out.append(((*place, key), text))
    return out


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """The suite and its models: what may have data."""
    yield (), document
    models = document.get("models")
    for index, model in enumerate(models if isinstance(models, list) else []):
        if isinstance(model, Mapping):
            yield ("models", index), model


def _numbers(source: str) -> float:
    sizes = source.partition(":")[2].lower().split("x")
    return math.prod(float(size) for size in sizes if size.isdecimal() and size.isascii())


def check_ratios(document: Mapping[str, Any]) -> list[tuple[Place, str]]:
    """A table's ratio is shown, and stands beside none of the paper that is divided by 0."""
    out: list[tuple[Place, str]] = []
    tables = document.get("tables")
    for t, table in enumerate(tables if isinstance(tables, list) else []):
        ratio = table.get("ratio") if isinstance(table, Mapping) else None
        if not isinstance(ratio, list) or len(ratio) != 2:
            continue
        if table.get("layout") == "models":
            text = "`layout: models` has no place for it: leave one of the two out"
            out.append((("tables", t, "ratio"), text))
        rows = table.get("rows")
        for r, row in enumerate(rows if isinstance(rows, list) else []):
            paper = row.get("paper") if isinstance(row, Mapping) else None
            under = paper.get(str(ratio[1])) if isinstance(paper, Mapping) else None
            if under == 0 and not isinstance(under, bool):
                place = ("tables", t, "rows", r, "paper", str(ratio[1]))
                out.append((place, "0, and the table's ratio is over it"))
    return out
