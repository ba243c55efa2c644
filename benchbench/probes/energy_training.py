"""Modelled energy of a training step: forward, backward, weight gradients, optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement

__all__ = ["TRAINING", "measure"]

FORMULA = "neuromc"
TRAINING = Figure(
    "modelled_train_neuromc",
    "Modelled energy: NeuroMC, training step",
    "J",
    "modelled",
    "per sample of a training step with Adam, no sensor: forward and backward pass, gradients of "
    "the weights and their update, the update over the samples of a batch; its neurons as "
    "integrate-and-fire ones (32 nm, 1-bit spikes, 16-bit values; NeuroMC 2026)",
    phase="train",
    place=714,
    otherwise="`formulas:` of the suite does not ask for it",
)


@probe(gives=(TRAINING,))
def measure(
    model: nn.Module,
    batches: Sequence[Inputs | Tensor],
    formulas: Mapping[str, Mapping[str, float]],
) -> Iterator[Measurement]:
    """Model one training step, each layer alone on what it is given in a copy of the model.

    Args:
        model: Model on the CPU; left as it was.
        batches: Inputs, or tensors [N, ...]; the first batch is used.
        formulas: Formulas that the suite asks for.
    """
    if FORMULA not in formulas:
        return
    import copy

    import torch

    from benchbench.data.inputs import Inputs
    from benchbench.formulas.neuromc import neuromc_train_pj
    from benchbench.frameworks import reset
    from benchbench.probes.counting.estimated import layers_given

    inputs = Inputs.of(batches[0])
    try:
        trained = copy.deepcopy(model).requires_grad_().train()
        reset(trained)
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            layers = layers_given(trained, inputs)
            reset(trained)
            stages = neuromc_train_pj(layers)
    except Exception as error:  # noqa: BLE001 - a library's estimator fails on a model as it likes
        why = f"its estimator refuses this model: {type(error).__name__}: {error}"[:300]
        yield TRAINING.missing(why)
        return
    per_sample = {stage: pj * 1e-12 / len(inputs) for stage, pj in stages.items()}
    detail = {"stages": per_sample, "batch_size": len(inputs)}
    yield TRAINING(sum(per_sample.values()), detail=detail)
