"""Functions and modules that Python hands over, as references that a worker can follow.

A function that stands in a file is named by its place there. What only lives in this process (a
module with its weights, a function of a notebook) is pickled with cloudpickle, beside the run that
it belongs to; a suite file may not name such a pickle, for it runs whatever it holds.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench.errors import ModelError
from benchbench.files import write_whole
from benchbench.zoo.nir_graph import is_graph
from benchbench.zoo.source import LOADED, ModelInfo, defined, parse

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SUFFIX", "holds_weights", "info_of_pickle", "is_pickle", "reference_of", "unpickled"]

SUFFIX = ".pickle"
MODULE = f".module{SUFFIX}"  # a model with its weights; of a function there are none yet
FUNCTION = f".function{SUFFIX}"


def reference_of(model: Callable[..., Any], folder: Path, name: str = "") -> str:
    """A reference to a function, a class or a module.

    Args:
        model: Function or class that gives a ``torch.nn.Module``, or one itself.
        folder: Folder that a pickle is written to, where one is needed.
        name: Name of its file there; its own by default.

    Returns:
        ``path/to/file.py:function``, ``package.module:function``, or the path of the pickle.

    Raises:
        ModelError: It is none of these, or it cannot be pickled.
        OutputError: The folder cannot be written.
    """
    if not callable(model):
        raise ModelError(
            f"a model is a reference, a function or a torch.nn.Module, not {type(model).__name__}"
        )
    module = _is_module(model)
    place = None if module else _place_of(model)
    if place is not None:
        return place
    name = name or getattr(model, "__name__", type(model).__name__)
    try:
        data = _pickled(model)
    except Exception as error:
        raise ModelError(
            f"{name} cannot be handed to a worker ({type(error).__name__}: {error}): put the "
            "function that builds it into a file, and name that"
        ) from error
    digest = hashlib.sha256(data).hexdigest()[:12]
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
    file = (folder / f"{safe}-{digest}{MODULE if module else FUNCTION}").resolve()
    if not file.is_file():
        write_whole(file, lambda place: place.write_bytes(data))
    return str(file)


def is_pickle(reference: str) -> bool:
    """Whether a reference names a pickle."""
    return reference.endswith(SUFFIX)


def holds_weights(reference: str) -> bool:
    """Whether a reference names a module with its own weights, not how one is built."""
    return reference.endswith(MODULE) or is_graph(reference)


def info_of_pickle(reference: str) -> ModelInfo:
    """What can be told of a pickle without loading it.

    Raises:
        ModelError: There is no such file.
    """
    file = Path(reference)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror}") from error
    name = file.name.rpartition("-")[0]
    return ModelInfo(name, file, "", (), open=not holds_weights(reference), digest=digest)


def unpickled(file: Path) -> Any:  # noqa: ANN401 - a function or a module
    """Load a pickle that `reference_of` wrote.

    Raises:
        ModelError: It cannot be loaded.
    """
    try:
        return pickle.loads(file.read_bytes())  # noqa: S301 - the caller's own, of this very run
    except Exception as error:
        raise ModelError(f"{file}: cannot be loaded: {type(error).__name__}: {error}") from error


def _pickled(model: object) -> bytes:
    """The object, and by value what a worker could not import: a notebook's, a zoo file's."""
    import cloudpickle  # noqa: PLC0415 - only where it is needed

    of_the_zoo = [found for name, found in sys.modules.items() if name.startswith(LOADED)]
    for module in of_the_zoo:
        cloudpickle.register_pickle_by_value(module)
    try:
        data: bytes = cloudpickle.dumps(model)
    finally:
        for module in of_the_zoo:
            cloudpickle.unregister_pickle_by_value(module)
    return data


def _is_module(model: object) -> bool:
    torch = sys.modules.get("torch")  # who has a module has imported it
    return torch is not None and isinstance(model, torch.nn.Module)


def _place_of(function: Callable[..., Any]) -> str | None:
    """Where a function stands by its own name; None where a worker could not find it there."""
    name, module_name = getattr(function, "__qualname__", ""), getattr(function, "__module__", "")
    module = sys.modules.get(module_name or "")
    if not name.isidentifier() or getattr(module, name, None) is not function:
        return None  # nested, a lambda, a partial, or hidden behind another of its name
    file = getattr(module, "__file__", None)
    if file is None or not file.endswith(".py") or not Path(file).is_file():
        return None  # a notebook's, or typed into an interpreter
    path = Path(file).resolve()
    try:
        if name not in defined(parse(path)[0]):
            return None
    except ModelError:
        return None
    if "." in module_name:  # relative imports need the package
        return f"{module_name}:{name}"
    here = Path.cwd()
    return f"{os.path.relpath(path, here) if path.is_relative_to(here) else path}:{name}"
