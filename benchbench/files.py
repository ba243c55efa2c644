"""Files that are written whole or not at all, and what they hold."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["digest_of", "module_at", "write_text", "write_whole"]


def module_at(file: Path, name: str) -> ModuleType:
    """Load a Python file by its place; once a process for each name.

    Args:
        file: The file.
        name: Name of its module, that of no other.

    Raises:
        ImportError: It is no file that Python loads. What its own code raises is passed on.
    """
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def digest_of(file: Path) -> str:
    """SHA-256 of a file.

    Raises:
        OSError: It cannot be read.
    """
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file, then put it in place of the old one: whole or not at all.

    Raises:
        OutputError: The disk is full or the folder cannot be written; the old file is still there.
    """
    name = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        os.close(handle)
        write(Path(name))
        with Path(name).open("rb") as written:
            os.fsync(written.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except (OSError, RuntimeError) as error:  # torch's writer raises a RuntimeError on a full disk
        why = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise OutputError(f"{file}: cannot be written: {why}; what was there is kept") from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def write_text(file: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    write_whole(file, lambda place: place.write_text(text, "utf-8"))
