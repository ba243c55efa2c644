"""NeuroMC (doi:10.1038/s41467-026-70586-x) through SpikingJelly: a core for spikes, 32 nm.

Each layer is estimated alone on what it was given in the whole network, and the layers are added
up, as in SpikingJelly's own cross-validation. DRAM and the network on chip cost nothing in it. A
layer that is called at each time step is estimated once on all of its inputs, so that both step
modes of a network cost the same.

A training step has a forward pass, a backward pass with the gradients of the weights, and the
optimizer's update, once for each weight. Ours: its neurons are charged as integrate-and-fire ones
with a detached reset and a sigmoid surrogate, all that SpikingJelly's trace knows the backward pass
of.
"""

from __future__ import annotations

import warnings
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
    return PJ * sum(_of_stages(layer, ())["forward"] for layer in _joined(layers))


def neuromc_train_pj(layers: Sequence[Layer]) -> dict[str, float]:
    """Picojoules of a training step with Adam, by stage.

    Args:
        layers: The model's layers in training mode, each with what it was given.

    Raises:
        CountError: A layer does something that NeuroMC has no cost of.
    """
    found, updated = [], set[int]()
    for layer in map(_trainable, _joined(layers)):
        weights = [it for it in layer.module.parameters() if id(it) not in updated]
        updated |= {*map(id, weights)}
        found.append(_of_stages(layer, weights, trains=True))
    return {stage: sum(it.get(stage, 0.0) for it in found) for stage in STAGES}


def _joined(layers: Sequence[Layer]) -> list[Layer]:
    """The calls of a layer as one on all of its inputs, where it takes batches and has no state."""
    import torch  # noqa: PLC0415 - the registry of figures is read without it

    calls: dict[Any, list[Layer]] = {}
    for place, layer in enumerate(layers):
        shape = tuple(layer.given.shape)
        one = layer.is_neuron or len(shape) < _batched_axes(layer.module)
        calls.setdefault(place if one else (id(layer.module), shape[1:]), []).append(layer)
    return [
        replace(
            same[0],
            given=torch.cat([it.given for it in same]) if len(same) > 1 else same[0].given,
            passes_gradient=any(it.passes_gradient for it in same),
        )
        for same in calls.values()
    ]


def _batched_axes(module: Any) -> int:  # noqa: ANN401 - a layer of torch
    """Axes of the least input of a layer that has one of samples."""
    kernel: Any = getattr(module, "kernel_size", ())
    return 2 + (len(kernel) if isinstance(kernel, tuple) else 0)


def _trainable(layer: Layer) -> Layer:
    """A layer whose backward pass is known; its input wants a gradient where a training takes one.

    Raises:
        CountError: It is a layer of neurons of another framework.
    """
    from spikingjelly.activation_based import neuron, surrogate  # noqa: PLC0415 - imports torch

    given, module = layer.given.clone().requires_grad_(layer.passes_gradient), layer.module
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


def _of_stages(layer: Layer, updated: Sequence[Any], *, trains: bool = False) -> dict[str, float]:
    import torch  # noqa: PLC0415 - the registry of figures is read without it
    from spikingjelly.activation_based import op_counter  # noqa: PLC0415 - as above

    profiler = op_counter.NeuroMCEnergyProfiler()
    profiler.bind_model(layer.module)
    if updated:
        profiler.bind_optimizer(torch.optim.Adam(updated))
    with profiler:
        with profiler.stage("forward", phase="forward"):
            out = layer.run()
        if trains and out.requires_grad:
            with profiler.stage("backward", phase="backward"), warnings.catch_warnings():
                # The profiler's hooks warn of each layer whose input has no gradient: the first.
                warnings.filterwarnings("ignore", "Full backward hook", UserWarning)
                out.backward(torch.full_like(out, 1e-3))  # of any loss: values cost nothing
            if updated:
                with profiler.stage("optimizer", phase="optimizer"):
                    profiler.record_optimizer_step("optimizer")
    for weight in layer.module.parameters():
        weight.grad = None
    try:
        report: Any = profiler.get_report()
    except ValueError as error:
        name = type(layer.module).__name__
        raise CountError(f"{name} ({layer.path}): {error}") from error
    return dict(report.energy_by_stage)
