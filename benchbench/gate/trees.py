"""Whose code a side runs: its tree comes first on its import path, and what it loaded is checked.

The agent loads this file by its path, beside the side's own package: it imports nothing but the
standard library.
"""

from __future__ import annotations

import importlib.metadata
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["has_module", "import_roots", "modules_of", "own_path", "tree_of"]


def import_roots(tree: Path) -> list[Path]:
    """The folders of a source tree that modules are imported from: ``src``, and the tree itself."""
    source = tree / "src"
    is_root = source.is_dir() and not (source / "__init__.py").exists()
    return [source, tree] if is_root else [tree]


def own_path(
    path: Iterable[str], own: Path, other: Path, origin_of: Callable[[Path], str]
) -> list[str]:
    """An import path on which this side's tree comes before all that is installed.

    An editable installation puts the working tree's folders on every process' path, the base's too:
    they become the same folders of this side's tree. The standard library stays first.

    Args:
        path: Import path as Python made it.
        own: Root of this side's tree.
        other: Root of the other side's.
        origin_of: Function that tells the user's files from installed ones.
    """
    first, rest = list[str](), list[str]()
    for entry in path:
        place = Path(entry)
        if origin_of(place) == "user" and tree_of(place, (own, other)) == other:
            place = own / place.resolve().relative_to(other.resolve())
        (first if origin_of(place) == "standard" else rest).append(str(place))
    return list(dict.fromkeys([*first, *map(str, import_roots(own)), *rest]))


def tree_of(file: Path, trees: Iterable[Path]) -> Path | None:
    """The tree that a file lies in, the inner one where one lies in the other; None for neither."""
    place = file.resolve()
    inside = [tree for tree in trees if place.is_relative_to(tree.resolve())]
    return max(inside, key=lambda tree: len(tree.resolve().parts), default=None)


def has_module(tree: Path, name: str) -> bool:
    """Whether a module of this dotted name lies in a tree."""
    parts = name.split(".")
    return any(
        root.joinpath(*parts[:-1], last).is_file()
        for root in import_roots(tree)
        for last in (f"{parts[-1]}.py", f"{parts[-1]}/__init__.py")
    )


def modules_of(
    loaded: Mapping[str, Path], trees: Iterable[Path], origin_of: Callable[[Path], str]
) -> dict[str, str]:
    """The files of the modules that tell whose code ran, by name.

    Args:
        loaded: File of every loaded module.
        trees: Both sides' trees.
        origin_of: Function that tells the user's files from installed ones.

    Returns:
        All modules of the user's, and those installed ones that are a copy of a tree's.
    """
    trees = tuple(trees)
    copies = {file for tree in trees for file in _installed_files(tree)}
    found = {}
    for name, file in loaded.items():
        origin = origin_of(file)
        is_copy = file in copies or any(has_module(tree, name) for tree in trees)
        if origin == "user" or (origin == "installed" and is_copy):
            found[name] = str(file)
    return found


def _installed_files(tree: Path) -> Iterable[Path]:
    """The installed copies of the files of the project that a tree holds, whatever its layout.

    An editable installation has none: what it puts there only leads to the tree.
    """
    try:
        name = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["name"]
        found = importlib.metadata.distribution(name)
        url = json.loads(found.read_text("direct_url.json") or "{}")
    except (OSError, ValueError, KeyError, TypeError, importlib.metadata.PackageNotFoundError):
        return []
    if url.get("dir_info", {}).get("editable"):
        return []
    return [Path(str(file.locate())) for file in found.files or ()]
