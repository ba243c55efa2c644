"""Accuracy on held-out images, with its interval, the confusion matrix and each class's recall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from benchbench.backends.native import reset, to_input
from benchbench.metrics.registry import measured
from benchbench.metrics.statistics import wilson

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchbench.metrics.measurement import Measurement

__all__ = ["confusion", "measure"]


@torch.no_grad()
def confusion(model: nn.Module, images: Tensor, labels: Tensor, batch_size: int) -> Tensor:
    """How often each class was taken for each class.

    Args:
        model: Outputs [N, classes]; its mode is restored.
        images: uint8 [N, 48, 48].
        labels: int64 [N].
        batch_size: Images at a time.

    Returns:
        Counts int64 [classes, classes]: row the true class, column the guess.
    """
    training, device = model.training, next(model.parameters()).device
    model.eval()
    forget = reset(model)
    guesses: list[Tensor] = []
    classes = 0
    for chunk in torch.split(images, batch_size):
        forget()
        outputs = model(to_input(chunk.to(device)))
        classes = outputs.shape[1]
        guesses.append(outputs.argmax(1).cpu())
    forget()
    model.train(training)
    pairs = labels * classes + torch.cat(guesses)
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def measure(name: str, matrix: Tensor, class_names: tuple[str, ...], split: str) -> Measurement:
    """The accuracy behind a confusion matrix.

    Args:
        name: ``accuracy`` or ``accuracy_public``.
        matrix: As from `confusion`.
        class_names: By label.
        split: Which images; for the reader.

    Returns:
        The share of right guesses with Wilson's 95 % interval over images; the matrix, recall by
        class and the share of the largest class are in its detail.
    """
    total, right = int(matrix.sum()), int(matrix.diagonal().sum())
    low, high = wilson(right, total)
    rows = matrix.sum(1)
    detail: dict[str, Any] = {
        "split": split,
        "classes": list(class_names),
        "confusion": matrix.tolist(),
        "recall": [
            int(hit) / int(row) if row else None
            for hit, row in zip(matrix.diagonal(), rows, strict=True)
        ],
        "largest_class": int(rows.max()) / total,
    }
    return measured(name, right / total, n=total, low=low, high=high, detail=detail)
