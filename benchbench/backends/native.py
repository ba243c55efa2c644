"""The two things that are timed, a step of each kind, of a model however it is executed."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from benchbench.backends.outputs import answer_of, tensor_of
from benchbench.data.inputs import Inputs
from benchbench.frameworks import is_spiking, resetter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from benchbench.backends.executed import Executed
    from benchbench.data.batches import Batch

__all__ = ["inference_step", "training_step"]


def _endless(
    batches: Sequence[Batch | tuple[Tensor, Tensor]], how: Executed | None
) -> Iterator[Batch]:
    """The batches one after the other, and again; a tensor by itself is inputs."""
    every = [(Inputs.of(given), targets) for given, targets in batches]
    if how is not None:
        every = [(how.laid_out(inputs), targets) for inputs, targets in every]
    return itertools.cycle(every)


def training_step(
    model: nn.Module,
    batches: Sequence[Batch | tuple[Tensor, Tensor]],
    loss: Callable[[Tensor, Tensor], Tensor],
    learning_rate: float,
    output: str = "",
    how: Executed | None = None,
) -> Callable[[], Tensor]:
    """One step of Adam (fused: a third of the time of the default on 21.5 M parameters).

    Args:
        model: Model, in training mode afterwards.
        batches: What is trained on, one after the other, and again.
        loss: Loss of the answers and targets.
        learning_rate: Learning rate of Adam.
        output: Which part of the model's output is its answer, as for `answer_of`.
        how: How it is executed; by default as its framework runs it.

    Returns:
        A function that runs the next step and returns its loss (a scalar on the device).
    """
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    forget, queue, spikes = resetter(model), _endless(batches, how), is_spiking(model)
    run, context = (how.run, how.context) if how else (model, contextlib.nullcontext)

    def step() -> Tensor:
        inputs, targets = next(queue)
        forget()
        optimizer.zero_grad(set_to_none=True)
        with context():
            answer = answer_of(
                inputs.run(run),
                len(inputs),
                output,
                walks_time=spikes or inputs.axis == 1,
                targets=targets,
            )
        value = loss(answer.float() if answer.dtype == torch.bfloat16 else answer, targets)
        value.backward()  # type: ignore[no-untyped-call]  # torch's own annotation lacks it
        optimizer.step()
        return value.detach()

    return step


def inference_step(
    model: nn.Module,
    batches: Sequence[Batch | tuple[Tensor, Tensor]],
    output: str = "",
    how: Executed | None = None,
    *,
    whole: bool = False,
) -> Callable[[], object]:
    """Inference of the next batch, in eval mode and without autograd.

    Args:
        model: Model, in eval mode afterwards.
        batches: What goes in, one after the other, and again.
        output: Which part of the model's output is its answer, as for `tensor_of`.
        how: How it is executed; by default as its framework runs it.
        whole: Whether it answers with all that it returns, whatever that is.

    Returns:
        A function that runs it and returns the answer, most often [N, classes], or the whole of the
        output as it is: nothing of ours is in the time of a step.
    """
    model.eval()
    forget, queue = resetter(model), _endless(batches, how)
    run, context = (how.run, how.context) if how else (model, contextlib.nullcontext)

    # In inference mode autocast casts all weights in each step; without gradients it keeps them.
    casts = how is not None and how.execution.precision == "bf16"
    quiet: Callable[[], AbstractContextManager[None]] = (
        torch.no_grad if casts else torch.inference_mode
    )

    def step() -> object:
        with quiet(), context():
            forget()
            found = next(queue)[0].run(run)
            return found if whole and not output else tensor_of(found, output)

    return step
