"""What others add: found by entry points, or named in a suite; no file of ours knows of it.

A package offers a probe, meter, data set, framework, formula or report format by an entry point of
one of these groups; a suite names a file of its own under ``extensions:``. Loading it runs its
decorator (``@probe``, ``@meter`` ...), and that is all: the registry does the rest. What cannot be
loaded is kept with its reason, and costs nothing but itself.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import BenchbenchError
from benchbench.files import expanded, module_at

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "GROUPS",
    "Extension",
    "digest_of_reference",
    "installed",
    "known",
    "load",
    "load_installed",
    "note",
    "origin",
    "refuse",
    "source_of",
    "why",
]

GROUPS = {
    "probe": "benchbench.probes",
    "meter": "benchbench.meters",
    "data set": "benchbench.data",
    "framework": "benchbench.frameworks",
    "formula": "benchbench.formulas",
    "report format": "benchbench.reports",
}
OWN = "benchbench."
LOADED = "benchbench_extension_"  # begins the name of a file's module


@dataclass(frozen=True, slots=True)
class Extension:
    """Something that was added from outside.

    Attributes:
        kind: What it is: a key of `GROUPS`; empty where it could not be loaded, and is a file's.
        name: Name under which it is listed.
        reference: Place it was loaded from: ``module:name``, or ``file.py:name``.
        package: Distribution that it came with; for a file its name.
        version: Version of the distribution; for a file the first digits of its SHA-256.
        problem: Why it could not be loaded; empty where it was.
    """

    kind: str
    name: str
    reference: str
    package: str
    version: str
    problem: str = ""


_origins: dict[str, tuple[str, str, str]] = {}  # reference, package, version, by module
_declared: dict[tuple[str, str], str] = {}  # module, by kind and name
_failed: dict[str, Extension] = {}  # by reference
_packages: set[str] = set()


def note(kind: str, name: str, module: str) -> bool:
    """Remember what a decorator has declared; every registry calls it.

    Returns:
        Whether it is from outside.
    """
    if f"{module}.".startswith(OWN):
        return False
    _declared[kind, name] = module
    return True


def origin(module: str) -> str:
    """Whose a module is, in words: ``benchbench``, or a package and its version."""
    if f"{module}.".startswith(OWN):
        return "benchbench"
    _, package, version = _origins.get(module, ("", module.partition(".")[0], ""))
    return f"{package} {version}".strip()


@cache
def load_installed(kind: str) -> None:
    """Load what installed packages offer of one kind; once a process."""
    for point in metadata.entry_points(group=GROUPS[kind]):
        distribution = point.dist
        package, version = (
            (distribution.name, distribution.version) if distribution else (point.module, "")
        )
        _origins[point.module] = (point.value, package, version)
        _packages.add(f"{package} {version}")
        try:
            point.load()
        except Exception as error:  # noqa: BLE001 - another's code may raise whatever it likes
            _failed[point.value] = Extension(
                kind, point.name, point.value, package, version, why(error)
            )


def load(references: Iterable[str], folder: Path) -> None:
    """Load what a suite names; what cannot be loaded is in `known`, with the reason.

    Args:
        references: ``path/to/file.py:name`` or ``package.module:name``.
        folder: Where relative paths start.
    """
    for reference in references:
        place, _, name = reference.rpartition(":")
        digest = ""
        try:
            digest = digest_of_reference(reference, folder)
            if not place.endswith(".py"):
                _origins.setdefault(place, (reference, place.partition(".")[0], digest[:12]))
                getattr(importlib.import_module(place), name)
            else:
                module = f"{LOADED}{Path(place).stem}_{digest[:8]}"
                _origins[module] = (reference, Path(place).name, digest[:12])
                getattr(module_at(folder / place, module), name)
        except Exception as error:  # noqa: BLE001 - see above
            _failed[reference] = Extension(
                "", name, reference, Path(place).name, digest[:12], why(error)
            )


def refuse(kind: str, name: str, module: str, error: BaseException) -> None:
    """Remember that something that was declared cannot be taken, and why.

    Args:
        kind: Key of `GROUPS`.
        name: Its name.
        module: Name of the module that declared it.
        error: Why it cannot be taken.
    """
    reference, package, version = _origins.get(module, (module, module.partition(".")[0], ""))
    _declared.pop((kind, name), None)
    _failed[f"{reference} {name}"] = Extension(kind, name, reference, package, version, why(error))


def installed() -> list[str]:
    """Packages and versions of what `load_installed` has found, a part of a run's identity."""
    return sorted(_packages)


def known() -> list[Extension]:
    """Everything from outside that this process has loaded, or could not load."""
    found = []
    for (kind, name), module in sorted(_declared.items()):
        reference, package, version = _origins.get(module, (module, module.partition(".")[0], ""))
        found.append(Extension(kind, name, reference, package, version))
    return [*found, *_failed.values()]


def source_of(reference: str, folder: Path) -> Path:
    """The file that a reference of a suite names, found without executing anything.

    Raises:
        BenchbenchError: There is none.
    """
    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name.isidentifier():
        raise BenchbenchError("expected path/to/file.py:name or package.module:name")
    if place.endswith(".py"):
        file = folder / expanded(place)
        if file.is_file():
            return file
        raise BenchbenchError(f"no file {file}")
    top, *parts = place.split(".")
    spec = importlib.util.find_spec(top)
    roots = [Path(root) for root in (spec.submodule_search_locations or [])] if spec else []
    for root in roots:
        for file in (
            root.joinpath(*parts) / "__init__.py",
            root.joinpath(*parts).with_suffix(".py"),
        ):
            if file.is_file():
                return file
    if spec is not None and spec.origin and not parts:
        return Path(spec.origin)
    raise BenchbenchError(f"no module {place!r} can be imported here")


def digest_of_reference(reference: str, folder: Path) -> str:
    """SHA-256 of the file that a reference names.

    Raises:
        BenchbenchError: There is none.
    """
    return hashlib.sha256(source_of(reference, folder).read_bytes()).hexdigest()


def why(error: BaseException) -> str:
    """An exception in one line, for a report."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
