"""Where trained weights are kept: found again by what they were trained from.

The key is the SHA-256 over the model's source and settings, the data's content and the recipe. A
suite that asks for the same training again loads it. Nothing is unpickled: weights are read with
``weights_only=True``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from benchbench.data.cache import folder as cache_folder
from benchbench.errors import ModelError, OutputError
from benchbench.files import digest_of, write_whole
from benchbench.training.slimming import reshape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from torch import Tensor, nn

    from benchbench.suite.training import Train

__all__ = ["Store", "load_weights", "save_weights"]

VERSION = 1  # of the trainer: what an older one made is trained again


class Store:
    """The folder of one training.

    Attributes:
        key: 64 hexadecimal digits.
        folder: Its own folder in the cache.
        best: Weights with the best PublicTest accuracy so far.
        last: Everything that resuming needs, after the last whole epoch.
        result: What was measured at the end; it exists only where the training is complete.
        curve: One line an epoch.
    """

    def __init__(self, identity: Mapping[str, Any], recipe: Train) -> None:
        """Find the place for an identity.

        Args:
            identity: Model source digest, model settings, classes, data digest, batch size,
                learning rate, label smoothing, loss, seed.
            recipe: Of the training.
        """
        how = {key: value for key, value in asdict(recipe).items() if key != "devices"}
        text = json.dumps([VERSION, dict(identity), how], sort_keys=True, default=str)
        self.key = hashlib.sha256(text.encode()).hexdigest()
        self.folder = cache_folder() / "trained" / self.key[:24]
        self.best = self.folder / "best.pt"
        self.last = self.folder / "last.ckpt"
        self.result = self.folder / "result.json"
        self.curve = self.folder / "curve.csv"

    def finished(self) -> dict[str, Any] | None:
        """The stored result; None where the training is not complete or its files are damaged."""
        try:
            found: dict[str, Any] = json.loads(self.result.read_text("utf-8"))
            whole = found.get("key") == self.key and found.get("sha256") == digest_of(self.best)
        except (OSError, ValueError):
            return None
        return found if whole else None

    @contextlib.contextmanager
    def held(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Keep this training to one run at a time: two would overwrite each other's state.

        Args:
            waiting: Called once where another run holds it; then it is waited for.

        Raises:
            OutputError: The folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / "lock").open("w")
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be written: {error.strerror}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


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
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise ModelError(
            f"checkpoint {file} is damaged or not one of weights alone: {why}"
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"checkpoint {file}: expected a dictionary of tensors")
    state: dict[str, Tensor] = content.get("state_dict", content)
    about: dict[str, Any] = content.get("about", {})
    try:
        if about.get("pruned"):
            reshape(model, state)
        model.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())[:400]
        raise ModelError(f"checkpoint {file} does not fit the model: {why}") from error
    return about
