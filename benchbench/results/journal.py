"""The journal of a run: one JSON line a finished job, on disk before the next job starts."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchbench.codec import from_json
from benchbench.errors import OutputError, ResultError
from benchbench.files import content_of, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

__all__ = [
    "JOURNAL",
    "SCHEMA_VERSION",
    "Journal",
    "LockedError",
    "free_name",
    "read",
    "read_on",
    "replace",
]

JOURNAL = "journal.jsonl"
MOST_BYTES = 1 << 28  # of a journal; one with a thousand jobs has some tens of MB
SEAL = "sha256"
_SEAL_BYTES = len(f', "{SEAL}": "{"0" * 64}"}}')
SCHEMA_VERSION = 1
"""Version of journal and results files, and part of every cell's identity."""


def read(folder: Path) -> list[dict[str, Any]]:
    """The records of a run's journal; a torn last line (a killed run) is left out.

    Of a line that is damaged a record of the kind ``damaged`` stands in its place, with the
    `line`'s number and `why`: every whole line is kept.

    Raises:
        ResultError: There is no journal.
    """
    file = folder / JOURNAL
    try:
        lines = content_of(file, MOST_BYTES).split(b"\n")
    except OSError as error:
        raise ResultError(f"{file}: cannot be read: {error.strerror}") from error
    # What follows the last newline is torn or empty.
    return [_record(line, number) for number, line in enumerate(lines[:-1], 1)]


def read_on(file: Path, start: int) -> tuple[list[dict[str, Any]], int]:
    """The whole records of a journal that somebody else is writing, from a place on.

    Args:
        file: The journal.
        start: Bytes that have been read before; of a journal that is shorter now, all is read.

    Returns:
        The records, as `read` has them, and the bytes that have been read now.

    Raises:
        ResultError: It cannot be read.
    """
    try:
        with file.open("rb") as stream:
            start = start if start <= os.fstat(stream.fileno()).st_size else 0
            stream.seek(start)
            text = stream.read(MOST_BYTES)
    except OSError as error:
        raise ResultError(f"{file}: cannot be read: {error.strerror}") from error
    lines = text[: text.rfind(b"\n") + 1].splitlines(keepends=True)
    found = [_record(line.rstrip(b"\n"), number) for number, line in enumerate(lines, 1)]
    return found, start + sum(map(len, lines))


def _record(line: bytes, number: int) -> dict[str, Any]:
    """A line's record, without its checksum; lines of before have none."""
    record, why = None, "no record"
    try:
        record = from_json(line)
    except ValueError as error:
        why = str(error)
    if isinstance(record, dict) and isinstance(record.get("kind"), str):
        if record.pop(SEAL, None) in (None, _digest(line[:-_SEAL_BYTES] + b"}")):
            return record
        why = "it is not what its checksum says"
    return {"kind": "damaged", "line": number, "why": why}


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _sealed(record: Mapping[str, Any]) -> bytes:
    """A record as a line, its checksum at the end: whatever happens to it is noticed."""
    line = json.dumps(record, allow_nan=False).encode()
    return line[:-1] + f', "{SEAL}": "{_digest(line)}"}}\n'.encode()


class LockedError(OutputError):
    """Another run writes this journal."""


class Journal:
    """An open journal: locked against a second writer, every line fsynced."""

    def __init__(self, folder: Path) -> None:
        """Open or create the journal in `folder`, cutting off a torn last line.

        Raises:
            LockedError: Another run is writing it.
            OutputError: The folder cannot be written.
        """
        self._path = folder / JOURNAL
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self._path}: cannot be written: {error.strerror}; give another folder (--out)"
            ) from error
        self._file = _locked(self._path)
        self._file.seek(0)
        self._file.truncate(self._file.read().rfind(b"\n") + 1)

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record and wait until it is on disk.

        Raises:
            OutputError: It cannot be written (full disk); what was written before is safe.
        """
        end = self._file.seek(0, os.SEEK_END)
        try:
            line = memoryview(_sealed(record))
            while line:  # a disk that is nearly full takes a part and refuses the rest
                line = line[self._file.write(line) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), end)  # no torn line in the middle of the next run
            raise OutputError(
                f"{self._path}: cannot be written: {error.strerror}; the jobs before are kept, "
                "run the same command again when there is room"
            ) from error

    def close(self) -> None:
        """Release the lock."""
        self._file.close()

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


def free_name(folder: Path) -> Path:
    """The name that a damaged journal is kept under: ``journal.damaged.jsonl``, or the next one."""
    stem, _, ending = JOURNAL.partition(".")
    names = (f"{stem}.damaged{number}.{ending}" for number in ("", *range(2, 1000)))
    return next(place for name in names if not (place := folder / name).exists())


def replace(folder: Path, aside: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Keep a journal as it is under another name, and write another in its place at one stroke.

    Args:
        folder: The run's.
        aside: Name to keep it under.
        records: The journal's own; where there are none there is no journal any more.

    Raises:
        LockedError: Another run is writing it.
        OutputError: It cannot be written.
    """
    file = folder / JOURNAL
    with _locked(file):
        write_whole(aside, lambda place: shutil.copyfile(file, place))
        if records:
            lines = b"".join(map(_sealed, records))
            write_whole(file, lambda place: place.write_bytes(lines))
        else:
            file.unlink()


def _locked(file: Path) -> FileIO:
    """A journal's file, open and locked.

    Raises:
        LockedError: Another run is writing it.
        OutputError: It cannot be written or locked.
    """
    try:
        out = FileIO(file, "a+")  # nothing left to flush later
    except OSError as error:
        raise OutputError(
            f"{file}: cannot be written: {error.strerror}; give another folder (--out)"
        ) from error
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _holder(out.fileno())
        out.close()
        raise LockedError(f"{file.parent}: {holder} is writing here") from error
    except OSError as error:
        out.close()
        raise OutputError(f"{file}: cannot be locked: {error.strerror}") from error
    return out


def _holder(descriptor: int) -> str:
    """Who has locked a file, as far as the kernel says."""
    file = os.fstat(descriptor)
    place = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text("ascii").splitlines():
            words = line.split()  # 1: FLOCK ADVISORY WRITE <pid> <device>:<inode> 0 EOF
            if words[1] == "FLOCK" and words[5] == place and int(words[4]) > 0:
                return f"another benchbench run (process {words[4]})"
    return "another benchbench run"
