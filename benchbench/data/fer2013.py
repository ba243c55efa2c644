"""FER2013 as it is found: csv of both layouts, train + test, gz, zip, folders."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchbench.data import CLASS_NAMES, SIDE, FaceData
from benchbench.data.cache import cached
from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read"]

PIXELS = SIDE * SIDE
USAGES = ("Training", "PublicTest", "PrivateTest")
SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
IMAGE_ENDINGS = {".png", ".jpg", ".jpeg"}


def read(path: Path) -> FaceData:
    """Read FER2013 from a csv, a gzipped or zipped one, or a folder.

    Args:
        path: The file; for train.csv + test.csv either of them or their folder.

    Raises:
        DataError: It is broken; the message has the row (the header being row 1).
    """
    entries = _entries(path)
    digest = hashlib.sha256()
    for name, content in entries:
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    name = digest.hexdigest()
    images, labels, usage = cached(name, lambda: _decode(path, entries))
    notes = ("a test.csv without labels was left out",) if _unlabelled(entries) else ()
    return FaceData(
        "fer2013",
        images,
        labels,
        usage,
        CLASS_NAMES,
        synthetic=False,
        source=str(path),
        digest=name,
        warnings=notes,
    )


Entry = tuple[str, bytes]
Arrays = tuple["np.ndarray", "np.ndarray", "np.ndarray"]


def _entries(path: Path) -> list[Entry]:
    """The csv files or images behind a path, by name, decompressed."""
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.suffix == ".zip":
            return _of_zip(path)
        content = path.read_bytes()
        return [
            (
                path.name.removesuffix(".gz"),
                gzip.decompress(content) if path.suffix == ".gz" else content,
            )
        ]
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError(path, f"truncated or damaged archive: {error}") from error
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}") from error


def _wanted(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_ENDINGS or name.endswith(".csv")


def _of_folder(path: Path) -> list[Entry]:
    files = sorted(file for file in path.rglob("*") if _wanted(file.name))
    if not files:
        raise DataError(path, "no csv file and no png or jpg images in this folder")
    csvs = [file for file in files if file.suffix == ".csv"]
    return [(str(file.relative_to(path)), file.read_bytes()) for file in csvs or files]


def _of_zip(path: Path) -> list[Entry]:
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if _wanted(name))
        if not names:
            raise DataError(path, "no csv file and no png or jpg images in this archive")
        csvs = [name for name in names if name.endswith(".csv")]
        return [(name, archive.read(name)) for name in csvs or names]


def _unlabelled(entries: list[Entry]) -> bool:
    return (
        any(name.endswith(".csv") and b"emotion" not in content[:200] for name, content in entries)
        and len(entries) > 1
    )


def _decode(path: Path, entries: list[Entry]) -> Arrays:
    if not entries[0][0].endswith(".csv"):
        return _decode_images(path, entries)
    labelled = [
        entry
        for entry in entries
        if not (_unlabelled(entries) and b"emotion" not in entry[1][:200])
    ]
    by_name = {Path(name).name: (name, content) for name, content in labelled}
    chosen = next(
        (
            by_name[name]
            for name in ("fer2013.csv", "icml_face_data.csv", "train.csv")
            if name in by_name
        ),
        labelled[0],
    )
    rows = list(_rows(path, chosen[1]))
    images = np.stack([row[1] for row in rows]).reshape(-1, SIDE, SIDE)
    return images, np.array([row[0] for row in rows], np.int64), np.array([row[2] for row in rows])


def _rows(path: Path, content: bytes) -> Iterator[tuple[int, np.ndarray, str]]:
    """Label, pixels uint8 [2304] and split of each row.

    Raises:
        DataError: A row is broken; the message has its number.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(path, f"not UTF-8 text: {error.reason}") from error
    if not text.strip():
        raise DataError(path, "the file is empty")
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader)]
    for column in ("emotion", "pixels"):
        if column not in header:
            semicolon = "; the delimiter is not a comma" if len(header) == 1 else ""
            raise DataError(
                path, f"no column {column!r}, found {', '.join(header)}{semicolon}", row=1
            )
    emotion, pixels = header.index("emotion"), header.index("pixels")
    split = header.index("Usage") if "Usage" in header else None
    count = 0
    for fields in reader:
        row, count = reader.line_num, count + 1
        if len(fields) != len(header):
            raise DataError(
                path,
                f"expected {len(header)} fields, found {len(fields)}; the file "
                "may be truncated here",
                row=row,
            )
        usage = "Training" if split is None else fields[split].strip()
        if usage not in USAGES:
            raise DataError(
                path,
                f"Usage {usage!r} is none of {', '.join(USAGES)}; the file may be truncated here",
                row=row,
            )
        yield _label(path, fields[emotion], row), _pixels(path, fields[pixels], row), usage
    if count == 0:
        raise DataError(path, "a header and no rows", row=1)


def _label(path: Path, text: str, row: int) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or int(text) >= len(CLASS_NAMES):
        raise DataError(path, f"label {text!r}: expected 0 to {len(CLASS_NAMES) - 1}", row=row)
    return int(text)


def _pixels(path: Path, text: str, row: int) -> np.ndarray:
    parts = text.split()
    if len(parts) != PIXELS:
        raise DataError(path, f"{len(parts)} pixels: expected {PIXELS}", row=row)
    try:
        return np.frombuffer(bytes(map(int, parts)), np.uint8)
    except ValueError as error:
        wrong = next(part for part in parts if not (part.isdigit() and int(part) < 256))
        text = f"a pixel is {wrong!r}: expected a number from 0 to 255"
        raise DataError(path, text, row=row) from error


def _decode_images(path: Path, entries: list[Entry]) -> Arrays:
    """Images under ``train/<class>/`` and ``test/<class>/``."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only folders of images need it

    images, labels, usage = [], [], []
    for name, content in entries:
        parts = [part.lower() for part in Path(name).parts]
        known = [SYNONYMS.get(part, part) for part in parts[:-1]]
        found = [part for part in known if part in CLASS_NAMES]
        if not found or not {"train", "test"} & set(parts):
            raise DataError(f"{path}/{name}", "expected train/<class>/<image> or test/<class>/...")
        try:
            with Image.open(io.BytesIO(content)) as image:
                pixels = np.asarray(image.convert("L"))
        except (UnidentifiedImageError, OSError) as error:
            raise DataError(f"{path}/{name}", f"not an image: {error}") from error
        if pixels.shape != (SIDE, SIDE):
            shape = f"{pixels.shape[1]}x{pixels.shape[0]}"
            raise DataError(f"{path}/{name}", f"the image is {shape}: expected {SIDE}x{SIDE}")
        images.append(pixels)
        labels.append(CLASS_NAMES.index(found[-1]))
        usage.append("Training" if "train" in parts else "Test")
    return np.stack(images), np.array(labels, np.int64), np.array(usage)
