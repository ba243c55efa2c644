"""Data sets of 48x48 grey faces: FER2013 from files, and drawn ones. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CLASS_NAMES", "SIDE", "FaceData", "load"]

SIDE = 48
CLASS_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SYNTHETIC = "synthetic_faces"


@dataclass(frozen=True, slots=True)
class FaceData:
    """Images with labels.

    Attributes:
        name: Of the data set.
        images: uint8 [N, 48, 48].
        labels: int64 [N].
        usage: Split of each row: ``Training``, ``PublicTest``, ``PrivateTest`` or ``Test``.
        class_names: By label.
        synthetic: Whether the images are drawn.
        source: File, or how it was generated.
        digest: SHA-256 of the content.
        warnings: What a reader of a result must know of the data.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    usage: NDArray[np.str_]
    class_names: tuple[str, ...]
    synthetic: bool
    source: str
    digest: str
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def split(self, name: str) -> FaceData:
        """The rows of one split.

        Raises:
            DataError: There are none.
        """
        rows = self.usage == name
        if not rows.any():
            has = ", ".join(sorted(set(self.usage.tolist()))) or "none"
            raise DataError(self.source, f"no rows of the split {name!r}; it has {has}")
        return replace(
            self, images=self.images[rows], labels=self.labels[rows], usage=self.usage[rows]
        )


def load(source: str, *, seed: int = 0) -> FaceData:
    """Load data by name or path.

    Args:
        source: ``synthetic_faces``, or FER2013 as csv, csv.gz, zip or a folder of images.
        seed: Of the drawn faces.

    Raises:
        DataError: There is no such data, or it is broken; the message has the row.
    """
    if source == SYNTHETIC:
        from benchbench.data.faces import draw_faces  # noqa: PLC0415 - only where they are wanted

        return draw_faces(seed)
    path = Path(source).expanduser()
    if not path.exists():
        raise DataError(source, f"no such file or folder; expected {SYNTHETIC} or FER2013")
    from benchbench.data.fer2013 import read  # noqa: PLC0415 - only where it is wanted

    return read(path.resolve())
