"""Any data that a suite can name, as a data set. Imports torch; `benchbench.data.load` does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import data as faces
from benchbench.data.embedded import digits, random_input, synthetic_events
from benchbench.data.sets import data_set_of
from benchbench.data.user import from_function, from_npz
from benchbench.errors import DataError
from benchbench.files import expanded

if TYPE_CHECKING:
    from benchbench.data import DataSource, Labels
    from benchbench.data.sets import DataSet

__all__ = ["load_own", "load_set"]


def load_own(seed: int, **what: Any) -> DataSet:  # noqa: ANN401 - the fields of `DataSource`
    """Load data that is no faces, from the plain fields of a `DataSource`."""
    return load_set(faces.DataSource(**what), seed=seed)


def load_set(
    what: DataSource,
    *,
    folder: Path | None = None,
    seed: int = 0,
    labels: Labels = "fer2013",
    ferplus: str | None = None,
) -> DataSet:
    """Load data; code of the user's runs where a function gives it.

    Args:
        what: What a suite's ``data:`` says.
        folder: Where relative paths start; the working folder where None.
        seed: Seed of what is drawn.
        labels: Kind of labels, as for `benchbench.data.load`.
        ferplus: File of votes, as for `benchbench.data.load`.

    Raises:
        DataError: There is no such data, or it is broken.
    """
    source, place = what.source, folder or Path.cwd()
    kind = faces.kind_of(source)
    if kind != "faces" and labels != "fer2013":
        raise DataError(source, f"has no labels of {labels}")
    if kind == "events":
        found = synthetic_events(seed)
    elif kind == "digits":
        found = digits(seed)
    elif kind == "input":
        found = random_input(source.partition(":")[2], seed, what.classes)
    elif kind == "npz":
        found = from_npz(place / expanded(source), what.time, what.classes)
    elif kind == "function":
        found = from_function(source, place, what.set, what.time, what.classes, seed)
    else:
        path = source if source in faces.data_sets() else str(place / expanded(source))
        found = data_set_of(faces.load(path, seed=seed, labels=labels, ferplus=ferplus))
    if what.set and kind != "function":
        raise DataError(source, f"takes no setting {', '.join(what.set)}: it is no function")
    return found
