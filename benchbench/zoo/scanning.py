"""Folders of models: what is registered in their files, told from the source alone."""

from __future__ import annotations

import ast
import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import ModelError
from benchbench.zoo.source import ModelInfo, info_of, is_register, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["bundled_folder", "matching", "scan"]


def bundled_folder() -> Path:
    """The folder of benchbench's own models: inside the installed package, or beside it."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def scan(folder: Path, passed_over: list[str] | None = None) -> dict[str, ModelInfo]:
    """Every ``@register``ed function of the Python files in `folder`, by name.

    Args:
        folder: The folder.
        passed_over: Takes in why each file was passed over that is no Python or cannot be read: it
            may have nothing to do with benchmarks.

    Raises:
        ModelError: Two functions share a name.
    """
    files = sorted(folder.glob("*.py"))
    found, faults = _scanned(tuple((it, *_stamp(it)) for it in files))
    if passed_over is not None:
        passed_over += faults
    return dict(found)


def _stamp(file: Path) -> tuple[int, int]:
    """What changes where a file is written again."""
    try:
        found = file.stat()
    except OSError:  # a link to nowhere; reading it tells why
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=16)
def _scanned(
    files: tuple[tuple[Path, int, int], ...],
) -> tuple[dict[str, ModelInfo], tuple[str, ...]]:
    """The models of some files, and why each was passed over that is no Python."""
    found: dict[str, ModelInfo] = {}
    faults: list[str] = []
    for file, _, _ in files:
        try:
            tree, digest = parse(file)
        except ModelError as error:
            faults.append(str(error))
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and any(map(is_register, node.decorator_list)):
                if node.name in found:
                    raise ModelError(
                        f"{file}:{node.lineno}: model {node.name!r} is registered already by "
                        f"{found[node.name].file}"
                    )
                found[node.name] = info_of(node, tree, file, digest)
    return found, tuple(faults)


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that match a shell wildcard, sorted."""
    return sorted(name for name in names if fnmatch.fnmatchcase(name, pattern))
