"""What a training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from benchbench.backends.outputs import squared_errors
from benchbench.errors import ModelError
from benchbench.frameworks import is_spiking

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.suite.model import Loss, Objective

__all__ = ["balanced", "loss_name", "loss_of"]


def loss_name(name: Loss, model: nn.Module, objective: Objective = "classification") -> str:
    """The loss that ``auto`` stands for: ``mse`` where there are spiking neurons."""
    if objective == "none":
        return "none"
    if objective == "regression":
        return "mse"
    if name != "auto":
        return name
    return "mse" if is_spiking(model) else "cross_entropy"


def balanced(labels: Tensor, classes: int) -> Tensor:
    """The weight of each class [classes]: samples over those of the class and of classes.

    One that has no sample has weight 0. As scikit-learn's ``compute_class_weight("balanced")``.
    """
    counts = labels.bincount(minlength=classes)
    weights = len(labels) / (classes * counts.clamp(min=1).float())
    return weights.where(counts > 0, 0.0)


def loss_of(
    name: Loss,
    model: nn.Module,
    label_smoothing: float,
    objective: Objective = "classification",
    class_weights: Tensor | None = None,
) -> Callable[[Tensor, Tensor], Tensor]:
    """The training loss: outputs [N, classes] and labels [N], or numbers and numbers, to a scalar.

    ``mse`` of a classification is Eq. 9 of the paper: the mean squared error between firing rates
    and the smoothed one-hot label. With `class_weights` [classes] the mean over the samples is one
    weighted by their class.

    Raises:
        ModelError: There is no loss without a task.
    """
    found = loss_name(name, model, objective)
    if found == "none":
        raise ModelError("task: none has no targets to train on")
    if found == "cross_entropy":
        return nn.CrossEntropyLoss(class_weights, label_smoothing=label_smoothing)

    def mse(rates: Tensor, labels: Tensor) -> Tensor:
        classes = rates.shape[1]
        target = nn.functional.one_hot(labels, classes).to(rates.dtype)
        target = target * (1 - label_smoothing) + label_smoothing / classes
        if class_weights is None:
            return nn.functional.mse_loss(rates, target)
        weights = class_weights[labels]
        return ((rates - target).square().mean(1) * weights).sum() / weights.sum()

    def of_numbers(answers: Tensor, targets: Tensor) -> Tensor:
        return squared_errors(answers, targets).mean()

    return mse if objective == "classification" else of_numbers
