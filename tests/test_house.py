"""The layout that CONTRIBUTING promises, told from the source."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import benchbench

PACKAGE = Path(benchbench.__file__).parent
FILES = {
    file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text())
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.parent.name not in {"models", "suites"}
}
ADAPTER = "gate/contract.py"  # the one file that knows the plain JSON of a base revision


def test_only_the_doors_stand_at_the_root() -> None:
    """At most eight files, and no room has the name of a public function."""
    doors = [name for name in FILES if "/" not in name]
    assert len(doors) <= 8, doors
    rooms = {name.partition("/")[0] for name in FILES if "/" in name}
    assert not rooms & {"run", "train", "compare", "energy", "count", "load", "register"}


def test_no_class_name_stands_twice() -> None:
    """One name for one thing, type aliases included."""
    places = defaultdict[str, list[str]](list)
    for name, tree in FILES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name)
    twice = {kind: where for kind, where in places.items() if len(where) > 1}
    assert not twice


def test_no_untyped_cell_crosses_a_border() -> None:
    """`Cell`, `Order` and `Settings` are themselves everywhere but in the gate's adapter."""
    found = []
    for name, tree in FILES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.arg) and node.annotation and name != ADAPTER:
                kind = ast.unparse(node.annotation)
                if node.arg in {"cell", "spec", "settings"} and kind.startswith(
                    ("dict[", "Mapping[")
                ):
                    found.append(f"{name}:{node.lineno}: {node.arg}: {kind}")
    assert not found


def test_a_documented_field_starts_with_what_it_is() -> None:
    """A noun comes first: it is never "Of Adam." alone."""
    words = "Of As From For To By In On At After With"
    dangling = tuple(f"{word} " for word in words.split())
    found = []
    for name, tree in FILES.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Module):
                continue
            for line in (ast.get_docstring(node) or "").splitlines():
                field, colon, text = line.strip().partition(": ")
                if colon and field.isidentifier() and text.startswith(dangling):
                    found.append(f"{name}: {line.strip()}")
    assert not found
