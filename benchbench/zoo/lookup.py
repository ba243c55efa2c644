"""Where a module's source lies, and where a name in it is defined; nothing is executed."""

from __future__ import annotations

import ast
import pkgutil
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchbench.errors import ModelError
from benchbench.zoo.source import bound_names, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Definition",
    "clash",
    "definition",
    "dotted_name",
    "in_folders",
    "module_file",
    "top_level",
]

INSTALL = ": install its package, or start in the folder that holds it"


class Definition(NamedTuple):
    """Where a name is defined.

    Attributes:
        file: The file.
        tree: The file's syntax tree.
        node: The function of that name; None where it is a class, or bound in another way.
    """

    file: Path
    tree: ast.Module
    node: ast.FunctionDef | None


def top_level(name: str, search: Iterable[str]) -> ModuleSpec | None:
    """A top-level module; an editable installation may have a finder of its own.

    Args:
        name: Name without a dot.
        search: Folders, in their order.
    """
    spec = in_folders(name, search)
    others = [it for it in sys.meta_path if it is not PathFinder and hasattr(it, "find_spec")]
    for finder in others:
        spec = spec or finder.find_spec(name, None)
    return spec


def in_folders(name: str, folders: Iterable[str]) -> ModuleSpec | None:
    """A module in the first folder that has it; without one, the namespace of them all.

    Python's own search does the same, and needs the packages above to be imported for it.

    Args:
        name: Dotted name; the folders are those of the package that it lies in.
        folders: Folders, in their order.
    """
    portions = list[str]()
    for folder in dict.fromkeys(folders):
        finder = pkgutil.get_importer(folder or str(Path.cwd()))
        spec = finder.find_spec(name) if finder is not None else None
        if spec is not None and spec.loader is not None:
            return spec
        if spec is not None:
            portions += spec.submodule_search_locations or []
    if not portions:
        return None
    namespace = ModuleSpec(name, None, is_package=True)
    namespace.submodule_search_locations = portions
    return namespace


def module_file(dotted: str, first: Sequence[str] = ()) -> Path:
    """The source file of a module, found without importing the packages that it lies in.

    Args:
        dotted: The module's name.
        first: Folders that are searched before all others.

    Raises:
        ModelError: There is no such module, or it has no source.
    """
    parts = dotted.split(".")
    # The worker has the working folder too, and last.
    spec = top_level(parts[0], [*first, *sys.path, str(Path.cwd())])
    for depth, part in enumerate(parts[1:], 2):
        places = spec.submodule_search_locations if spec else None
        if places is None:
            break
        spec = in_folders(".".join(parts[:depth]), places)
        if spec is None:
            raise ModelError(
                f"no module {dotted!r} can be imported here (searched {part!r}){INSTALL}"
            )
    if spec is None:
        raise ModelError(
            f"no module {dotted!r} can be imported here (searched {parts[0]!r}){INSTALL}"
        )
    if spec.name != dotted:
        raise ModelError(f"no module {dotted!r} can be imported here ({spec.name} is no package)")
    if spec.origin is None or not spec.origin.endswith(".py"):
        raise ModelError(f"module {dotted!r} has no Python source")
    return Path(spec.origin)


def definition(
    file: Path, module: str, name: str, seen: frozenset[tuple[Path, str]] = frozenset()
) -> Definition | None:
    """Where a name of a module is defined: there, or where its imports lead, by star too.

    Args:
        file: The module's file.
        module: Its dotted name; empty for a file that is loaded by its place.
        name: The name.
        seen: Where was looked already.

    Returns:
        None where the module has no such name as far as can be told.

    Raises:
        ModelError: A file is not Python.
    """
    tree, _ = parse(file)
    own = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if own:
        return Definition(file, tree, own[-1])
    bound = Definition(file, tree, None) if name in bound_names(tree) else None
    if (file, name) in seen:
        return bound
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if alias.name != "*" and (alias.asname or alias.name) != name:
                continue
            wanted = name if alias.name == "*" else alias.name
            there = _imported(node, package, file.parent)
            found = there and definition(*there, wanted, seen | {(file, name)})
            if found:
                return found
    return bound


def _imported(node: ast.ImportFrom, package: str, beside: Path) -> tuple[Path, str] | None:
    """File and name of the module that is imported from; None where that cannot be told."""
    name = node.module or ""
    if node.level:
        parts = package.split(".") if package else []
        if node.level > len(parts):
            return None
        name = ".".join([*parts[: len(parts) - node.level + 1], *([name] if name else [])])
    try:
        return module_file(name, () if package else (str(beside),)), name
    except (ModelError, ImportError, ValueError):
        return None


def dotted_name(file: Path) -> str:
    """The name of a file as a module of the package that it lies in, and of those around it."""
    folder = file.resolve().parent
    parts = [folder.name] if file.name == "__init__.py" else [folder.name, file.stem]
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
        parts.insert(0, folder.name)
    return ".".join(parts)


def clash(file: Path, tree: ast.Module) -> str:
    """What a file imports from beside it that this process has loaded from elsewhere.

    Args:
        file: A file that is loaded by its place.
        tree: Its syntax tree.

    Returns:
        A sentence; empty where there is nothing of the kind.
    """
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    for name in sorted(names - sys.stdlib_module_names):
        spec = in_folders(name, [str(file.resolve().parent)])
        loaded = getattr(sys.modules.get(name), "__file__", None)
        if spec is None or not spec.origin or not isinstance(loaded, str):
            continue
        if Path(loaded).resolve() != Path(spec.origin).resolve():
            return (
                f"{file} imports {name!r} from beside it, and this process has loaded another "
                f"module of that name, {loaded}: measure it in a process of its own, as the "
                "command line does"
            )
    return ""
