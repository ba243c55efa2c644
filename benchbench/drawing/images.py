"""The images that figures are drawn from, and what is said of their data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchbench import data as data_room
from benchbench.display.text import neutral
from benchbench.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchbench.data import FaceData

__all__ = ["ShownImage", "faces_of", "first_of", "said_of"]


@dataclass(frozen=True, slots=True)
class ShownImage:
    """One image of the data.

    Attributes:
        values: float32 [48, 48] in [0, 1].
        name: Its class.
        where: Which image of which split it is.
    """

    values: NDArray[np.float32]
    name: str
    where: str


def faces_of(source: str, seed: int) -> FaceData:
    """The faces of a source; the seed is that of drawn ones.

    Raises:
        DataError: They cannot be read, or are no faces.
    """
    if data_room.kind_of(source) != "faces":
        raise DataError(source, "the paper's figures are of faces: give FER2013, or drawn ones")
    return data_room.load(source, seed=seed)


def first_of(data: FaceData, split: str, name: str) -> ShownImage:
    """The first image of a class in a split; of the whole data where there is no such split.

    Raises:
        DataError: There is no image of this class.
    """
    part = data.split(split) if (data.usage == split).any() else data
    called = split if part is not data else "the data"
    if name not in data.class_names:
        raise DataError(data.name, f"has no class {name!r}; it has {', '.join(data.class_names)}")
    rows = np.flatnonzero(part.labels == data.class_names.index(name))
    # FER2013 has some images that are all black; they show nothing.
    row = next((int(row) for row in rows if part.images[row].any()), None)
    if row is None:
        raise DataError(data.name, f"has no image of the class {name!r} in {called}")
    values = part.images[row].astype(np.float32) / 255
    return ShownImage(values, name, f"the first '{name}' image of {called}")


def said_of(name: str, source: str, seed: int, *, synthetic: bool) -> str:
    """One sentence on data, for the inside of pictures."""
    if synthetic:
        return f"SYNTHETIC data: drawn faces ({name}, seed {seed}), no photographs, not FER2013."
    return neutral(f"Data: {name} ({source.rpartition('/')[2]}).")
