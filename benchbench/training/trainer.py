"""Train one model by a recipe, or find it trained already."""

from __future__ import annotations

import logging
import math
import warnings
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

from benchbench.backends import NATIVE, Execution
from benchbench.backends.executed import executed
from benchbench.data.samples import Batch, as_labels, size_of
from benchbench.errors import DataError, TrainingError
from benchbench.training.epoch_callback import EpochCallback, Patience
from benchbench.training.goal import goal_of
from benchbench.training.learner import Learner
from benchbench.training.loss import balanced, loss_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from benchbench.data.samples import Samples
    from benchbench.suite.model import Loss, Objective
    from benchbench.suite.schema import Settings
    from benchbench.suite.training import Train
    from benchbench.training.epoch_callback import Listener
    from benchbench.training.weight_store import Store

__all__ = ["Recipe", "fit"]


class _Shuffled(Sampler[int]):
    """A permutation that depends on the seed and the epoch alone. Lightning calls `set_epoch`."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed, self._epoch = count, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 100_003 + self._epoch)
        return iter(torch.randperm(self._count, generator=generator).tolist())


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is asked for.

    Attributes:
        train: How long, how precise, with which fine-tune.
        settings: Batch size, learning rate, label smoothing, seed.
        loss: Loss of the model.
        store: Where weights and state are kept; an interrupted training is resumed from it.
        device: ``cpu`` or ``cuda:N``.
        pruned: Whether the model's layers are not the zoo's own sizes.
        output: Which part of the model's output is its answer.
        objective: What it is trained for.
        execution: How the model is executed.
        classes: Number of classes.
    """

    train: Train
    settings: Settings
    loss: Loss
    store: Store
    device: torch.device
    pruned: bool = False
    output: str = ""
    objective: Objective = "classification"
    execution: Execution = NATIVE
    classes: int = 0


class _Rows(Dataset[int]):
    """The numbers of the samples, so that a batch is asked for as one."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: int) -> int:
        return row


class _Streamed(IterableDataset[Batch]):
    """The batches of a stream, in its own order, anew each epoch."""

    def __init__(self, samples: Samples, size: int) -> None:
        self._samples, self._size = samples, size

    def __iter__(self) -> Iterator[Batch]:
        return self._samples.batches(self._size)


def fit(
    model: nn.Module, train: Samples, select: Samples, order: Recipe, hears: Listener
) -> dict[str, Any]:
    """Train, keeping the weights that are best on `select` in the store.

    Args:
        model: Freshly built; changed in place.
        train: Samples to train on.
        select: Samples that the best epoch is chosen on.
        order: The rest.
        hears: Hears what goes on.

    Returns:
        ``epochs``, ``seconds``, ``best`` (epoch, its goal's key, after) and ``curve``.

    Raises:
        TrainingError: The loss or a weight is not finite, or no epoch could be finished.
        OutputError: The disk is full; the last good files are kept.
    """
    recipe, settings, store, device = order.train, order.settings, order.store, order.device
    _quiet()
    # Lightning asks for deterministic algorithms; torch would then fill all new memory as well.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    used = _sample(train, recipe, settings.seed)
    stdp = None
    if recipe.stdp:
        stdp = (recipe.stdp, _stdp_batches(used, recipe.stdp.images, settings, device))
    goal = goal_of(order.objective)
    kept = EpochCallback(model, order, select, stdp, hears)
    callbacks: list[Any] = []
    if recipe.minutes:
        callbacks.append(Timer(timedelta(minutes=recipe.minutes), verbose=False))
    if recipe.patience:
        callbacks.append(Patience(recipe.patience, goal, kept))
    store.folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=recipe.devices if recipe.devices > 1 else _devices(device),
        strategy="ddp_fork" if recipe.devices > 1 else "auto",
        max_epochs=recipe.epochs,
        callbacks=[*callbacks, kept],
        logger=TensorBoardLogger(str(store.folder), name="", version="tensorboard"),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        deterministic=device.type == "cpu",
        default_root_dir=str(store.folder),
    )
    loss = loss_of(
        order.loss,
        model,
        settings.label_smoothing,
        order.objective,
        _class_weights(used, order),
    )
    loaders = _loader(used, settings.batch_size, settings.seed), _loader(select, 64)
    resume = _resume(store, hears)
    if resume:
        _recall(kept, store)
    if not kept.stopped:  # else it was killed after its last epoch: one more is another training
        with executed(model.to(device), order.execution, device) as how:
            module = Learner(how, loss, settings.learning_rate, recipe, order.output, goal)
            kept.natively = how.natively
            trainer.fit(module, *loaders, ckpt_path=resume, weights_only=True)
        if recipe.devices > 1 and store.last.is_file():
            _recall(kept, store)  # the callback that knows was in a child process
    if kept.best is None:
        raise TrainingError(
            f"no epoch was finished in {recipe.minutes} minutes: give more, or fewer images"
        )
    return {
        "epochs": len(kept.curve),
        "seconds": kept.seconds,
        "best": kept.best,
        "curve": kept.curve,
    }


def _class_weights(samples: Samples, order: Recipe) -> Tensor | None:
    """The weights of the classes in the loss; None where all weigh the same.

    Raises:
        DataError: The labels are not at hand, or there are none.
    """
    if order.train.class_weights == "none":
        return None
    labels = samples.targets
    if order.objective != "classification" or labels is None:
        raise DataError("data", "class_weights: balanced needs the labels of all samples in memory")
    return balanced(as_labels(labels), order.classes).to(order.device)


def _loader(samples: Samples, size: int, seed: int | None = None) -> DataLoader[Any]:
    """Batches of all samples: with a seed in a new order each epoch, a stream in its own."""
    count = size_of(samples)
    if count is None:
        return DataLoader(_Streamed(samples, size), batch_size=None)
    return DataLoader(
        _Rows(count),
        size,
        sampler=None if seed is None else _Shuffled(count, seed),
        drop_last=seed is not None and count > size,  # a batch norm cannot take a batch of one
        collate_fn=partial(_batch, samples),
    )


def _devices(device: torch.device) -> list[int] | int:
    return [device.index or 0] if device.type == "cuda" else 1


def _sample(train: Samples, recipe: Train, seed: int) -> Samples:
    """The samples that are trained on."""
    if recipe.images is None or recipe.images >= (size_of(train) or math.inf):
        return train
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    return train.part(order[: recipe.images].tolist())


def _batch(samples: Samples, rows: list[int]) -> Batch:
    """The batch of these rows."""
    return next(samples.batches(len(rows), rows))


def _stdp_batches(
    samples: Samples, count: int, settings: Settings, device: torch.device
) -> Callable[[int], list[Tensor]]:
    """What gives the batches of a fine-tune: other samples after each epoch.

    Raises:
        DataError: The inputs are more than one tensor [N, ...].
    """

    def batches(epoch: int) -> list[Tensor]:
        generator = torch.Generator().manual_seed(settings.seed * 100_003 + epoch)
        rows = torch.randperm(len(samples), generator=generator)[:count].tolist()
        found = [inputs.plain for inputs, _ in samples.batches(settings.batch_size, rows)]
        plain = [tensor.to(device) for tensor in found if tensor is not None]
        if len(plain) < len(found):
            raise DataError("data", "STDP fine-tunes models of one input tensor [N, ...] alone")
        return plain

    return batches


def _resume(store: Store, hears: Listener) -> str | None:
    """The state of an interrupted training; a damaged one is put aside, and training starts anew.

    It is read here first, so that damage is found before Lightning has begun.
    """
    if not store.last.is_file():
        return None
    try:
        torch.load(store.last, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # noqa: BLE001 - a damaged file fails in many ways
        why = str(error).partition("\n")[0]
        aside = store.last.with_suffix(".damaged")
        store.last.replace(aside)
        hears.note(
            f"{store.last.name} was damaged ({why}); put aside as {aside.name}, training anew"
        )
        return None
    hears.note(f"taking up an interrupted training in {store.folder}")
    return str(store.last)


def _recall(kept: EpochCallback, store: Store) -> None:
    """What was kept after the last whole epoch."""
    state = torch.load(store.last, map_location="cpu", weights_only=True, mmap=True)
    if found := state.get("callbacks", {}).get(kept.state_key):
        kept.load_state_dict(found)


def _quiet() -> None:
    """Lightning's tips are not for the reader of a report."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
