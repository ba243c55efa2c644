"""What data there is, and faces: FER2013 from files, and drawn ones. Imports no torch.

Any other data is loaded by `benchbench.data.loading`, which does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import extensions
from benchbench.data.source import (
    EMBEDDED,
    SYNTHETIC,
    DataSource,
    FerPlus,
    Kind,
    ferplus_of,
    kind_of,
)
from benchbench.errors import DataError
from benchbench.files import expanded

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CLASS_NAMES",
    "SIDE",
    "DataSource",
    "FaceData",
    "Kind",
    "data_set",
    "data_sets",
    "kind_of",
    "load",
    "placed",
]

VOTES = "fer2013new.csv"  # the name under which FER+ is published

SIDE = 48
CLASS_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@dataclass(frozen=True, slots=True)
class FaceData:
    """Images with labels.

    Attributes:
        name: Name of the data set.
        images: uint8 [N, 48, 48].
        labels: int64 [N].
        usage: Split of each row: ``Training``, ``PublicTest``, ``PrivateTest`` or ``Test``.
        class_names: Names of the classes, by label.
        synthetic: Whether the images are drawn.
        source: File, or how it was generated.
        digest: SHA-256 of the content.
        warnings: What a reader of a result must know of the data.
        rows: Row of each image in its file, from 1; None where they are simply in order.
        named: What `load` finds it by again, where that is not the file.
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
    rows: NDArray[np.int64] | None = None
    named: str = ""

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def reference(self) -> str:
        """What `load` finds it by again: a name, or a file."""
        if self.named:
            return self.named
        return SYNTHETIC if self.synthetic and self.source not in _declared else self.source

    def split(self, name: str) -> FaceData:
        """The rows of one split.

        Raises:
            DataError: There are none.
        """
        rows = self.usage == name
        if not rows.any():
            has = ", ".join(sorted(set(self.usage.tolist()))) or "none"
            raise DataError(self.source, f"no rows of the split {name!r}; it has {has}")
        return self.where(rows)

    def where(self, keep: NDArray[Any]) -> FaceData:
        """The images that an index or a mask over them keeps."""
        return replace(
            self,
            images=self.images[keep],
            labels=self.labels[keep],
            usage=self.usage[keep],
            rows=None if self.rows is None else self.rows[keep],
        )


_declared: dict[str, Callable[[int], FaceData]] = {}


def data_set(
    name: str,
) -> Callable[[Callable[[int], FaceData]], Callable[[int], FaceData]]:
    """Declare a data set: a function of a seed that gives the images.

    Args:
        name: Name under which suites and ``--data`` find it.

    Raises:
        DataError: There is one of this name.
    """

    def register(function: Callable[[int], FaceData]) -> Callable[[int], FaceData]:
        if name == SYNTHETIC or (name in _declared and _declared[name] is not function):
            raise DataError(name, "there is a data set of this name already")
        extensions.note("data set", name, function.__module__)
        _declared[name] = function
        return function

    return register


def data_sets() -> list[str]:
    """The names of all sets of faces that need no file."""
    extensions.load_installed("data set")
    return [SYNTHETIC, *sorted(_declared)]


def placed(source: str, folder: Path) -> str:
    """A source whose file is absolute, seen from a folder; a name stays.

    Args:
        source: What a suite names it by.
        folder: Where a relative path starts.
    """
    kind, plus = kind_of(source), ferplus_of(source)
    if plus is not None:
        return plus.placed(folder)._replace(images=placed(plus.images, folder)).source
    if kind == "faces" and source not in data_sets():
        beside = folder / expanded(source)
        return str(beside) if beside.exists() else source
    if kind == "npz":
        return str((folder / expanded(source)).resolve())
    file, _, name = source.rpartition(":")
    if kind == "function" and file.endswith(".py"):
        return f"{(folder / expanded(file)).resolve()}:{name}"
    return source


def load(source: str, *, seed: int = 0) -> FaceData:
    """Load faces by name or path.

    Args:
        source: ``synthetic_faces``, or FER2013 as csv, csv.gz, zip or a folder of images; or
            either with the labels of FER+, as in `DataSource`: drawn faces then have an eighth
            expression.
        seed: Seed of the drawn faces.

    Raises:
        DataError: There is no such data, or it is broken; the message has the row.
    """
    plus = ferplus_of(source)
    if plus is not None:
        return _with_ferplus(plus, seed)
    if source == SYNTHETIC:
        from benchbench.data.faces import draw_faces  # noqa: PLC0415 - only where they are wanted

        return draw_faces(seed)
    if source in data_sets():
        return _made(source, seed)
    names = ", ".join((SYNTHETIC, *EMBEDDED))
    missing = f"expected {names}, path/to/file.py:function, file.npz, or FER2013 (file or folder)"
    path = _existing(source, f"no such file or folder; {missing}")
    from benchbench.data.fer2013 import read  # noqa: PLC0415 - only where it is wanted

    return read(path.resolve())


def _with_ferplus(plus: FerPlus, seed: int) -> FaceData:
    """Images with the labels of FER+."""
    if not plus.images:
        raise DataError(
            plus.rule, f"by itself stands for a suite's own images; give {plus.rule}:IMAGES,VOTES"
        )
    if plus.images == SYNTHETIC:
        from benchbench.data.faces import draw_faces  # noqa: PLC0415 - only where they are wanted

        found = draw_faces(seed, (*CLASS_NAMES, "contempt"))
        return replace(found, named=plus._replace(votes="").source)
    if plus.images in data_sets():
        raise DataError(plus.images, "has no labels of FER+")
    from benchbench.data.ferplus import relabel  # noqa: PLC0415 - only where it is wanted

    images = load(plus.images, seed=seed)
    votes = _existing(
        plus.votes or str(Path(images.source).parent / VOTES),
        f"no such file: FER+'s labels need its votes ({VOTES}); give {plus.rule}:IMAGES,VOTES",
    ).resolve()
    named = plus._replace(images=images.source, votes=str(votes)).source
    return replace(relabel(images, votes, plus.rule), named=named)


def _made(name: str, seed: int) -> FaceData:
    """A declared data set; whatever its function raises is a fault of the data."""
    try:
        return replace(_declared[name](seed), source=name)
    except Exception as error:
        raise DataError(name, extensions.why(error)) from error


def _existing(text: str, missing: str) -> Path:
    """The file or folder that a text names, ``~`` and ``~user`` replaced.

    Raises:
        DataError: There is none, or it may not be looked for.
    """
    try:
        path = Path(text).expanduser()
        if path.exists():
            return path
    except RuntimeError as error:
        raise DataError(text, f"no such file or folder: {error}") from error
    except OSError as error:
        raise DataError(text, f"cannot be looked for: {error.strerror}") from error
    raise DataError(text, missing)
