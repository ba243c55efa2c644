"""Data of one's own: a function that returns it, or arrays in an ``.npz`` file.

The function returns a dict of ``train``, ``test`` and optionally ``val``, each a pair (inputs,
targets) of arrays or tensors, a torch ``Dataset``, or an iterable of batches; an ``.npz`` holds
``x_train``, ``y_train``, ``x_test``, ``y_test`` and optionally ``x_val``, ``y_val``.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import random
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchbench import extensions
from benchbench.data.csv_rows import listed
from benchbench.data.samples import as_labels, samples_of
from benchbench.data.sets import AXES, SPLITS, DataSet, digest_of_samples
from benchbench.data.source import MOST_CLASSES, Time
from benchbench.errors import DataError
from benchbench.files import digest_of, expanded, module_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import Tensor

    from benchbench.data.samples import Samples

__all__ = ["from_function", "from_npz", "made_of", "reference_parts"]


def reference_parts(source: str, folder: Path) -> tuple[Path | str, str] | None:
    """File or module, and name, of a function that gives data; None where `source` names none."""
    place, _, name = source.rpartition(":")
    if not place or not name.isidentifier():
        return None
    if place.endswith(".py"):
        return folder / expanded(place), name
    return (place, name) if all(part.isidentifier() for part in place.split(".")) else None


def from_function(
    source: str,
    folder: Path,
    given: Mapping[str, Any],
    time: Time = "none",
    classes: int | None = None,
    seed: int = 0,
) -> DataSet:
    """Data from a function of the user's; its code runs, with random numbers from the same seed.

    Args:
        source: ``path/to/file.py:function`` or ``package.module:function``.
        folder: Where a relative path starts.
        given: Settings of the function.
        time: Where the time steps stand in a batch of inputs: ``first`` is [T, N, ...], ``second``
            [N, T, ...].
        classes: Number of classes, where the labels of the training split do not tell.
        seed: Seed of torch's, numpy's and Python's random numbers while it runs.

    Raises:
        DataError: There is no such function, it raised, or does not give data.
    """
    parts = reference_parts(source, folder)
    if parts is None:
        raise DataError(source, "expected path/to/file.py:function or package.module:function")
    try:
        function = _function(*parts)
        if function is not None:
            inspect.signature(function).bind(**given)
            with _seeded(seed):
                found = function(**given)
    except Exception as error:
        raise DataError(source, extensions.why(error)) from error
    if function is None:
        raise DataError(
            source, f"has no {parts[1]!r}: the file or module is there, the name in it is not"
        )
    return made_of(found, source, parts[1], time, classes)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Random numbers from one seed, so that a function without one gives the same data again."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the global one
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002 - as above
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002 - as above


def _function(place: Path | str, name: str) -> Callable[..., Any] | None:
    """The user's function, its module loaded; None where that has none of this name."""
    if isinstance(place, Path):
        if not place.is_file():
            raise FileNotFoundError(f"no file {place}")
        module = module_at(place, f"benchbench_data_{place.stem}_{digest_of(place)[:8]}")
    else:
        module = importlib.import_module(place)
    function: Callable[..., Any] | None = getattr(module, name, None)
    return function


def from_npz(file: Path, time: Time = "none", classes: int | None = None) -> DataSet:
    """Arrays from an ``.npz`` file.

    Args:
        file: The file; nothing in it is unpickled.
        time: Place of the time steps, as for `from_function`.
        classes: Number of classes, as for `from_function`.

    Raises:
        DataError: It is damaged, or lacks an array.
    """
    if not file.is_file():
        raise DataError(str(file), "cannot be read: no such file, or no regular one")
    try:
        _check_archive(file)
        with file.open("rb") as content, np.load(content, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except DataError:
        raise
    except Exception as error:  # a damaged archive fails in many ways
        raise DataError(str(file), f"cannot be read: {error}") from error
    pairs = {
        name: (arrays[f"x_{name}"], arrays.get(f"y_{name}"))
        for name in SPLITS
        if f"x_{name}" in arrays
    }
    if "train" not in pairs:
        has = listed([*arrays]) or "nothing"
        raise DataError(str(file), f"expected x_train, y_train, x_test, y_test; it has {has}")
    return made_of(pairs, str(file), file.stem, time, classes)


def _check_archive(file: Path) -> None:
    """Refuse an archive that is damaged, or whose arrays would fill the memory.

    Numpy reads no further than an array's header says, and a checksum is looked at at the end; and
    some bytes can stand for terabytes.

    Raises:
        DataError: It is.
    """
    with zipfile.ZipFile(file) as archive:
        need = sum(member.file_size for member in archive.infolist())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if need > memory / 2:
        size, most = (f"{count / 2**30:,.1f} GiB" for count in (need, memory))
        raise DataError(str(file), f"its arrays have {size}: more than half of the memory, {most}")
    with zipfile.ZipFile(file) as archive:
        if wrong := archive.testzip():
            raise DataError(str(file), f"{wrong} is not what its checksum says: it is damaged")


def made_of(
    given: Any,  # noqa: ANN401 - what a user's function returned
    source: str,
    name: str,
    time: Time = "none",
    classes: int | None = None,
    *,
    synthetic: bool = False,
) -> DataSet:
    """A data set from a dict of its splits.

    Args:
        given: ``train``, ``test`` and optionally ``val``.
        source: What it is loaded by again.
        name: Short name.
        time: Place of the time steps, as for `from_function`.
        classes: Number of classes, as for `from_function`.
        synthetic: Whether it is drawn or random.

    Raises:
        DataError: It is no such dict, or a split of it is none.
    """
    if not hasattr(given, "keys"):
        kind = type(given).__name__
        raise DataError(source, f"expected a dict of train, test and val, found {kind}")
    unknown = [key for key in given if key not in SPLITS]
    if unknown or "train" not in given:
        has = listed([*map(str, given)]) or "nothing"
        raise DataError(source, f"expected a dict of train, test and optionally val; it has {has}")
    splits: dict[str, Samples] = {}
    try:
        for split in SPLITS:
            if split in given:
                splits[split] = samples_of(given[split], AXES[time])
        digest, identity = digest_of_samples(splits)
        names, misfit = _class_names(splits, classes)
    except DataError as error:
        raise DataError(source, str(error)) from error
    return DataSet(name, source, digest, identity, splits, names, synthetic, misfit=misfit)


def _class_names(splits: Mapping[str, Samples], classes: int | None) -> tuple[tuple[str, ...], str]:
    """Names for the classes: their numbers; none where how many there are does not show.

    Returns:
        The names; and why the whole numbers are no labels of a classification, empty where they
        are: what they are for shows with a model's task alone.
    """
    train = splits["train"]
    labels: Tensor | None = train.targets
    if labels is None:
        if classes is None:
            return (), ""
        _, labels = next(train.batches(1))
    if labels is None or labels.is_floating_point() or labels.dim() != 1:
        return (), ""
    labels = as_labels(labels)
    count = int(labels.max()) + 1 if classes is None else classes
    if count > MOST_CLASSES:
        return (), f"{count:,} classes: at most {MOST_CLASSES:,} are taken"
    for name, samples in splits.items():
        found = labels if name == "train" else samples.targets
        if found is None or not len(found) or found.is_floating_point():
            continue
        found = as_labels(found)
        least, most = int(found.min()), int(found.max())
        if least < 0 or most >= count:
            names = () if classes is None else tuple(map(str, range(classes)))
            return names, f"{name}: labels from {least} to {most} do not fit {count} classes"
    return tuple(map(str, range(count))), ""
