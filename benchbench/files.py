"""Files that are written whole or not at all, and what they hold."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import stat
import sys
import tempfile
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["content_of", "digest_of", "expanded", "module_at", "write_text", "write_whole"]


def expanded(text: str) -> Path:
    """The path that a text names, ``~`` and ``~user`` replaced where there is such a user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such user: then there is no such file either
        return Path(text)


class _Beside:
    """Finds what files that are loaded by their place import from beside them, as Python does.

    Unlike Python, a file beside them that is named like one of the standard library's does no harm.
    """

    def __init__(self) -> None:
        self.folders = list[str]()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is not None or name in sys.stdlib_module_names:
            return None
        spec = PathFinder.find_spec(name, self.folders, target)
        if spec is not None and spec.loader is None and PathFinder.find_spec(name) is not None:
            return None  # a mere folder of that name is not what is meant
        return spec


_beside = _Beside()


def module_at(file: Path, name: str) -> ModuleType:
    """Load a Python file by its place; once a process for each name.

    It may import the files beside it, now and later.

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
    if _beside not in sys.meta_path:
        sys.meta_path.insert(0, _beside)
    if (folder := str(file.resolve().parent)) not in _beside.folders:
        _beside.folders.append(folder)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def content_of(file: Path, most_bytes: int) -> bytes:
    """What is in a file; a pipe or a device is not waited for, and no more than a limit is read.

    Args:
        file: The file.
        most_bytes: Bytes that such a file may have.

    Raises:
        OSError: It cannot be read, is no regular file, or is larger; `strerror` is the reason.
    """
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a NUL in its name
        raise OSError(errno.EINVAL, str(error), str(file)) from error
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "a folder, no file", str(file))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "no regular file, but a pipe or a device", str(file))
        with open(handle, "rb", closefd=False) as source:
            content = source.read(most_bytes + 1) if found.st_size <= most_bytes else None
        if content is None or len(content) > most_bytes:
            size, most = (f"{count / 2**20:,.1f} MiB" for count in (found.st_size, most_bytes))
            raise OSError(errno.EFBIG, f"{size}: at most {most} are read", str(file))
    finally:
        os.close(handle)
    return content


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
