"""What data there is, and faces: FER2013 from files, and drawn ones. Imports no torch.

Any other data is loaded by `benchbench.data.loading`, which does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le

from benchbench import extensions
from benchbench.errors import DataError

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
    "Labels",
    "data_set",
    "data_sets",
    "kind_of",
    "load",
]

Labels = Literal["fer2013", "ferplus", "ferplus_majority"]
Kind = Literal["faces", "events", "digits", "input", "npz", "function"]
VOTES = "fer2013new.csv"  # the name under which FER+ is published

MOST_CLASSES = 100_000  # labels beyond are not those of a classification
SIDE = 48
CLASS_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SYNTHETIC = "synthetic_faces"
EMBEDDED: dict[str, Kind] = {"synthetic_events": "events", "digits": "digits"}


@dataclass(frozen=True, slots=True)
class DataSource:
    """What data a suite or a model has.

    Attributes:
        source: ``synthetic_faces``, ``synthetic_events``, ``digits``; FER2013 as a file or a folder
            of images; ``file.npz``; ``path/to/file.py:function`` or ``package.module:function``,
            which returns a dict of ``train``, ``test`` and optionally ``val``.
        set: Settings of the function.
        time: Where the time steps stand in a batch: ``first`` is [T, N, ...], ``second`` is
            [N, T, ...].
        classes: Number of classes, where the labels do not tell.
    """

    source: str = SYNTHETIC
    set: dict[str, Any] = field(default_factory=dict)
    time: Literal["none", "first", "second"] = "none"
    classes: Annotated[int, Ge(1), Le(MOST_CLASSES)] | None = None

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    @classmethod
    def from_text(cls, text: str) -> DataSource:
        """The source alone, as most suites name it."""
        return cls(text)


def kind_of(source: str) -> Kind:
    """What a source is, as its text tells; nothing is opened."""
    if source in EMBEDDED:
        return EMBEDDED[source]
    if source.startswith("input:"):
        return "input"
    place, _, name = source.rpartition(":")
    if place and name.isidentifier() and not Path(source).exists():
        return "function"
    return "npz" if source.lower().endswith(".npz") else "faces"


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


def load(
    source: str, *, seed: int = 0, labels: Labels = "fer2013", ferplus: str | None = None
) -> FaceData:
    """Load data by name or path.

    Args:
        source: ``synthetic_faces``, or FER2013 as csv, csv.gz, zip or a folder of images.
        seed: Seed of the drawn faces.
        labels: ``fer2013``; or ``ferplus`` or ``ferplus_majority`` for the eight classes of FER+
            by either rule (drawn faces then have an eighth expression).
        ferplus: The file of FER+'s votes; by default ``fer2013new.csv`` beside `source`.

    Raises:
        DataError: There is no such data, or it is broken; the message has the row.
    """
    plus = labels != "fer2013"
    if source == SYNTHETIC:
        from benchbench.data.faces import draw_faces  # noqa: PLC0415 - only where they are wanted

        return draw_faces(seed, (*CLASS_NAMES, "contempt") if plus else CLASS_NAMES)
    if source in data_sets():
        return _made(source, seed, labels)
    path = _existing(source, f"no such file or folder; expected {SYNTHETIC} or FER2013")
    from benchbench.data.fer2013 import read  # noqa: PLC0415 - only where it is wanted

    found = read(path.resolve())
    if labels == "fer2013":
        return found
    from benchbench.data.ferplus import relabel  # noqa: PLC0415 - only where it is wanted

    votes = _existing(
        ferplus or str(path.resolve().parent / VOTES),
        "no such file: FER+ labels need its votes (fer2013new.csv); give --ferplus FILE",
    )
    return relabel(found, votes, labels)


def _made(name: str, seed: int, labels: Labels) -> FaceData:
    """A declared data set; whatever its function raises is a fault of the data."""
    if labels != "fer2013":
        raise DataError(name, f"has no labels of {labels}")
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
