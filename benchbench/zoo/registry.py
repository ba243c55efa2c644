"""The zoo: models found by reading their source, loaded by location, built in the worker.

A model is a function that returns a ``torch.nn.Module``. It takes either keyword arguments or one
configuration dataclass that stands in the same file. Finding and checking models reads the source
as text (no torch is imported); only `build` executes it.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from benchbench.errors import ModelError
from benchbench.files import expanded, module_at
from benchbench.zoo.lookup import clash, definition, dotted_name, module_file
from benchbench.zoo.nir_graph import info_of_graph, is_graph
from benchbench.zoo.objects import info_of_pickle, is_pickle, unpickled
from benchbench.zoo.scanning import bundled_folder, scan
from benchbench.zoo.source import (
    LOADED,
    ModelInfo,
    Parameter,
    hint,
    info_of,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ModelInfo",
    "Parameter",
    "build",
    "find",
    "hint",
    "made",
    "register",
]

F = TypeVar("F", bound="Callable[..., Any]")

_registered: dict[str, tuple[Path, int]] = {}


def register(function: F) -> F:
    """Put a model's function into the zoo under its own name.

    The same source may register again (a module that is loaded twice); another source under the
    same name is a clash.

    >>> import benchbench
    >>> @benchbench.register
    ... def tiny(width: int = 8) -> "torch.nn.Module":
    ...     import torch
    ...     return torch.nn.Linear(48 * 48, width)

    In a file of a folder of models it is then found by its name: ``tiny``.

    Raises:
        ModelError: Another file or line registered this name.
    """
    code = function.__code__
    place = (Path(code.co_filename).resolve(), code.co_firstlineno)
    known = _registered.setdefault(function.__name__, place)
    if known != place:
        raise ModelError(
            f"model {function.__name__!r} of {place[0]}:{place[1]} is registered already by "
            f"{known[0]}:{known[1]}; rename one of the two"
        )
    return function


def find(reference: str, folder: Path | None = None) -> ModelInfo:
    """Find a model without executing it.

    Args:
        reference: A name of the zoo, ``path/to/file.py:function``, ``package.module:function`` or
            ``path/to/graph.nir``.
        folder: A further models folder, and the place that relative paths start from.

    Raises:
        ModelError: There is no such model; the message has the nearest name.
    """
    if is_pickle(reference):
        return info_of_pickle(reference)
    if is_graph(reference):
        return info_of_graph(reference, folder)
    if ":" not in reference:
        strays = list[str]()
        models = scan(bundled_folder()) | (scan(folder, strays) if folder else {})
        if reference in models:
            return models[reference]
        raise ModelError(_unknown(reference, folder, models, strays))
    place, _, function = reference.rpartition(":")
    if place.endswith(".py"):
        file = expanded(place)
        file = file if file.is_absolute() or folder is None else folder / file
        if not file.is_file():
            raise ModelError(f"no file {file}; a path starts from {folder or 'the working folder'}")
        module = ""
    else:
        file, module = module_file(place), place
    tree, digest = parse(file)
    if not module and any(isinstance(it, ast.ImportFrom) and it.level for it in tree.body):
        raise ModelError(
            f"{file} imports from the package that it lies in (from .module import name): name it "
            f"as Python does, {dotted_name(file)}:{function}, with the folder above the package "
            "on the path (as the working folder is)"
        )
    found = definition(file, module, function)
    if found is None:
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        has = ", ".join(names) or "none at its top level"
        raise ModelError(
            f"{file} has no {function!r}{hint(function, names)}; its functions are: {has}"
        )
    if found.node is None:  # a class, or bound in another way: its settings cannot be told
        return ModelInfo(function, file, "", (), open=True, digest=digest)
    info = info_of(found.node, found.tree, file, digest)
    return dataclasses.replace(info, name=function)


def _unknown(
    reference: str, folder: Path | None, models: Mapping[str, ModelInfo], strays: list[str]
) -> str:
    """That a name is none of the zoo's, and what may have been meant."""
    file = expanded(reference)
    file = file if file.is_absolute() or folder is None else folder / file
    if file.suffix == ".py" and file.is_file():
        name = f"{reference}:{_function_in(file)}"
        return f"{reference}: name the function of this file that gives the model: {name}"
    over = f"; passed over: {'; '.join(strays)}" if strays else ""
    return (
        f"no model {reference!r} in the zoo{hint(reference, models)}; it has {', '.join(models)}; "
        f"your own is path/to/file.py:function, package.module:function or path/to/graph.nir{over}"
    )


def _function_in(file: Path) -> str:
    """The first function of a file, to show how one is named."""
    try:
        names = [node.name for node in parse(file)[0].body if isinstance(node, ast.FunctionDef)]
    except ModelError:
        names = []
    return names[0] if names else "FUNCTION"


def build(
    reference: str,
    given: Mapping[str, Any],
    folder: Path | None = None,
    *,
    num_classes: int | None = None,
    steps: int | None = None,
    time_first: bool = False,
) -> Any:  # noqa: ANN401 - nn.Module, not imported here
    """Execute a model's source and build it. Imports torch.

    Args:
        reference: Reference as for `find`.
        given: Settings of the model.
        folder: Folder as for `find`.
        num_classes: The data set's number of classes, handed to a model that takes
            ``num_classes`` and was not given it.
        steps: Time steps that a NIR graph is run for on samples that have no time; a function's
            are its own.
        time_first: Whether the data has its time steps first, [T, N, ...]; a NIR graph is told.

    Returns:
        The ``torch.nn.Module``.

    Raises:
        ModelError: The model is not found or is no ``torch.nn.Module``. What its own code raises
            is passed on as it is.
    """
    info = find(reference, folder)
    if is_pickle(reference):
        return made(unpickled(info.file), given, reference, num_classes=num_classes)
    if is_graph(reference):
        from benchbench.zoo.nir_network import network_of  # noqa: PLC0415 - imports torch

        return made(network_of(info.file, steps, time_first=time_first), given, reference)
    place = reference.rpartition(":")[0]
    if place and not place.endswith(".py"):
        module = importlib.import_module(place)
    else:
        if clashes := clash(info.file, parse(info.file)[0]):
            raise ModelError(clashes)
        module = module_at(info.file, f"{LOADED}{info.file.stem}_{info.digest[:8]}")
    return made(getattr(module, info.name), given, reference, num_classes=num_classes)


def made(
    model: Callable[..., Any],
    given: Mapping[str, Any],
    name: str = "",
    *,
    num_classes: int | None = None,
) -> Any:  # noqa: ANN401 - nn.Module, not imported here
    """Build a model from its function; a module is one already.

    Args:
        model: Function or class, or a ``torch.nn.Module``, which takes no settings.
        given: Settings of the model.
        name: What the model is called in a message; its own name by default.
        num_classes: Number of classes, as for `build`.

    Returns:
        The ``torch.nn.Module``.

    Raises:
        ModelError: It gives no ``torch.nn.Module``, or a module is given settings. What its own
            code raises is passed on as it is.
    """
    import torch  # noqa: PLC0415 - only the worker pays for it

    name = name or getattr(model, "__name__", type(model).__name__)
    if isinstance(model, torch.nn.Module):
        if given:
            raise ModelError(f"{name} is built already, and takes no setting {', '.join(given)}")
        return model
    config = _config_class(model)
    chosen = dict(given)
    if num_classes is not None and _takes(config or model, "num_classes"):
        chosen.setdefault("num_classes", num_classes)
    found = model(config(**chosen)) if config else model(**chosen)
    if not isinstance(found, torch.nn.Module):
        forgotten = ": is its `return` missing?" if found is None else ""
        raise ModelError(
            f"{name} returned {type(found).__name__}, not a torch.nn.Module{forgotten}"
        )
    return found


def _takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function names a parameter."""
    try:
        return name in inspect.signature(function).parameters
    except ValueError:  # a built-in without a signature
        return False


def _config_class(function: Callable[..., Any]) -> type | None:
    """The configuration dataclass of a model's function, where it takes one."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
        kinds = typing.get_type_hints(function)
    except (
        TypeError,
        ValueError,
        NameError,
    ):  # a partial, a built-in, a name of type checkers
        return None
    if len(parameters) != 1:
        return None
    kind = kinds.get(parameters[0].name)
    return kind if isinstance(kind, type) and dataclasses.is_dataclass(kind) else None
