"""A file of NIR, the Neuromorphic Intermediate Representation, as a model: ``path/to/graph.nir``.

Here stands what can be told of such a file without torch, as `validate` and the cells' identity
need it; `benchbench.zoo.nir_network` makes a network of it, in the worker alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchbench.errors import ModelError
from benchbench.files import digest_of, expanded
from benchbench.zoo.source import ModelInfo

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SUFFIX", "identity_of_graph", "info_of_graph", "is_graph", "version_of"]

SUFFIX = ".nir"
NEEDED = ("nir", "nirtorch")  # of the extra `frameworks`
IMPORTED_BY = ("spikingjelly", "snntorch")
KIND = b"NIRGraph"


def is_graph(reference: str) -> bool:
    """Whether a reference names a NIR graph."""
    return reference.endswith(SUFFIX)


def info_of_graph(reference: str, folder: Path | None = None) -> ModelInfo:
    """What can be told of a graph without importing it: that it is one, and takes no settings.

    Args:
        reference: Path of the file.
        folder: Place that a relative path starts from.

    Raises:
        ModelError: There is no such file, it is no NIR graph, or what reads it is not installed.
    """
    file = expanded(reference)
    file = file if file.is_absolute() or folder is None else folder / file
    if not file.is_file():
        raise ModelError(f"no file {file}")
    missing = [package for package in NEEDED if find_spec(package) is None]
    if missing:
        raise ModelError(
            f"{file}: NIR graphs need {' and '.join(missing)}: pip install 'benchbench[frameworks]'"
        )
    _check(file)
    return ModelInfo(file.stem, file, "", (), open=False, digest=digest_of(file))


def identity_of_graph(file: Path) -> str:
    """SHA-256 of a graph's content and of the versions of what may import it."""
    versions = [version_of(package) for package in (*NEEDED, *IMPORTED_BY)]
    return hashlib.sha256(" ".join([digest_of(file), *versions]).encode()).hexdigest()


def version_of(package: str) -> str:
    """Name and version of a package; the name alone where it is not installed."""
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return package


def _check(file: Path) -> None:
    """Look at the outermost node alone: no weights are read.

    Raises:
        ModelError: It is no graph.
    """
    import h5py  # noqa: PLC0415 - NIR needs it; who has no graph does not

    try:
        if not h5py.is_hdf5(file):
            raise ModelError(f"{file} is no NIR graph: not an HDF5 file")
        with h5py.File(file, "r") as content:
            found = content["node/type"][()]
    except KeyError:
        raise ModelError(f"{file} is no NIR graph: it has no node") from None
    except (OSError, RuntimeError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise ModelError(f"{file}: damaged, HDF5 cannot read it ({why})") from error
    if found != KIND:
        name = found.decode("utf-8", "replace") if isinstance(found, bytes) else found
        raise ModelError(f"{file} is no NIR graph: it holds {name!r} alone")
