"""The files behind a path, unpacked: a file, a folder or a zip, and what in it is left out."""

from __future__ import annotations

import errno
import gzip
import io
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from benchbench.data import VOTES
from benchbench.errors import DataError
from benchbench.files import content_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["SPLIT_OF", "Budget", "Entries", "Entry", "entries_of"]

CSV_ENDINGS = (".csv", ".csv.gz")
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg")
TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")
# What operating systems put beside files; nobody means it as data.
SYSTEM_NAMES = {"__macosx", ".ds_store", "thumbs.db", "desktop.ini"}
SHOWN_NAMES = 3
MOST_BYTES = 1 << 29  # of all files together, unpacked; FER2013 has 301 MB
PART_BYTES = 1 << 20

SPLIT_OF = {
    "train": "Training",
    "training": "Training",
    "publictest": "PublicTest",
    "privatetest": "PrivateTest",
    "test": "Test",
}
"""The split that a file's or folder's name says, in lower case and without marks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        name: Path in its folder or archive, without ``.gz``.
        place: Path that a message names.
        content: Bytes of it, decompressed.
    """

    name: str
    place: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Entries:
    """All csv files behind a path, or all images where there is no csv file.

    Attributes:
        files: Files, by name.
        images: Whether they are images.
        notes: Sentences on what was left out.
    """

    files: tuple[Entry, ...]
    images: bool
    notes: tuple[str, ...]


def entries_of(path: Path) -> Entries:
    """The csv files or images behind a path.

    Raises:
        DataError: It cannot be read, wholly: what may not be read is never left out.
    """
    if path.is_dir():
        return _chosen(path, _names_in(path), lambda name, most: _content(path / name, most))
    name = path.name.lower()
    if name.endswith(TAR_ENDINGS):
        raise DataError(path, "a tar archive: unpack it first, and name the folder or csv file")
    if name.endswith(".py"):
        text = f"a Python file: name the function of it that gives the data, {path.name}:FUNCTION"
        raise DataError(path, text)
    if not name.endswith(".zip"):
        budget = Budget()
        return Entries(
            (_entry(str(path), path.name, lambda: _content(path, budget), budget),), False, ()
        )
    if not path.is_file():
        raise DataError(path, "no regular file, but a pipe or a device")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {it.filename: it for it in archive.infolist() if not it.is_dir()}
            return _chosen(path, members, lambda name, most: _member(archive, members[name], most))
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
        raise DataError(
            path, f"truncated or damaged archive: {error}; copy or download it again"
        ) from error


def _chosen(path: Path, names: Iterable[str], read: Callable[[str, Budget], bytes]) -> Entries:
    budget = Budget()
    told = sorted(name for name in names if not _is_system(name))
    shown = [name for name in told if not _is_hidden(name) and PurePosixPath(name).name != VOTES]
    csvs = [name for name in shown if name.lower().endswith(CSV_ENDINGS)]
    pictures = [name for name in shown if name.lower().endswith(IMAGE_ENDINGS)]
    wanted = csvs or pictures
    # The votes of FER+ are read where its labels are asked for.
    others = [name for name in told if name not in {*wanted} and PurePosixPath(name).name != VOTES]
    if not wanted:
        has = f"; it has {_listed(others)}" if others else ""
        raise DataError(path, f"no csv file and no png or jpg images in it{has}")
    why = "beside the csv file" if csvs else "no png or jpg images"
    notes = (f"left out, {why}: {_listed(others)}",) if others else ()
    files = tuple(
        _entry(f"{path}/{name}", name, partial(read, name, budget), budget) for name in wanted
    )
    return Entries(files, images=not csvs, notes=notes)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more


def _is_system(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.lower() in SYSTEM_NAMES or part.startswith("._") for part in parts)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)


def _names_in(folder: Path) -> Iterator[str]:
    """The files below a folder; linked folders are gone into.

    Raises:
        DataError: A folder in it cannot be listed, or links back to one that it lies in.
    """

    def refuse(error: OSError) -> None:
        raise DataError(error.filename, f"cannot be read: {error.strerror}") from error

    for place, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        for name in folders:
            inner = Path(place, name)
            if inner.is_symlink() and inner.resolve() in {*Path(place, "x").resolve().parents}:
                raise DataError(inner, "a link to a folder that it lies in itself")
        yield from (Path(place, name).relative_to(folder).as_posix() for name in files)


class Budget:
    """How many bytes the rest of a source may have, unpacked: a small archive can hold terabytes.

    Attributes:
        left: Number of bytes.
    """

    def __init__(self) -> None:
        """Allow `MOST_BYTES`."""
        self.left = MOST_BYTES

    def taken(self, source: IO[bytes] | gzip.GzipFile) -> bytes:
        """All of a stream, read in parts.

        Raises:
            OSError: It is larger than what is left.
        """
        parts = []
        while part := source.read(PART_BYTES):
            parts.append(part)
            self.left -= len(part)
            if self.left < 0:
                raise OSError(errno.EFBIG, f"more than {MOST_BYTES / 2**20:,.0f} MiB, unpacked")
        return b"".join(parts)


def _content(file: Path, budget: Budget) -> bytes:
    content = content_of(file, budget.left)
    budget.left -= len(content)
    return content


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget) -> bytes:
    with archive.open(member) as source:
        return budget.taken(source)


def _entry(place: str, name: str, read: Callable[[], bytes], budget: Budget) -> Entry:
    try:
        content = read()
        if not name.lower().endswith(".gz"):
            return Entry(name, place, content)
        with gzip.open(io.BytesIO(content)) as source:
            return Entry(name[: -len(".gz")], place, budget.taken(source))
    except (EOFError, struct.error, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError(
            place, f"truncated or damaged archive: {error}; copy or download it again"
        ) from error
    except OSError as error:
        raise DataError(place, f"cannot be read: {error.strerror or error}") from error
    except (
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:  # a password, an unknown compression
        raise DataError(place, f"cannot be unpacked: {error}") from error
