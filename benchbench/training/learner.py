"""One training step and one validation step, as Lightning wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from lightning import LightningModule

from benchbench.backends.outputs import answer_of
from benchbench.errors import TrainingError
from benchbench.frameworks import is_spiking, resetter
from benchbench.training.goal import Goal, goal_of
from benchbench.training.slimming import add_l1_subgradient

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from benchbench.backends.executed import Executed
    from benchbench.data.inputs import Inputs
    from benchbench.data.samples import Batch

__all__ = ["Learner"]

CLASSES = goal_of("classification")
CHECK_EVERY = 50  # steps; looking at every loss would make the GPU wait for the CPU


class Learner(LightningModule):
    """Wraps any model of inputs that answers with [N, ...]."""

    def __init__(
        self,
        how: Executed,
        loss: Callable[[Tensor, Tensor], Tensor],
        learning_rate: float,
        sparsity: float = 0.0,
        output: str = "",
        goal: Goal = CLASSES,
    ) -> None:
        """Take over a model.

        Args:
            how: The model and how it is executed; it answers with logits, firing rates
                [N, classes] or numbers [N, ...].
            loss: Loss of outputs and targets.
            learning_rate: Learning rate of Adam.
            sparsity: Strength of the L1 norm of the batch norms' scales.
            output: Which part of the model's output is its answer, as for
                `benchbench.backends.outputs.answer_of`.
            goal: What the best epoch is chosen by.
        """
        super().__init__()
        self.model, self._how = how.model, how
        self._loss = loss
        self._rate, self._sparsity, self._output = learning_rate, sparsity, output
        self._goal = goal
        self._forget, self._spikes = resetter(how.model), is_spiking(how.model)

    def forward(self, inputs: Inputs) -> Tensor:
        """Answers [N, ...]."""
        self._forget()
        with self._how.context():
            answer = answer_of(
                self._how.laid_out(inputs).run(self._how.run),
                len(inputs),
                self._output,
                walks_time=self._spikes or inputs.axis == 1,
            )
        return answer.float() if answer.dtype == torch.bfloat16 else answer

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one batch.

        Raises:
            TrainingError: It is NaN or infinite.
        """
        inputs, targets = batch
        value = self._loss(self(inputs), targets)
        if (index % CHECK_EVERY == 0 or value.device.type == "cpu") and not value.isfinite():
            raise TrainingError(
                f"the loss is {value.item()} in epoch {self.current_epoch + 1}, step {index + 1}; "
                "the best weights before are kept; try a smaller learning_rate"
            )
        self.log(
            "loss", value, batch_size=len(inputs), on_step=False, on_epoch=True, sync_dist=True
        )
        return value

    def on_after_backward(self) -> None:
        """Add the gradient of the scales' L1 norm."""
        if self._sparsity:
            add_l1_subgradient(self.model, self._sparsity)

    def validation_step(self, batch: Batch, _: int) -> None:
        """Look at the split that the best epoch is chosen on."""
        inputs, targets = batch
        self.log(
            self._goal.key,
            self._goal.score(self(inputs), targets),
            batch_size=len(targets),
            on_step=False,
            on_epoch=True,
            sync_dist=True,
        )

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's union of many forms
        """Adam, fused."""
        return torch.optim.Adam(self.model.parameters(), lr=self._rate, fused=True)
