"""All of the user's code that a model is made of: its file, and every module that it leads to.

Imports are followed in the source text, so that nothing is executed; what a model loads beyond them
(a computed name, a plugin) shows once it is built. What is installed, the standard library and
benchbench itself are no part of a model, and neither are data files that it reads.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import re
import sys
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchbench.errors import ModelError
from benchbench.files import digest_of
from benchbench.zoo.lookup import in_folders, top_level
from benchbench.zoo.nir_graph import identity_of_graph, is_graph
from benchbench.zoo.objects import is_pickle
from benchbench.zoo.origin import loaded_modules, origin_of
from benchbench.zoo.registry import find
from benchbench.zoo.scanning import bundled_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from importlib.machinery import ModuleSpec

__all__ = ["closure", "function_of", "identity", "unnamed"]

OURS = "benchbench"
BY_NAME = {"import_module", "__import__"}  # calls that import a name that is given as text


class _Import(NamedTuple):
    """An import as the source spells it: dots before the name, the name, what is taken from it."""

    level: int
    module: str
    names: tuple[str, ...] = ()


def closure(reference: str, folder: Path | None = None) -> dict[str, Path]:
    """The files of a model's code by dotted name; its own file, where it is given by path, as "".

    Args:
        reference: Reference as for `benchbench.zoo.find`.
        folder: Folder as for `benchbench.zoo.find`.

    Raises:
        ModelError: There is no such model, or a file of its code cannot be read.
    """
    file = find(reference, folder).file
    place = reference.rpartition(":")[0]
    PathFinder.invalidate_caches()
    if place and not place.endswith(".py"):
        return _Walk([*sys.path, str(Path.cwd())]).from_module(place, file)
    # As Python runs a file: its own folder is searched first.
    return _Walk([str(file.resolve().parent), *sys.path, str(Path.cwd())]).from_file(file)


def identity(code: Mapping[str, Path]) -> str:
    """SHA-256 of a model's code: of its file alone where it imports nothing of the user's.

    Of a NIR graph, whose code is its importer's: of the file and of the importer's version.

    Args:
        code: Files as `closure` gives them; where they lie is no part of it.
    """
    digests = {
        name: identity_of_graph(file) if is_graph(file.name) else digest_of(file)
        for name, file in code.items()
    }
    if len(digests) == 1:
        return next(iter(digests.values()))
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def function_of(reference: str) -> str:
    """The name of a reference's function: a file's digest does not tell one of its functions apart.

    Args:
        reference: A model's or a data function's.

    Returns:
        Nothing of a file that is a model as a whole: a graph, or an object of Python's.
    """
    whole = is_graph(reference) or is_pickle(reference)
    return "" if whole else reference.rpartition(":")[2]


def unnamed(
    code: Mapping[str, Path], before: Collection[str] = (), data: str = ""
) -> dict[str, str]:
    """What a built model has loaded of the user's code that its source does not name.

    Args:
        code: Files as `closure` gives them.
        before: Names of modules that were loaded before it was built.
        data: Reference of the function that gives its data, whose code is not the model's; empty
            where there is none.

    Returns:
        SHA-256 of each file, by its path.
    """
    bundled = bundled_folder()
    others = closure(data).values() if data else ()
    named = {file.resolve() for file in (*code.values(), *others)}
    files = {
        file.resolve()
        for name, file in loaded_modules().items()
        if name not in before
        and name.partition(".")[0] not in _measuring()
        and origin_of(file) == "user"
    }
    return {
        str(file): digest_of(file)
        for file in sorted(files - named)
        if file.is_file() and not file.is_relative_to(bundled)
    }


class _Walk:
    """A walk from import to import.

    Attributes:
        search: Folders where top-level modules are looked for.
        found: Files by dotted name.
    """

    def __init__(self, search: list[str]) -> None:
        self.search = search
        self.found: dict[str, Path] = {}
        self._todo: list[tuple[Path, str]] = []  # a file, and the package it lies in

    def from_file(self, file: Path) -> dict[str, Path]:
        self.found[""] = file
        self._todo.append((file, ""))
        return self._finish()

    def from_module(self, name: str, file: Path) -> dict[str, Path]:
        self.found[name] = file  # an installed one has no more to it
        if origin_of(file) == "user":
            package = name if file.name == "__init__.py" else name.rpartition(".")[0]
            self._todo.append((file, package))
            self._take(name)  # and the packages that it lies in
        return self._finish()

    def _finish(self) -> dict[str, Path]:
        while self._todo:
            file, package = self._todo.pop()
            try:
                found = _imports(file, digest_of(file)) if file.suffix == ".py" else ()
            except OSError as error:
                raise ModelError(f"{file}: cannot be read: {error.strerror}") from error
            for each in found:
                self._follow(each, package)
        return self.found

    def _follow(self, found: _Import, package: str) -> None:
        name = found.module
        if found.level:
            parts = package.split(".") if package else []
            if found.level > len(parts):
                return  # beyond the top: it fails when it runs
            base = ".".join(parts[: len(parts) - found.level + 1])
            name = f"{base}.{name}" if name else base
        self._take(name)
        for taken in found.names:
            if taken != "*":
                self._take(f"{name}.{taken}")  # a submodule, or else a name in the module
            elif (init := self.found.get(name)) is not None:
                for offered in _offered(init, digest_of(init)):
                    self._take(f"{name}.{offered}")

    def _take(self, name: str) -> None:
        """Add a module and the packages it lies in, as far as they exist and are the user's."""
        for dotted, spec in self._chain(name):
            origin = spec.origin
            if origin is None or dotted in self.found or not Path(origin).is_file():
                continue  # a namespace has no code of its own
            self.found[dotted] = Path(origin)
            is_package = spec.submodule_search_locations is not None
            self._todo.append((Path(origin), dotted if is_package else dotted.rpartition(".")[0]))

    def _chain(self, name: str) -> Iterator[tuple[str, ModuleSpec]]:
        parts = name.split(".")
        if parts[0] == OURS or parts[0] in sys.stdlib_module_names:
            return
        spec = top_level(parts[0], self.search)
        for depth in range(1, len(parts) + 1):
            if spec is None or not _is_users(spec):
                return
            yield ".".join(parts[:depth]), spec
            if depth == len(parts) or spec.submodule_search_locations is None:
                return
            spec = in_folders(".".join(parts[: depth + 1]), spec.submodule_search_locations)


def _is_users(spec: ModuleSpec) -> bool:
    places = [spec.origin] if spec.has_location else [*(spec.submodule_search_locations or ())]
    return any(origin_of(Path(place)) == "user" for place in places if place)


@cache
def _measuring() -> set[str]:
    """Benchbench and what it needs: loaded to measure, if they are editable installations too."""
    needs = importlib.metadata.requires(OURS) or []
    names = [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs]
    return {OURS, *(name.replace("-", "_") for name in names)}


@lru_cache(maxsize=4096)
def _imports(file: Path, _digest: str) -> tuple[_Import, ...]:
    """The imports anywhere in a file, in functions too; none of a file that is not Python."""
    found = []
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            found += [_Import(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found.append(_Import(node.level, node.module or "", names))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in BY_NAME:
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                module = name.value.lstrip(".")
                found.append(_Import(len(name.value) - len(module), module))
    return tuple(found)


@lru_cache(maxsize=4096)
def _offered(file: Path, _digest: str) -> tuple[str, ...]:
    """The names in a module's ``__all__``, as far as it is written out."""
    return tuple(
        item.value
        for node in _tree(file).body
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == "__all__"
        for item in ast.walk(node.value)
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    )


def _tree(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # it fails when it runs
        return ast.Module([], [])
