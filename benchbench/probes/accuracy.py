"""Accuracy on held-out images, with its interval, the confusion matrix and each class's recall."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Any, NamedTuple

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.metrics.statistics import wilson
from benchbench.probes.answers import EVALUATE, answers, held_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from benchbench.data.samples import Samples
    from benchbench.data.splits import Splits
    from benchbench.metrics.measurement import Measurement

__all__ = [
    "ACCURACY",
    "ACCURACY_PUBLIC",
    "OTHERWISE",
    "Classified",
    "classified",
    "measure",
    "names_of",
    "of_samples",
]

DIGITS = digits + ascii_lowercase
OTHERWISE = "only a classification that the suite trains or loads has an accuracy"

ACCURACY = Figure(
    "accuracy",
    "Accuracy, test split",
    "1",
    "counted",
    "share of the test split (FER2013: PrivateTest) that is classified rightly, by the weights "
    "that were best on the validation split; Wilson's interval over samples",
    "higher",
    beside_paper="interval",
    place=600,
    otherwise=OTHERWISE,
)
ACCURACY_PUBLIC = Figure(
    "accuracy_public",
    "Accuracy, validation split",
    "1",
    "counted",
    "the same on the validation split (FER2013: PublicTest), which the best epoch was chosen on: "
    "too good by that choice",
    "higher",
    beside_paper="interval",
    place=601,
    otherwise=OTHERWISE,
)


class Classified(NamedTuple):
    """What a model made of some samples.

    Attributes:
        labels: The true class of each sample, int64 [N].
        guesses: The class that it was taken for, int64 [N].
        classes: Number of classes that the model tells apart.
    """

    labels: Tensor
    guesses: Tensor
    classes: int

    @property
    def confusion(self) -> Tensor:
        """Counts int64 [classes, classes]: row the true class, column the guess."""
        count = self.classes
        pairs = self.labels.long() * count + self.guesses  # a byte holds no product of 17 classes
        return pairs.bincount(minlength=count * count).reshape(count, count)


def classified(model: nn.Module, samples: Samples, batch_size: int, output: str = "") -> Classified:
    """The class that a model takes each sample for.

    Args:
        model: Answers with [N, classes]; its mode is restored.
        samples: Inputs with labels.
        batch_size: Samples at a time.
        output: Which part of the model's output is its answer.
    """
    import torch

    guesses: list[Tensor] = []
    labels: list[Tensor] = []
    classes = 0
    for answer, targets in answers(model, samples, batch_size, output):
        classes = answer.shape[1]
        guesses.append(answer.argmax(1))
        labels.append(targets)
    return Classified(torch.cat(labels), torch.cat(guesses), classes)


@probe(gives=(ACCURACY, ACCURACY_PUBLIC))
def measure(
    model: nn.Module, splits: Splits, seed: int, tell: Callable[[str], None], output: str = ""
) -> Iterator[Measurement]:
    """Accuracy on both held-out splits.

    Args:
        model: Trained.
        splits: The samples to report on, and those that the best epoch was chosen on.
        seed: Seed of the run: a Poisson encoder draws.
        tell: Hears which samples come next.
        output: Which part of the model's output is its answer.
    """
    parts = held_out(splits, seed, "accuracy", tell)
    for figure, (part, name) in zip((ACCURACY, ACCURACY_PUBLIC), parts, strict=True):
        found = of_samples(
            figure, classified(model, part, EVALUATE, output), splits.class_names, name
        )
        yield replace(found, reasons=splits.notes)


def of_samples(
    figure: Figure, found: Classified, class_names: tuple[str, ...], split: str
) -> Measurement:
    """The accuracy over some samples.

    Args:
        figure: Accuracy on the one split or the other.
        found: What the model took each sample for.
        class_names: Names of the classes, by label; an answer more than there are has its number.
        split: Which samples; for the reader.

    Returns:
        The share of right guesses with Wilson's 95 % interval over samples. In its detail are the
        matrix, recall by class, the share of the largest class, and the label and the guess of each
        sample, a digit of base 36 each where there are no more classes: with them two models are
        compared on the same samples, see `benchbench.metrics.statistics.mcnemar`.
    """
    matrix = found.confusion
    total, right = int(matrix.sum()), int(matrix.diagonal().sum())
    low, high = wilson(right, total)
    rows = matrix.sum(1)
    detail: dict[str, Any] = {
        "split": split,
        "classes": _numbered(class_names, found.classes),
        "confusion": matrix.tolist(),
        "recall": [
            int(hit) / int(row) if row else None
            for hit, row in zip(matrix.diagonal(), rows, strict=True)
        ],
        "largest_class": int(rows.max()) / total,
    }
    if found.classes <= len(DIGITS):
        for name, values in (("labels", found.labels), ("guesses", found.guesses)):
            detail[name] = "".join(DIGITS[value] for value in values.tolist())
    return figure(right / total, n=total, low=low, high=high, detail=detail)


def names_of(detail: Mapping[str, Any]) -> list[str]:
    """The names of a stored confusion matrix's rows: before, an answer too many had none."""
    return _numbered(detail["classes"], len(detail["confusion"]))


def _numbered(names: Sequence[str], count: int) -> list[str]:
    """Names for so many classes: the numbers of those that have none."""
    return [*names, *map(str, range(len(names), count))]
