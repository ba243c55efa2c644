"""What is kept of a training after each epoch: the best weights, where to go on, the curve."""

# ruff: noqa: ARG002 - the signatures are Lightning's

from __future__ import annotations

import csv
import io
import math
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping

from benchbench.errors import TrainingError
from benchbench.files import write_text, write_whole
from benchbench.probes.accuracy import classified
from benchbench.training.goal import goal_of
from benchbench.training.learner import LOSS, LOSS_PUBLIC
from benchbench.training.stdp import fine_tune
from benchbench.training.weights import save_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lightning import LightningModule, Trainer
    from torch import Tensor, nn

    from benchbench.data.samples import Samples
    from benchbench.suite.training import Stdp
    from benchbench.training.goal import Goal
    from benchbench.training.trainer import Recipe

__all__ = ["EpochCallback", "Listener", "Patience"]

SAY_EVERY_S = 2.0


class Listener(Protocol):
    """Who hears of a training."""

    def phase(self, name: str, /) -> None:
        """What happens now, every other second."""

    def note(self, text: str, /) -> None:
        """One line an epoch."""


class EpochCallback(Callback):
    """Seeds each epoch, fine-tunes by STDP where the recipe says so, and saves after each epoch.

    Randomness of an epoch depends on the seed and the epoch's number alone: a training that was
    killed and taken up after its last whole epoch ends with the same weights.
    """

    def __init__(
        self,
        model: nn.Module,
        order: Recipe,
        select: Samples,
        stdp: tuple[Stdp, Callable[[int], list[Tensor]]] | None,
        hears: Listener,
    ) -> None:
        """Remember where and how.

        Args:
            model: What is trained.
            order: What is asked for, and where it is kept.
            select: Samples that the best epoch is chosen on.
            stdp: The fine-tune's recipe and what gives its batches [N, 1, 48, 48] by epoch.
            hears: Hears what goes on every other second, and one line an epoch.
        """
        self._is_patient = order.train.patience is not None  # `Patience` finishes an epoch then
        self._pruned, self._goal = order.pruned, goal_of(order.objective)
        self._model, self._store, self._seed = model, order.store, order.settings.seed
        self._select, self._stdp, self._hears = select, stdp, hears
        self.natively: Callable[[], AbstractContextManager[None]] = nullcontext
        self.curve: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.seconds = 0.0
        self.stopped = False  # by patience or budget, after the last epoch
        self._began_s = self._said_s = self._epoch_began_s = 0.0

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        ended = {"stopped": self.stopped}
        return {"curve": self.curve, "best": self.best, "seconds": self.seconds, **ended}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.curve, self.best, self.seconds = state["curve"], state["best"], state["seconds"]
        self.stopped = state.get("stopped", False)  # before, nobody kept it

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._began_s = time.monotonic() - self.seconds

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the epoch's clock."""
        self._epoch_began_s = time.monotonic()

    def on_train_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,  # noqa: ANN401 - Lightning's
        batch_idx: int,
    ) -> None:
        """Seed this epoch's dropout and encoder.

        At its first batch: making the loader's iterator draws a number, and whether that is before
        or after the epoch's start differs between the first epoch of a process and the others.
        """
        if batch_idx == 0:
            torch.manual_seed(self._seed * 100_003 + trainer.current_epoch + 1)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The same noise for the same images, in every epoch."""
        torch.manual_seed(self._seed)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's
        batch: Any,  # noqa: ANN401 - Lightning's
        batch_idx: int,
    ) -> None:
        """Say how far it is."""
        now = time.monotonic()
        if now - self._said_s < SAY_EVERY_S:
            return
        self._said_s = now
        epochs, batches = trainer.max_epochs or 1, trainer.num_training_batches
        if math.isfinite(batches):
            share = (batch_idx + 1) / max(1, int(batches))
            left_s = (now - self._epoch_began_s) / share * (epochs - trainer.current_epoch - share)
            far = f"{100 * share:.0f} %, at most {left_s / 60:.0f} min left"
        else:
            far = f"batch {batch_idx + 1}"  # a stream does not say how many there are
        best = f", best {self._goal.said(self.best[self._goal.key])}" if self.best else ""
        self._hears.phase(f"train: epoch {trainer.current_epoch + 1}/{epochs}, {far}{best}")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the weights where they are the best; `finish`, unless patience is to look first.

        Raises:
            TrainingError: A weight is not finite: spiking neurons hide a NaN from the loss.
            OutputError: The disk is full; the files of the epoch before are kept.
        """
        _check_finite(self._model, trainer.current_epoch + 1)
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        done = trainer.current_epoch + 1
        self.seconds = time.monotonic() - self._began_s
        line: dict[str, Any] = {
            "epoch": done,
            LOSS: metrics.get(LOSS),
            LOSS_PUBLIC: metrics.get(LOSS_PUBLIC),
            self._goal.train_key: metrics.get(self._goal.train_key),
            self._goal.key: metrics.get(self._goal.key),
            "accuracy_public_after_stdp": None,
            "seconds": round(self.seconds, 1),
        }
        self.curve.append(line)
        if trainer.is_global_zero:
            self._keep_best(done, line[self._goal.key], "training")
        if not self._is_patient:
            self.finish(trainer)

    def finish(self, trainer: Trainer) -> None:
        """Fine-tune where it is its turn or the epoch was the last, and write what there is.

        Raises:
            OutputError: The disk is full; the files of the epoch before are kept.
        """
        line = self.curve[-1]
        log = self._fine_tune(trainer, line)
        line |= {"stdp": log} if log else {}
        if trainer.is_global_zero:
            write_text(self._store.curve, _csv(self.curve, self._goal))
            self._hears.note(_sentence(line, self._goal, trainer.max_epochs or 1, log))
        self._keep_last(trainer)

    def _fine_tune(self, trainer: Trainer, line: dict[str, Any]) -> list[dict[str, Any]]:
        if self._stdp is None:
            return []
        recipe, batches = self._stdp
        done = trainer.current_epoch + 1
        last = done == trainer.max_epochs or trainer.should_stop
        if done % recipe.every_epochs and not last:
            return []
        self._hears.phase(f"STDP fine-tune after epoch {done}")
        with self.natively():
            log = fine_tune(self._model, batches(done), recipe)
            torch.manual_seed(self._seed)
            matrix = classified(self._model, self._select, batch_size=64).confusion
        after = float(matrix.diagonal().sum() / matrix.sum())
        line["accuracy_public_after_stdp"] = after
        if trainer.is_global_zero:
            self._keep_best(done, after, "STDP")
        return [
            {
                "layer": item.name,
                "spikes_in": item.spikes_in,
                "spikes_out": item.spikes_out,
                "weight_change": item.change,
            }
            for item in log
        ]

    def _keep_best(self, epoch: int, score: float | None, after: str) -> None:
        if score is None or not self._goal.is_better(score, self.best):
            return
        self.best = {"epoch": epoch, self._goal.key: score, "after": after}
        save_weights(self._model, self._store.best, self._about())

    def _about(self) -> dict[str, Any]:
        return {"key": self._store.key, "pruned": self._pruned, **(self.best or {})}

    def _keep_last(self, trainer: Trainer) -> None:
        """Where to go on from, if at all. Every process takes part: Lightning gathers."""
        self.stopped = trainer.should_stop

        def write(file: Path) -> None:
            trainer.save_checkpoint(file)

        if trainer.world_size > 1:
            trainer.save_checkpoint(self._store.last)
        else:
            write_whole(self._store.last, write)


class Patience(EarlyStopping):
    """Ends a training, and finishes each epoch once it has looked.

    Lightning lets it look at an epoch after all other callbacks: they do not know whether it was
    the last, and a state from before that has waited for an epoch less.
    """

    def __init__(self, epochs: int, goal: Goal, kept: EpochCallback) -> None:
        """Wait for so many epochs.

        Args:
            epochs: Epochs without a better value.
            goal: What is looked at.
            kept: What finishes an epoch.
        """
        super().__init__(goal.key, patience=epochs, mode=goal.mode)
        self._kept = kept

    @property
    def state_key(self) -> str:
        """That of its kind: what was begun before there was any other is taken up."""
        return super().state_key.replace(type(self).__qualname__, EarlyStopping.__qualname__)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look, and finish the epoch."""
        super().on_train_epoch_end(trainer, pl_module)
        self._kept.finish(trainer)


def _check_finite(model: nn.Module, epoch: int) -> None:
    for name, parameter in model.named_parameters():
        if not bool(parameter.isfinite().all()):
            raise TrainingError(
                f"the weights of {name} are not finite after epoch {epoch}; the best weights "
                "before are kept; try a smaller learning_rate"
            )


def _csv(curve: list[dict[str, Any]], goal: Goal) -> str:
    out = io.StringIO()
    looked = [LOSS, LOSS_PUBLIC, goal.train_key, goal.key]
    fields = ["epoch", *looked, "accuracy_public_after_stdp", "seconds"]
    writer = csv.DictWriter(out, fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(curve)
    return out.getvalue()


def _sentence(line: dict[str, Any], goal: Goal, epochs: int, log: list[dict[str, Any]]) -> str:
    text = (
        f"epoch {line['epoch']}/{epochs}: loss {line['loss']:.4f}, "
        f"validation {goal.said(line[goal.key])}, {line['seconds'] / 60:.1f} min"
    )
    if log:
        spikes = "/".join(f"{item['spikes_out']:,}" for item in log)
        after = 100 * line["accuracy_public_after_stdp"]
        text += f"; after STDP {after:.2f} % (output spikes per layer {spikes})"
    return text
