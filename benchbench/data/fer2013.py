"""FER2013 as it is found: csv of both layouts, one csv a split, gz, zip, folders of images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from benchbench.data import CLASS_NAMES, SIDE, FaceData, image_folder
from benchbench.data.cache import cached
from benchbench.data.csv_rows import header_of, listed, quoted, rows_of, whole_number
from benchbench.data.entries import SPLIT_OF, Entry, entries_of
from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchbench.data.cache import Arrays

__all__ = ["read"]

PIXELS = SIDE * SIDE
USAGES = {name.lower(): name for name in ("Training", "PublicTest", "PrivateTest")}
WHOLE = ("fer2013.csv", "icml_face_data.csv")  # published files that hold every split
SIGNS = "+-_"  # `int` takes them, and no pixel has one


def read(path: Path) -> FaceData:
    """Read FER2013 from a csv, a gzipped or zipped one, or a folder.

    Args:
        path: The file; for one csv a split (train.csv and test.csv) their folder.

    Raises:
        DataError: It is broken; the message has the row (the header being row 1).
    """
    found = entries_of(path)
    files, notes = found.files, list(found.notes)
    tables = list[_Table]()
    if not found.images:
        tables = _tables(path, files, notes)
        files = tuple(table.file for table in tables)
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{len(file.content)}\0".encode() + file.content)
    for table in tables:  # what the content alone does not say
        digest.update(table.by_name.encode())
    name = digest.hexdigest()
    images, labels, usage = cached(
        name, lambda: image_folder.decode(files) if found.images else _decode(tables)
    )
    return FaceData(
        "fer2013",
        images,
        labels,
        usage,
        CLASS_NAMES,
        synthetic=False,
        source=str(path),
        digest=name,
        warnings=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """A csv file.

    Attributes:
        file: Name and content.
        columns: Names of its columns, in lower case.
        by_name: Split of all its rows; empty where its column ``Usage`` says each row's.
    """

    file: Entry
    columns: list[str]
    by_name: str


def _tables(path: Path, files: Sequence[Entry], notes: list[str]) -> list[_Table]:
    """The tables that are read, in their order; what is left out or read as another is noted."""
    headers = {file.name: header_of(file.place, file.content) for file in files}
    labelled = [file for file in files if "emotion" in headers[file.name]] or [files[0]]
    notes += [f"{it.name} was left out: it has no labels" for it in files if it not in labelled]
    whole = [it for name in WHOLE for it in labelled if PurePosixPath(it.name).name == name]
    if whole:
        notes += [
            f"{it.name} was left out: read from {whole[0].name}"
            for it in labelled
            if it is not whole[0]
        ]
        labelled = whole[:1]
    tables = []
    for file in labelled:
        columns = headers[file.name]
        for column in ("emotion", "pixels"):
            if column not in columns:
                semicolon = "; the delimiter is not a comma" if len(columns) == 1 else ""
                text = f"no column {column!r}, found {listed(columns)}{semicolon}"
                text += "; expected FER2013's header: emotion,pixels,Usage"
                raise DataError(file.place, text, row=1)
        others = [name for name in columns if name not in {"emotion", "pixels", "usage"}]
        if others:
            notes.append(f"{file.name}: columns that are not read: {listed([*map(repr, others)])}")
        tables.append(_Table(file, columns, "" if "usage" in columns else _split_of(file)))
    return _distinct(path, tables, notes)


def _split_of(file: Entry) -> str:
    """The split that a file's name says, or ``unknown``."""
    stem = PurePosixPath(file.name).stem.lower()
    return SPLIT_OF.get("".join(filter(str.isalpha, stem)), "unknown")


def _distinct(path: Path, tables: list[_Table], notes: list[str]) -> list[_Table]:
    """One table, or one a split.

    Raises:
        DataError: It cannot be told which file is which split.
    """
    if len(tables) == 1:
        if tables[0].by_name != "unknown":
            return tables
        notes.append(f"{tables[0].file.name} has no column Usage: every row counts as Training")
        return [_Table(tables[0].file, tables[0].columns, "Training")]
    names = [table.by_name or _split_of(table.file) for table in tables]
    if "unknown" in names or len({*names}) < len(names):
        told = ", ".join(table.file.name for table in tables)
        raise DataError(
            path,
            f"which split is which of {told}? One csv file a split is called train.csv, "
            "publictest.csv, privatetest.csv or test.csv; else name the file that is meant",
        )
    order = ", ".join(
        f"{table.file.name} ({f'all {table.by_name}' if table.by_name else 'its own Usage'})"
        for table in tables
    )
    notes.append(f"read as one table, rows counted on from file to file: {order}")
    return tables


def _decode(tables: Sequence[_Table]) -> Arrays:
    rows = [row for table in tables for row in _rows(table)]
    images = np.stack([row[1] for row in rows]).reshape(-1, SIDE, SIDE)
    return images, np.array([row[0] for row in rows], np.int64), np.array([row[2] for row in rows])


def _rows(table: _Table) -> Iterator[tuple[int, np.ndarray, str]]:
    """Label, pixels uint8 [2304] and split of each row.

    Raises:
        DataError: A row is broken; the message has its number.
    """
    place, columns = table.file.place, table.columns
    emotion, pixels = columns.index("emotion"), columns.index("pixels")
    split = None if table.by_name else columns.index("usage")
    row = 1
    for row, fields in rows_of(place, table.file.content):
        if row == 1:
            continue
        usage = table.by_name if split is None else USAGES.get(fields[split].strip().lower())
        if usage is None:
            raise DataError(
                place,
                f"Usage {quoted(fields[split or 0].strip())} is none of "
                f"{', '.join(USAGES.values())}; the file may be truncated here",
                row=row,
            )
        yield _label(place, fields[emotion], row), _pixels(place, fields[pixels], row), usage
    if row == 1:
        raise DataError(place, "a header and no rows", row=1)


def _label(place: str, text: str, row: int) -> int:
    label = whole_number(text.strip(), len(CLASS_NAMES))
    if label is None:
        shown = quoted(text.strip())
        raise DataError(place, f"label {shown}: expected 0 to {len(CLASS_NAMES) - 1}", row=row)
    return label


def _pixels(place: str, text: str, row: int) -> np.ndarray:
    parts = text.split()
    if len(parts) != PIXELS:
        raise DataError(place, f"{len(parts)} pixels: expected {PIXELS}", row=row)
    try:
        if text.isascii() and not any(sign in text for sign in SIGNS):
            return np.frombuffer(bytes(map(int, parts)), np.uint8)
    except ValueError:
        pass  # which one it is, is looked for below
    wrong = next(part for part in parts if whole_number(part, 256) is None)
    text = f"a pixel is {quoted(wrong)}: expected a number from 0 to 255"
    raise DataError(place, text, row=row)
