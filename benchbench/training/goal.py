"""What the best epoch of a training is chosen by: accuracy, or the mean squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchbench.backends.outputs import squared_errors

if TYPE_CHECKING:
    from torch import Tensor

    from benchbench.suite.model import Objective

__all__ = ["Goal", "goal_of"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What the best epoch of a training is chosen by.

    Attributes:
        key: What a line of the curve has it under.
        mode: Whether more or less of it is better.
    """

    key: Literal["accuracy_public", "mse_public"]
    mode: Literal["max", "min"]

    @property
    def train_key(self) -> Literal["accuracy_train", "mse_train"]:
        """What a line of the curve has the same of the training samples under."""
        return "accuracy_train" if self.key == "accuracy_public" else "mse_train"

    def score(self, answers: Tensor, targets: Tensor) -> Tensor:
        """Its mean over a batch.

        Args:
            answers: What the model answers with [N, ...].
            targets: Labels [N], or numbers.
        """
        if self.key == "accuracy_public":
            return (answers.argmax(1) == targets).float().mean()
        return squared_errors(answers, targets).mean()

    def is_better(self, new: float, best: dict[str, Any] | None) -> bool:
        """Whether an epoch is better than the best one before."""
        if best is None:
            return True
        before: float = best[self.key]
        return new > before if self.mode == "max" else new < before

    def said(self, value: float) -> str:
        """A value for a reader."""
        return f"{100 * value:.2f} %" if self.mode == "max" else f"mean squared error {value:.4g}"


def goal_of(objective: Objective) -> Goal:
    """What is looked at for a task.

    Raises:
        ValueError: Nothing is trained for it.
    """
    if objective == "none":
        raise ValueError("nothing is trained without a task")
    if objective == "classification":
        return Goal("accuracy_public", "max")
    return Goal("mse_public", "min")
