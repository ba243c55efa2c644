"""What a trained model answers on held-out samples, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

    from benchbench.data.samples import Samples
    from benchbench.data.splits import Splits

__all__ = ["EVALUATE", "answers", "held_out"]

EVALUATE = 64  # samples at a time


def answers(
    model: nn.Module, samples: Samples, batch_size: int, output: str = ""
) -> Iterator[tuple[Tensor, Tensor]]:
    """Answers and targets of each batch, on the CPU; the model's mode is restored at the end.

    Args:
        model: Answers with [N, ...].
        samples: Inputs with targets.
        batch_size: Samples at a time.
        output: Which part of the model's output is its answer.
    """
    import torch

    from benchbench.backends.outputs import answer_of
    from benchbench.frameworks import is_spiking, resetter

    training, spikes = model.training, is_spiking(model)
    device = next((it.device for it in model.parameters()), torch.device("cpu"))
    model.eval()
    forget = resetter(model)
    for inputs, targets in samples.batches(batch_size):
        forget()
        with torch.no_grad():
            raw = inputs.to(device).run(model)
            steps = spikes or inputs.axis == 1
            answer = answer_of(raw, len(inputs), output, walks_time=steps, targets=targets)
        yield answer.cpu(), targets
    forget()
    model.train(training)


def held_out(
    splits: Splits, seed: int, what: str, tell: Callable[[str], None]
) -> Iterator[tuple[Samples, str]]:
    """The samples to report on and their name, then those that the best epoch was chosen on.

    Args:
        splits: Both.
        seed: Seed that torch gets before each: a Poisson encoder draws.
        what: What is looked at.
        tell: Hears which samples come next.
    """
    import torch

    from benchbench.data.samples import size_of

    for part, name in (
        (splits.report, splits.report_name),
        (splits.select, splits.select_name),
    ):
        tell(f"{what} on {size_of(part) or 'the'} samples of {name}")
        torch.manual_seed(seed)
        yield part, name
