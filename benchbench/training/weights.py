"""Weights as files: nothing is unpickled, they are read with ``weights_only=True``."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import torch

from benchbench.errors import ModelError
from benchbench.files import write_whole
from benchbench.training.slimming import reshape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

__all__ = ["load_weights", "save_weights"]


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
    """Load weights that `save_weights` wrote, or a bare ``state_dict`` of the user's.

    A pruned model's layers are resized to its weights first.

    Returns:
        What the file says of itself; empty for a bare ``state_dict``.

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
    state: dict[str, Tensor] = content.get("state_dict", content)
    about: dict[str, Any] = content.get("about", {})
    if not isinstance(state, dict) or not isinstance(about, dict):
        raise ModelError(f"checkpoint {file}: expected dictionaries, state_dict and about")
    nowhere = [name for name, tensor in state.items() if _has_nan(tensor)]
    if nowhere:
        raise ModelError(f"checkpoint {file}: {nowhere[0]} holds NaN: its training went wrong")
    try:
        if about.get("pruned"):
            reshape(model, state)
        model.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError, ValueError, LookupError) as error:
        why = " ".join(str(error).split())[:300]
        raise ModelError(
            f"checkpoint {file} does not fit the model: {why}; give the model the settings that it "
            "was trained with (`set:`), or another checkpoint"
        ) from error
    return about


def _unread(error: BaseException) -> str:
    """Why torch cannot read a file, less its advice to load whatever is in it."""
    return str(error).partition("\n")[0].partition(" In PyTorch ")[0].rstrip(".")


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
