"""FER+: the votes of ten taggers for each image of FER2013, as one label an image.

Source: Barsoum et al. 2016 (arXiv:1608.01041) and the file ``fer2013new.csv`` of its authors. Row N
of the votes belongs to row N of FER2013; an image without a name is no face.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchbench.data import CLASS_NAMES, FaceData
from benchbench.data.csv_rows import header_of, quoted, rows_of, whole_number
from benchbench.errors import DataError
from benchbench.files import content_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from benchbench.data.source import Rule

__all__ = ["CLASS_NAMES_PLUS", "read_votes", "relabel"]

CLASS_NAMES_PLUS = (*CLASS_NAMES, "contempt")
# The file's columns in its own order, which decides ties, and our names for them.
COLUMNS = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "contempt": "contempt",
}
DROPPED = ("unknown", "NF")
TAGGERS = 10
MOST_BYTES = 1 << 26  # the published file has 2 MB


def read_votes(path: Path) -> tuple[NDArray[np.int64], list[str], NDArray[np.bool_], str]:
    """The votes of every row.

    Args:
        path: ``fer2013new.csv``.

    Returns:
        Votes [N, 10] (the file's eight classes, unknown, not a face), the split of each row,
        whether the row has an image name [N], and the SHA-256 of the file.

    Raises:
        DataError: The file is broken; the message has the row.
    """
    try:
        content = content_of(path, MOST_BYTES)
    except OSError as error:
        raise DataError(path, f"cannot be read: {error.strerror}") from error
    header = header_of(path, content)
    missing = [n for n in ("Usage", "Image name", *COLUMNS, *DROPPED) if n.lower() not in header]
    if missing:
        raise DataError(path, f"no column {missing[0]!r}: expected the votes of FER+", row=1)
    places = [header.index(name.lower()) for name in (*COLUMNS, *DROPPED)]
    usage, name = header.index("usage"), header.index("image name")
    votes, splits, named = list[list[int]](), [], []
    for row, fields in rows_of(path, content):
        if row == 1:
            continue
        cells = [fields[place].strip() for place in places]
        given = [
            number for cell in cells if (number := whole_number(cell, TAGGERS + 1)) is not None
        ]
        if len(given) < len(cells):
            wrong = next(cell for cell in cells if whole_number(cell, TAGGERS + 1) is None)
            raise DataError(path, f"votes {quoted(wrong)}: expected 0 to {TAGGERS}", row=row)
        votes.append(given)
        splits.append(fields[usage].strip())
        named.append(bool(fields[name].strip()))
    if not votes:
        raise DataError(path, "a header and no rows", row=1)
    digest = hashlib.sha256(content).hexdigest()
    return np.array(votes), splits, np.array(named), digest


def relabel(data: FaceData, path: Path, rule: Rule) -> FaceData:
    """FER2013's images with FER+'s labels: eight classes, unknown and not-a-face dropped.

    Args:
        data: All of FER2013 in its published order.
        path: ``fer2013new.csv``.
        rule: ``ferplus``: the class with most votes (of a tie the file's first).
            ``ferplus_majority``: Microsoft's rule; single votes are dropped and the winner needs
            more than half of the rest.

    Raises:
        DataError: The files do not belong together; the message has the row.
    """
    votes, splits, named, digest = read_votes(path)
    if len(votes) != len(data):
        raise DataError(
            path,
            f"{len(votes):,} rows of votes for {len(data):,} images of {data.source}: FER+ needs "
            "the whole of fer2013.csv in its published order",
        )
    apart = np.flatnonzero(np.array(splits) != data.usage)
    if len(apart):
        row = int(apart[0]) + 2
        raise DataError(path, f"Usage differs from {data.source} on the same row", row=row)
    if rule == "ferplus_majority":
        votes = np.where(votes <= 1, 0, votes)
        clear = votes.max(1) > votes.sum(1) / 2
    else:
        clear = named
    winners = votes.argmax(1)
    keep = clear & (winners < len(COLUMNS))
    ours = [CLASS_NAMES_PLUS.index(name) for name in COLUMNS.values()]
    labels = np.array([*ours, -1, -1])[winners]  # [N]; the last two are dropped
    return replace(
        replace(data, labels=labels, rows=np.arange(len(data)) + 2).where(keep),
        name=f"{data.name} with FER+ labels ({rule})",
        class_names=CLASS_NAMES_PLUS,
        digest=hashlib.sha256(f"{data.digest} {digest} {rule}".encode()).hexdigest(),
    )
