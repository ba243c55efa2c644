"""What happens to files: strategies that damage text, bytes and JSON a few times over."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["damaged_bytes", "damaged_json", "damaged_yaml"]

# Values that a YAML file may hold in place of another: each of them was once a traceback.
YAML_VALUES = (
    *(".inf", "-.inf", ".nan", "1e999", "-0.0", "0", "-1", "1e-320", "0x10", "0o17", "1_000"),
    *("9" * 400, "9" * 5000, "10000000000", "1000000000000000000000", "3000000", "true", "null"),
    *("~", "", "''", '"\\0"', '"\\ud800"', '"\\e[31mred"', '"a\\nb"', '"\\u202e"', "2024-01-01"),
    *("2024-01-01 10:00:00", "12:30:45", "!!int abc", "!!float x", "!!bool 7", "!!null 3"),
    *("!!binary xyz", "!!set {a}", "!!omap [a: 1]", "!!timestamp no", "!mine 3", "!<tag:x> 4"),
    *("!!python/object:os.system x", "!!python/name:os.system", "&a [*a]", "*nowhere", "&x 3"),
    *("[]", "{}", "[[[]]]", "{a: {b: {}}}", "{1: 2}", "{[1]: 2}", "{? {a: b} : c}", "{<<: {}}"),
    *("../../evil", "/abs/x", "~nobody/x", "x" * 300, "a/b", "..", ".", "con.pt", "input:1x1"),
    *("|", ">-", "- x", "? y", "@at", "`tick`", "%d", "=1+1", "'open", '"open', "[open", "{open"),
    "[" * 60 + "]" * 60,
    "[" * 3000,
)
YAML_KEYS = (
    *("id", "name", "repeats", "models", "settings", "train", "epochs", "set", "data", "matrix"),
    *("time", "classes", "label", "scale", "unit", "decimals", "paper", "ratio", "rows", "quick"),
    *("<<", "1", "null", "true", "? [a]", '"\\0"', "=", "!!str x", "*a", "no_such_key", "zoo"),
    *("time_limit_s", "extensions", "distribution", "gate", "figures", "checkpoint", "input"),
)
PIECES = (
    *("\t", "\r", "\x00", "\x1b", "\ufeff", "\u2028", "\x85", "---\n", "...\n", "%YAML 9.9\n---\n"),
    *("%YAML 1.1\n---\n", "%TAG ! x\n---\n", "&a ", "*a", "<<: *a\n", "!!str ", "? ", ": ", "- "),
    *("#", "'", '"', "[", "{", "]", "}", ",", "|\n", ">\n", "\n\n", "\n  ", "é", "\U0001f600"),
)
# Values that JSON may hold in place of another.
JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**400, -(10**30), 2**63, 1e308, -1e308, 5e-324, 0.5),
    *(float("nan"), float("inf"), float("-inf"), "", "x", "\x00", "\ud800", "\x1b[31m", "a\nb"),
    *("x" * 10_000, "../../evil", [], {}, [[]], [None], {"": None}, {"a": 1}, ["a", 1], [1.5]),
)


def damaged_bytes(*originals: bytes) -> st.SearchStrategy[bytes]:
    """A file with some bytes changed, left out, put in, said twice, or cut off."""
    place = st.floats(0, 1, exclude_max=True)
    edit = st.one_of(
        st.tuples(st.just(_put), place, st.binary(min_size=1, max_size=2)),
        st.tuples(st.just(_insert), place, st.binary(min_size=1, max_size=8)),
        st.tuples(st.just(_leave_out), place, st.integers(1, 100)),
        st.tuples(st.just(_twice), place, st.integers(1, 100)),
        st.tuples(st.just(_cut_off), place, st.just(0)),
    )
    edits = st.lists(edit, min_size=1, max_size=3)
    return st.tuples(st.sampled_from(originals), edits).map(_applied)


def damaged_yaml(*originals: str) -> st.SearchStrategy[bytes]:
    """A suite's text with other values, other keys, pieces of YAML in odd places, or damage."""
    place = st.floats(0, 1, exclude_max=True)
    edit = st.one_of(
        st.tuples(st.just(_value), place, st.sampled_from(YAML_VALUES)),
        st.tuples(st.just(_value), place, st.sampled_from(YAML_VALUES)),
        st.tuples(st.just(_key), place, st.sampled_from(YAML_KEYS)),
        st.tuples(st.just(_line_of), place, st.tuples(*[st.sampled_from(YAML_KEYS)] * 1)),
        st.tuples(st.just(_insert), place, st.sampled_from(PIECES).map(str.encode)),
        st.tuples(st.just(_put), place, st.binary(min_size=1, max_size=1)),
        st.tuples(st.just(_leave_out), place, st.integers(1, 40)),
        st.tuples(st.just(_twice), place, st.integers(1, 200)),
        st.tuples(st.just(_cut_off), place, st.just(0)),
    )
    edits = st.lists(edit, min_size=1, max_size=3)
    return st.tuples(st.sampled_from([text.encode() for text in originals]), edits).map(_applied)


def damaged_json(*originals: str) -> st.SearchStrategy[tuple[bytes, bytes]]:
    """A JSON document and what became of it: other values, keys that moved or are not there."""
    place = st.floats(0, 1, exclude_max=True)
    kinds = st.sampled_from([_replace, _delete, _double, _rename, _swap])
    edits = st.lists(st.tuples(kinds, place, st.sampled_from(JSON_VALUES)), min_size=1, max_size=3)
    return st.tuples(st.sampled_from(originals), edits).map(_json_applied)


def _applied(drawn: tuple[bytes, Sequence[tuple[Callable[..., bytes], float, Any]]]) -> bytes:
    content, edits = drawn
    for change, place, what in edits:
        content = change(content, int(place * max(1, len(content))), what)
    return content


def _put(content: bytes, at: int, what: bytes) -> bytes:
    return content[:at] + what + content[at + len(what) :]


def _insert(content: bytes, at: int, what: bytes) -> bytes:
    return content[:at] + what + content[at:]


def _leave_out(content: bytes, at: int, size: int) -> bytes:
    return content[:at] + content[at + size :]


def _twice(content: bytes, at: int, size: int) -> bytes:
    return content[: at + size] + content[at:]


def _cut_off(content: bytes, at: int, _: int) -> bytes:
    return content[:at]


def _value(content: bytes, at: int, what: str) -> bytes:
    """The next value of a key becomes another."""
    found = re.compile(rb"(?<=: )[^,}\]\n]+").search(content, at)
    return content if found is None else _span(content, found, what)


def _key(content: bytes, at: int, what: str) -> bytes:
    """The next key becomes another."""
    found = re.compile(rb"[A-Za-z_]+(?=:)").search(content, at)
    return content if found is None else _span(content, found, what)


def _span(content: bytes, found: re.Match[bytes], what: str) -> bytes:
    return content[: found.start()] + what.encode() + content[found.end() :]


def _line_of(content: bytes, at: int, what: tuple[str]) -> bytes:
    """A further key above the next one, at its depth."""
    found = re.compile(rb"^( *)[A-Za-z_]+:", re.MULTILINE).search(content, at)
    if found is None:
        return content
    return (
        content[: found.start()] + found[1] + f"{what[0]}: 3\n".encode() + content[found.start() :]
    )


def _json_applied(drawn: tuple[str, Sequence[tuple[Any, float, Any]]]) -> tuple[bytes, bytes]:
    text, edits = drawn
    document = json.loads(text)
    for change, place, what in edits:
        nodes = list(_nodes(document))
        if nodes:
            change(nodes, int(place * len(nodes)), copy.deepcopy(what))
    return text.encode(), json.dumps(document, indent=1).encode()


def _nodes(inside: Any) -> list[tuple[Any, Any]]:
    """Every place of a document: what it lies in, and its key or index there."""
    keys = (
        [*inside]
        if isinstance(inside, dict)
        else range(len(inside))
        if isinstance(inside, list)
        else ()
    )
    return [it for key in keys for it in [(inside, key), *_nodes(inside[key])]]


def _replace(nodes: list[tuple[Any, Any]], at: int, what: Any) -> None:
    place, key = nodes[at]
    place[key] = what


def _delete(nodes: list[tuple[Any, Any]], at: int, _: Any) -> None:
    place, key = nodes[at]
    del place[key]


def _double(nodes: list[tuple[Any, Any]], at: int, _: Any) -> None:
    place, key = nodes[at]
    if isinstance(place, list):
        place.insert(key, copy.deepcopy(place[key]))
    else:
        place[f"{key}2"] = copy.deepcopy(place[key])


def _rename(nodes: list[tuple[Any, Any]], at: int, what: Any) -> None:
    place, key = nodes[at]
    if isinstance(place, dict):
        place[str(what)[:40]] = place.pop(key)


def _swap(nodes: list[tuple[Any, Any]], at: int, _: Any) -> None:
    (place, key), (other, name) = nodes[at], nodes[at // 2]
    try:
        place[key], other[name] = copy.deepcopy(other[name]), copy.deepcopy(place[key])
    except (KeyError, IndexError):
        return
