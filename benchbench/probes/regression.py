"""Mean squared error on held-out samples, and the share of the targets' variance explained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.metrics.statistics import t_interval
from benchbench.probes.answers import EVALUATE, answers, held_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from benchbench.data.samples import Samples
    from benchbench.data.splits import Splits
    from benchbench.metrics.measurement import Measurement

__all__ = ["MSE", "MSE_PUBLIC", "R_SQUARED", "measure"]

OTHERWISE = "only a regression that the suite trains or loads has an error"

MSE = Figure(
    "mse",
    "Mean squared error, test split",
    "1",
    "counted",
    "squared difference of answers and targets on the test split, the mean over a sample's numbers "
    "and over samples, by the weights that were best on the validation split; Student's t interval "
    "over samples; in the square of the targets' unit",
    beside_paper="interval",
    place=602,
    otherwise=OTHERWISE,
)
MSE_PUBLIC = Figure(
    "mse_public",
    "Mean squared error, validation split",
    "1",
    "counted",
    "the same on the validation split, which the best epoch was chosen on: too small by that",
    beside_paper="interval",
    place=603,
    otherwise=OTHERWISE,
)
R_SQUARED = Figure(
    "r_squared",
    "Variance explained, test split",
    "1",
    "counted",
    "1 - squared errors / squared deviations of the targets from their mean, each summed over all "
    "of the test split; 0 is as good as the mean, below 0 is worse",
    "higher",
    signed=True,
    place=604,
    otherwise=OTHERWISE,
)


@probe(gives=(MSE, MSE_PUBLIC, R_SQUARED))
def measure(
    model: nn.Module, splits: Splits, seed: int, tell: Callable[[str], None], output: str = ""
) -> Iterator[Measurement]:
    """Errors on both held-out splits.

    Args:
        model: Trained.
        splits: The samples to report on, and those that the best epoch was chosen on.
        seed: Seed of the run: a Poisson encoder draws.
        tell: Hears which samples come next.
        output: Which part of the model's output is its answer.
    """
    parts = held_out(splits, seed, "errors", tell)
    for figure, (part, name) in zip((MSE, MSE_PUBLIC), parts, strict=True):
        squares, targets = _errors(model, part, output)
        low: float | None
        high: float | None
        value, low, high = float(squares.mean()), None, None
        if len(squares) > 1:
            _, low, high = t_interval(squares.tolist())
            low = max(0.0, low)
        found = figure(value, n=len(squares), low=low, high=high, detail={"split": name})
        yield replace(found, reasons=splits.notes)
        if figure is MSE:
            spread = float((targets - targets.mean(0)).square().mean())
            if spread > 0:
                explained = R_SQUARED(1 - value / spread, n=len(squares), detail={"split": name})
                yield replace(explained, reasons=splits.notes)
            else:
                yield R_SQUARED.missing("the targets of the test split are all the same")


def _errors(model: nn.Module, samples: Samples, output: str) -> tuple[Tensor, Tensor]:
    """The squared error of each sample [N], and the targets [N, ...], as float64."""
    import torch

    from benchbench.backends.outputs import squared_errors

    squares: list[Tensor] = []
    targets: list[Tensor] = []
    for answer, wanted in answers(model, samples, EVALUATE, output):
        squares.append(squared_errors(answer.double(), wanted.double()))
        targets.append(wanted.double().reshape(len(wanted), -1))
    return torch.cat(squares), torch.cat(targets)
