"""What several trainings of one model, each from another seed, come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.metrics.statistics import t_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = ["ACCURACY_SEEDS", "MSE_SEEDS", "measure"]

OTHERWISE = "trained from one seed (`train: { seeds: N }` takes more)"

ACCURACY_SEEDS = Figure(
    "accuracy_seeds",
    "Accuracy, test split, mean of the seeds",
    "1",
    "counted",
    "mean over trainings that differ in the seed alone (weights, data order, dropout), each with "
    "its own best epoch; Student's t interval over trainings",
    "higher",
    beside_paper="interval",
    place=605,
    otherwise=OTHERWISE,
)
MSE_SEEDS = Figure(
    "mse_seeds",
    "Mean squared error, test split, mean of the seeds",
    "1",
    "counted",
    "the same of the mean squared error of a regression",
    beside_paper="interval",
    place=606,
    otherwise=OTHERWISE,
)


@probe(gives=(ACCURACY_SEEDS, MSE_SEEDS))
def measure(found: Sequence[Measurement], first_seed: int) -> Iterator[Measurement]:
    """Mean and spread over trainings.

    Args:
        found: Accuracy, or the error, of each training; at least two.
        first_seed: Seed of the first; each further one has the next.

    Returns:
        The mean; in its detail the figure of each training by its seed, and the guess of each
        sample where there are any.
    """
    figure = ACCURACY_SEEDS if found[0].name == "accuracy" else MSE_SEEDS
    values = [it.value for it in found if it.value is not None]
    mean, low, high = t_interval(values)
    each = [
        {
            "seed": first_seed + number,
            "value": it.value,
            **{key: it.detail[key] for key in ("guesses",) if key in it.detail},
        }
        for number, it in enumerate(found)
    ]
    yield figure(mean, n=len(values), low=low, high=high, detail={"seeds": each})
