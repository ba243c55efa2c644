"""Weights as files: nothing is unpickled, they are read with ``weights_only=True``."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Any

import torch

from benchbench.display.text import first_of
from benchbench.errors import ModelError
from benchbench.files import write_whole
from benchbench.training.slimming import reshape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

__all__ = ["WRAPPERS", "load_weights", "save_weights"]

WRAPPERS = ("module.", "model.", "net.", "_orig_mod.")
"""Prefixes that DataParallel, Lightning's modules and torch.compile give a model's weights."""

NAMED = 3  # weights in a sentence


def save_weights(model: nn.Module, file: Path, about: Mapping[str, Any]) -> None:
    """Keep a model's weights and buffers.

    Args:
        model: Whose ``state_dict``.
        file: Written whole or not at all.
        about: Plain values that say where they are from.

    Raises:
        OutputError: The file cannot be written.
    """
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    content = {"benchbench": 1, "about": dict(about), "state_dict": state}
    write_whole(file, lambda place: torch.save(content, place))


def load_weights(model: nn.Module, file: Path) -> dict[str, Any]:
    """Load weights that `save_weights` wrote, or a ``state_dict`` of the user's.

    It may stand in a checkpoint beside other things (``model_state_dict``, ``net``, an optimizer's
    state), and its names may have a prefix of what the model was wrapped in (`WRAPPERS`). A pruned
    model's layers are resized to its weights first.

    Returns:
        What the file says of itself; empty for a ``state_dict`` of the user's.

    Raises:
        ModelError: The file is missing, damaged, or of another model.
    """
    if not file.is_file():
        raise ModelError(f"no checkpoint {file}")
    try:
        _check_sums(file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(
            f"checkpoint {file} is damaged or not one of weights alone: {_unread(error)}; expected "
            "what torch.save(model.state_dict(), FILE) writes"
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"checkpoint {file}: expected a dictionary of tensors")
    state: dict[str, Tensor] = (
        content["state_dict"] if "state_dict" in content else _only_state(content, model, file)
    )
    about: dict[str, Any] = content.get("about", {})
    if not isinstance(state, dict) or not isinstance(about, dict):
        raise ModelError(f"checkpoint {file}: expected dictionaries, state_dict and about")
    nowhere = [name for name, tensor in state.items() if _has_nan(tensor)]
    if nowhere:
        raise ModelError(f"checkpoint {file}: {nowhere[0]} holds NaN: its training went wrong")
    try:
        if about.get("pruned"):
            reshape(model, state)
        state = _unwrapped(state, model)
        model.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError, ValueError, LookupError) as error:
        why = _misnamed(state, model) or " ".join(str(error).split())[:300]
        raise ModelError(
            f"checkpoint {file} does not fit the model: {why}; give the model the settings that it "
            "was trained with (`set:`), or another checkpoint"
        ) from error
    return about


def _only_state(content: dict[Any, Any], model: nn.Module, file: Path) -> dict[Any, Any]:
    """The one mapping of tensors in a checkpoint; the whole of it where there is none.

    Of several it is the one that has the model's names.

    Raises:
        ModelError: There are several, and not one alone of them has.
    """
    states = {
        name: value
        for name, value in content.items()
        if isinstance(value, dict)
        and value
        and all(isinstance(tensor, torch.Tensor) for tensor in value.values())
    }
    if len(states) > 1:
        wanted = {*model.state_dict()}
        named = {name: it for name, it in states.items() if {*_unwrapped(it, model)} == wanted}
        states = named if len(named) == 1 else states
    if len(states) > 1:
        raise ModelError(
            f"checkpoint {file} holds several sets of weights ({', '.join(map(str, states))}): "
            "save the one that is meant by itself"
        )
    return next(iter(states.values()), content)


def _unwrapped(state: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Weights by the model's own names, where wrappers' prefixes alone are too much."""
    wanted, bare = {*model.state_dict()}, state
    while {*bare} != wanted:
        prefix = next((it for it in WRAPPERS if all(str(name).startswith(it) for name in bare)), "")
        if not prefix or not bare:
            return state
        bare = {name.removeprefix(prefix): tensor for name, tensor in bare.items()}
    return bare


def _misnamed(state: dict[str, Tensor], model: nn.Module) -> str:
    """What one of the two has and the other has not; empty where the names are the same."""
    wanted = [*model.state_dict()]
    missing = [name for name in wanted if name not in state]
    surplus = [str(name) for name in state if name not in {*wanted}]
    told = [f"it lacks {first_of(missing, NAMED)}"] if missing else []
    told += [f"it has {first_of(surplus, NAMED)}, which the model has not"] if surplus else []
    return ", and ".join(told)


def _unread(error: BaseException) -> str:
    """Why torch cannot read a file, less its advice to load whatever is in it."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).partition("\n")[0]
    return text.partition(" In PyTorch ")[0].partition(" This file can still")[0].rstrip(". ")


def _check_sums(file: Path) -> None:
    """Refuse an archive that is not what its checksums say: torch itself does not look at them.

    Raises:
        ValueError: It is damaged.
    """
    if not zipfile.is_zipfile(file):
        return  # the format of torch before 1.6, which has none
    with zipfile.ZipFile(file) as archive:
        if wrong := archive.testzip():
            raise ValueError(f"{wrong} is not what its checksum says")


def _has_nan(tensor: object) -> bool:
    return isinstance(tensor, torch.Tensor) and bool(torch.isnan(tensor).any())
