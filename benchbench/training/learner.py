"""One training step and one validation step, as Lightning wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from lightning import LightningModule

from benchbench.backends.outputs import answer_of
from benchbench.errors import TrainingError
from benchbench.frameworks import is_spiking, resetter
from benchbench.training.augment import augmented
from benchbench.training.goal import Goal, goal_of
from benchbench.training.slimming import add_l1_subgradient

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from benchbench.backends.executed import Executed
    from benchbench.data.inputs import Inputs
    from benchbench.data.samples import Batch
    from benchbench.suite.training import Train

__all__ = ["LOSS", "LOSS_PUBLIC", "Learner"]

LOSS, LOSS_PUBLIC = "loss", "loss_public"  # of the training samples, and of the validation split
CLASSES = goal_of("classification")
CHECK_EVERY = 50  # steps; looking at every loss would make the GPU wait for the CPU


class Learner(LightningModule):
    """Wraps any model of inputs that answers with [N, ...]."""

    def __init__(
        self,
        how: Executed,
        loss: Callable[[Tensor, Tensor], Tensor],
        learning_rate: float,
        recipe: Train,
        output: str = "",
        goal: Goal = CLASSES,
    ) -> None:
        """Take over a model.

        Args:
            how: The model and how it is executed; it answers with logits, firing rates
                [N, classes] or numbers [N, ...].
            loss: Loss of outputs and targets.
            learning_rate: Learning rate of Adam.
            recipe: Augmentation, schedule, weight decay, and the strength of the L1 norm of the
                batch norms' scales.
            output: Which part of the model's output is its answer, as for
                `benchbench.backends.outputs.answer_of`.
            goal: What the best epoch is chosen by.
        """
        super().__init__()
        self.model, self._how = how.model, how
        self._loss = loss
        self._rate, self._recipe, self._output = learning_rate, recipe, output
        self._sparsity = recipe.slim.strength if recipe.slim else 0.0
        self._goal = goal
        self._forget, self._spikes = resetter(how.model), is_spiking(how.model)

    def forward(self, inputs: Inputs, targets: Tensor | None = None) -> Tensor:
        """Answers [N, ...]; `targets` as in `answer_of`."""
        self._forget()
        with self._how.context():
            answer = answer_of(
                self._how.laid_out(inputs).run(self._how.run),
                len(inputs),
                self._output,
                walks_time=self._spikes or inputs.axis == 1,
                targets=targets,
            )
        return answer.float() if answer.dtype == torch.bfloat16 else answer

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one batch.

        Raises:
            TrainingError: It is NaN or infinite.
        """
        inputs, targets = batch
        answers = self(augmented(inputs, self._recipe.augment), targets)
        value = self._loss(answers, targets)
        if (index % CHECK_EVERY == 0 or value.device.type == "cpu") and not value.isfinite():
            raise TrainingError(
                f"the loss is {value.item()} in epoch {self.current_epoch + 1}, step {index + 1}; "
                "the best weights before are kept; try a smaller learning_rate"
            )
        with torch.no_grad():
            self._note(LOSS, value, len(inputs))
            self._note(self._goal.train_key, self._goal.score(answers, targets), len(inputs))
        return value

    def on_after_backward(self) -> None:
        """Add the gradient of the scales' L1 norm."""
        if self._sparsity:
            add_l1_subgradient(self.model, self._sparsity)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Look at the split that the best epoch is chosen on."""
        inputs, targets = batch
        answers = self(inputs, targets)
        self._note(LOSS_PUBLIC, self._loss(answers, targets), len(targets))
        self._note(self._goal.key, self._goal.score(answers, targets), len(targets))

    def _note(self, name: str, value: Tensor, samples: int) -> None:
        """Take a batch's value into the epoch's mean over samples."""
        self.log(name, value, batch_size=samples, on_step=False, on_epoch=True, sync_dist=True)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's union of many forms
        """Adam, fused, or AdamW; and how the learning rate goes down over the epochs."""
        recipe, weights = self._recipe, self.model.parameters()
        optimizer: torch.optim.Optimizer
        if recipe.weight_decay:
            optimizer = torch.optim.AdamW(
                weights, lr=self._rate, weight_decay=recipe.weight_decay, fused=True
            )
        else:
            optimizer = torch.optim.Adam(weights, lr=self._rate, fused=True)
        if recipe.schedule == "constant":
            return optimizer
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs)
        return {"optimizer": optimizer, "lr_scheduler": schedule}
