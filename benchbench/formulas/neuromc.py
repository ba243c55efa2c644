"""NeuroMC (doi:10.1038/s41467-026-70586-x) through SpikingJelly: a core for spikes, 32 nm.

Each layer is estimated alone on what it was given in the whole network, and the layers are added
up, as in SpikingJelly's own cross-validation. DRAM and the network on chip cost nothing in it.

A training step has a forward pass, a backward pass with the gradients of the weights, and the
optimizer's update. Ours: its neurons are charged as integrate-and-fire ones with a detached reset
and a sigmoid surrogate, all that SpikingJelly's trace knows the backward pass of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchbench.errors import CountError
from benchbench.formulas.base import PJ
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.formulas.layers import Layer

__all__ = ["STAGES", "neuromc_j", "neuromc_train_pj"]

STAGES = ("forward", "backward", "optimizer")


@formula(
    "neuromc",
    title="NeuroMC",
    source="NeuroMC 2026",
    says="accumulates, neurons, batch norms, and SRAM and registers of a weight-stationary core; "
    "DRAM and the network on chip left out",
    basis=Basis(
        technology="32 nm",
        precision="1-bit spikes, 16-bit values",
        inside=("compute", "memory", "state"),
        on_demand=True,
        kind="layers",
        neurons=("BaseNode",),
    ),
    place=711,
)
def neuromc_j(layers: Sequence[Layer]) -> float:
    """Joules of one inference.

    Args:
        layers: The model's layers, each with what it was given.

    Raises:
        CountError: A layer does something that NeuroMC has no cost of.
    """
    return PJ * sum(_of_stages(layer, trains=False)["forward"] for layer in layers)


def neuromc_train_pj(layers: Sequence[Layer]) -> dict[str, float]:
    """Picojoules of a training step with Adam, by stage.

    Args:
        layers: The model's layers in training mode, each with what it was given.

    Raises:
        CountError: A layer does something that NeuroMC has no cost of.
    """
    found = [_of_stages(_trainable(layer), trains=True) for layer in layers]
    return {stage: sum(it.get(stage, 0.0) for it in found) for stage in STAGES}


def _trainable(layer: Layer) -> Layer:
    """A layer whose backward pass is known; its input wants a gradient.

    Raises:
        CountError: It is a layer of neurons of another framework.
    """
    from spikingjelly.activation_based import neuron, surrogate  # noqa: PLC0415 - imports torch

    given, module = layer.given.clone().requires_grad_(), layer.module
    if layer.is_neuron:
        if not isinstance(module, neuron.BaseNode):
            name = type(module).__name__
            raise CountError(f"{name} ({layer.path}): NeuroMC knows SpikingJelly's neurons alone")
        module = neuron.IFNode(
            module.v_threshold,
            module.v_reset,
            surrogate.Sigmoid(),
            detach_reset=True,
            step_mode=module.step_mode,
        )
    return replace(layer, module=module, given=given)


def _of_stages(layer: Layer, *, trains: bool) -> dict[str, float]:
    import torch  # noqa: PLC0415 - the registry of figures is read without it
    from spikingjelly.activation_based import op_counter  # noqa: PLC0415 - as above

    profiler = op_counter.NeuroMCEnergyProfiler()
    profiler.bind_model(layer.module)
    weights = list(layer.module.parameters())
    if trains and weights:
        profiler.bind_optimizer(torch.optim.Adam(weights))
    with profiler:
        with profiler.stage("forward", phase="forward"):
            out = layer.run()
        if trains:
            with profiler.stage("backward", phase="backward"):
                out.backward(torch.full_like(out, 1e-3))  # of any loss: values cost nothing
            if weights:
                with profiler.stage("optimizer", phase="optimizer"):
                    profiler.record_optimizer_step("optimizer")
    for weight in weights:
        weight.grad = None
    try:
        report: Any = profiler.get_report()
    except ValueError as error:
        name = type(layer.module).__name__
        raise CountError(f"{name} ({layer.path}): {error}") from error
    return dict(report.energy_by_stage)
