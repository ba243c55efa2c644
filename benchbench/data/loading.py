"""Any data that a suite can name, as a data set. Imports torch; `benchbench.data.load` does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import data as faces
from benchbench.data.embedded import digits, random_input, synthetic_events
from benchbench.data.sets import data_set_of
from benchbench.data.user import from_function, from_npz
from benchbench.errors import DataError

if TYPE_CHECKING:
    from benchbench.data import DataSource
    from benchbench.data.sets import DataSet

__all__ = ["load_own", "load_set"]


def load_own(seed: int, **what: Any) -> DataSet:  # noqa: ANN401 - the fields of `DataSource`
    """Load data that is no faces, from the plain fields of a `DataSource`."""
    return load_set(faces.DataSource(**what), seed=seed)


def load_set(what: DataSource, *, folder: Path | None = None, seed: int = 0) -> DataSet:
    """Load data; code of the user's runs where a function gives it.

    Args:
        what: What a suite's ``data:`` says.
        folder: Where relative paths start; the working folder where None.
        seed: Seed of what is drawn.

    Raises:
        DataError: There is no such data, or it is broken.
    """
    source, place = faces.placed(what.source, folder or Path.cwd()), folder or Path.cwd()
    kind = faces.kind_of(source)
    if kind == "events":
        found = synthetic_events(seed)
    elif kind == "digits":
        found = digits(seed)
    elif kind == "input":
        found = random_input(source.partition(":")[2], seed, what.classes)
    elif kind == "npz":
        found = from_npz(Path(source), what.time, what.classes)
    elif kind == "function":
        found = from_function(source, place, what.set, what.time, what.classes, seed)
    else:
        found = data_set_of(faces.load(source, seed=seed))
    if what.set and kind != "function":
        raise DataError(source, f"takes no setting {', '.join(what.set)}: it is no function")
    return found
