"""A suite that was built in Python, held to what a file is held to."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from benchbench import zoo
from benchbench.errors import Fault, ModelError, SuiteError
from benchbench.suite import loader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchbench.suite.schema import Model, Suite

__all__ = ["checked"]

WHERE = "Suite(...)"


def checked(suite: Suite, folder: Path, objects: Path) -> Suite:
    """Make references of its functions and modules, and look for every fault that a file may have.

    Args:
        suite: Suite as it was built; it stays as it is.
        folder: Where relative paths start.
        objects: Folder of the pickles of what no reference can name.

    Returns:
        A suite as a file would have given it.

    Raises:
        SuiteError: There are faults; all of them are in it.
        OutputError: A pickle cannot be written.
    """
    faults: dict[str, Fault] = {}
    models = []
    for index, model in enumerate(suite.models):
        try:
            models.append(_named(model, objects))
        except ModelError as error:
            place = f"models[{index}].model"
            faults[place] = Fault(WHERE, 0, place, str(error))
            models.append(replace(model, model=""))  # the rest of it is looked at all the same
    document = _document(replace(suite, models=tuple(models)))
    try:
        found = loader.validated(document, WHERE, folder)
    except SuiteError as error:
        faults = {fault.path: fault for fault in error.faults} | faults
    if faults:
        raise SuiteError([*faults.values()])
    return found


def _named(model: Model, objects: Path) -> Model:
    """The entry with a reference for its model.

    Raises:
        ModelError: There can be none, or the model does not take its settings.
    """
    if isinstance(model.model, str | PurePath):
        return replace(model, model=str(model.model))
    reference = zoo.reference_of(model.model, objects, model.id)
    if zoo.is_pickle(reference) and not zoo.holds_weights(reference):
        _check_settings(model.model, model.set)
    return replace(model, model=reference)


def _check_settings(function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """A function that only lives here is asked for its parameters; no source can be read.

    Raises:
        ModelError: It has none of that name.
    """
    try:
        inspect.signature(function).bind_partial(**given)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise ModelError(f"{name} does not take these settings: {error}") from error
    except ValueError:  # a built-in without a signature
        return


def _document(value: Any) -> Any:  # noqa: ANN401 - our dataclasses, and what they hold
    """Plain dictionaries, lists and scalars, as YAML would have given them."""
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _document(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {key: _document(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_document(item) for item in value]
    return str(value) if isinstance(value, PurePath) else value
