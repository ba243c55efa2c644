"""What a training makes small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

from benchbench.frameworks import is_spiking

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Loss", "loss_name", "loss_of"]

Loss = Literal["auto", "mse", "cross_entropy"]


def loss_name(name: Loss, model: nn.Module) -> Loss:
    """The loss that ``auto`` stands for: ``mse`` where there are spiking neurons."""
    if name != "auto":
        return name
    return "mse" if is_spiking(model) else "cross_entropy"


def loss_of(
    name: Loss, model: nn.Module, label_smoothing: float
) -> Callable[[Tensor, Tensor], Tensor]:
    """The training loss: outputs [N, classes] and labels [N] to a scalar.

    ``mse`` is Eq. 9 of the paper: the mean squared error between firing rates and the smoothed
    one-hot label.
    """
    if loss_name(name, model) == "cross_entropy":
        return nn.CrossEntropyLoss(label_smoothing=label_smoothing)

    def mse(rates: Tensor, labels: Tensor) -> Tensor:
        classes = rates.shape[1]
        target = nn.functional.one_hot(labels, classes).to(rates.dtype)
        target = target * (1 - label_smoothing) + label_smoothing / classes
        return nn.functional.mse_loss(rates, target)

    return mse
