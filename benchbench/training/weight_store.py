"""Where trained weights are kept: found again by what they were trained from.

The key is the SHA-256 over the model's code and settings, the data's content and the recipe. A
suite that asks for the same training again loads it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import zoo
from benchbench.backends import NATIVE, Execution
from benchbench.codec import from_json, plain, restored
from benchbench.data.cache import folder as cache_folder
from benchbench.errors import BenchbenchError, OutputError
from benchbench.files import content_of, digest_of, write_text
from benchbench.frameworks.told import Neurons
from benchbench.metrics.measurement import Measurement  # noqa: TC001 - `codec` reads it too
from benchbench.suite import training
from benchbench.suite.training import Train
from benchbench.training.execution import executions_of
from benchbench.training.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import nn

    from benchbench.running.cells import Cell

__all__ = ["Store", "Trained", "is_kept", "load_trained", "stores_of"]

MOST_BYTES = 1 << 26  # of a training's result
IN_NO_KEY = ("seeds",)  # what makes no other weights: the seed is in the identity
LATER = ("augment", "schedule", "weight_decay", "class_weights", "devices")


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave; it is stored beside the weights, and found there again.

    Attributes:
        facts: Which weights these are, and what they were trained on.
        measurements: Accuracy, epochs, time, channels cut.
    """

    facts: dict[str, Any]
    measurements: tuple[Measurement, ...]


class Store:
    """The folder of one training.

    Attributes:
        key: 64 hexadecimal digits.
        folder: Its own folder in the cache.
        best: Weights with the best PublicTest accuracy so far.
        last: Everything that resuming needs, after the last whole epoch.
        result: What was measured at the end; it exists only where the training is complete.
        curve: One line an epoch.
        execution: How the model is executed.
    """

    def __init__(
        self, identity: Mapping[str, Any], recipe: Train, execution: Execution = NATIVE
    ) -> None:
        """Find the place for an identity.

        Args:
            identity: Digest of the model's code, model settings, classes, data digest, batch size,
                learning rate, label smoothing, loss, seed.
            recipe: Recipe of the training.
            execution: How the model is executed in it.
        """
        how = {name: value for name, value in asdict(recipe).items() if name not in IN_NO_KEY}
        for name in LATER:  # a recipe that leaves it out is the one from before there was any
            if how[name] == getattr(Train(), name):
                del how[name]
        how["precision"] = str(execution.precision)
        others = (execution.backend, execution.memory_format)
        if others != ("native", "contiguous"):
            how["execution"] = others
        self.execution = execution
        text = json.dumps(
            [training.TRAINER_VERSION, dict(identity), how], sort_keys=True, default=str
        )
        self.key = hashlib.sha256(text.encode()).hexdigest()
        self.folder = cache_folder() / "trained" / self.key[:24]
        self.best = self.folder / "best.pt"
        self.last = self.folder / "last.ckpt"
        self.result = self.folder / "result.json"
        self.curve = self.folder / "curve.csv"

    def finished(self) -> Trained | None:
        """The stored result; None where the training is not complete or its files are damaged."""
        try:
            found: dict[str, Any] = from_json(content_of(self.result, MOST_BYTES))
            if (found.pop("key"), found.pop("sha256")) != (self.key, digest_of(self.best)):
                return None
            return restored(Trained, found)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, result: Trained) -> None:
        """Mark a training as complete; what only resuming needs is removed.

        Raises:
            OutputError: The file cannot be written.
            BenchbenchError: The result holds what JSON cannot.
        """
        try:
            whole = {"key": self.key, "sha256": digest_of(self.best), **plain(result)}
            text = json.dumps(whole, indent=1, allow_nan=False)
        except ValueError as error:
            raise BenchbenchError(f"the training's result is not finite: {error}") from error
        write_text(self.result, text + "\n")
        self.last.unlink(missing_ok=True)

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


def stores_of(cell: Cell, *, anywhere: bool = False) -> list[Store]:
    """Where the weights of a cell may be kept: one place for each way to train it, the best first.

    An empty list where it is not trained.

    Args:
        cell: The cell.
        anywhere: Whether the ways of all devices are meant, not those of the cell's own.
    """
    settings = cell.settings
    if settings.train is None or cell.data is None:
        return []
    code = zoo.closure(cell.model.reference, Path(cell.folder))
    identity: dict[str, Any] = {
        "source": zoo.identity(code),
        "function": zoo.function_of(cell.model.reference),
        "set": cell.model.set,
        "classes": cell.data.num_classes,
        "data": cell.data.digest,
        "loss": cell.model.loss,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "label_smoothing": settings.label_smoothing,
        "seed": settings.seed,
    }
    more = {"output": cell.model.output, "time": cell.data.time, "objective": cell.objective}
    usual = {"output": "", "time": "none", "objective": "classification"}
    identity |= {key: value for key, value in more.items() if value != usual[key]}
    told = cell.model.neurons
    if told != Neurons():  # loss, reset and time steps rest on them
        identity["neurons"] = [told.spiking, told.reset, told.steps]
    # Known, since the model is built by now.
    if loads := zoo.unnamed(code, data=cell.data.function):
        identity["loads"] = sorted(loads.values())
    recipe = settings.train
    if recipe.slim and not recipe.slim.cuts:  # whatever else it says, only its strength counts
        recipe = replace(recipe, slim=recipe.slim.before_the_cut())
    if recipe.slim and recipe.slim.cuts:
        identity["cut"] = training.CUT_VERSION
    return [
        Store(identity, recipe, execution) for execution in executions_of(cell, anywhere=anywhere)
    ]


def is_kept(cell: Cell) -> bool:
    """Whether the weights of a cell's training are here, whatever device it was trained on.

    Its model is built by now.
    """
    return any(store.finished() for store in stores_of(cell, anywhere=True))


def load_trained(model: nn.Module, cell: Cell) -> str:
    """Load a cell's weights into its model, where it has any.

    Returns:
        Why it has none though it should; empty where all is well.

    Raises:
        ModelError: The checkpoint is damaged or of another model.
    """
    if cell.model.checkpoint:
        load_weights(model, Path(cell.model.checkpoint))
        return ""
    stores = stores_of(cell)
    ended = next((store for store in stores if store.finished()), None)
    if ended is not None:
        load_weights(model, ended.best)
    if ended or not stores:
        return ""
    if cell.elsewhere:
        return f"its trained weights are not here: trained by {cell.elsewhere}"
    return "the training of this model did not end"
