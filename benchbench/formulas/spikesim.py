"""SpikeSim (Moitra et al. 2023, doi:10.1109/TCAD.2023.3274918) through SpikingJelly: crossbars.

A layer's kernel lies on crossbars of memory cells; each place of its output is a cycle of all
crossbars, whatever the spikes (``dense``, as its published code counts), or of those alone that a
spike reaches (``event``, SpikingJelly's own). Ours: a linear layer is a convolution of 1x1 at one
place; SpikingJelly leaves it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from benchbench.errors import CountError
from benchbench.formulas.base import PJ
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.formulas.layers import Layer

__all__ = ["COSTS", "dense_j", "event_j", "spikesim_j"]

COSTS = {"xbar_size": 64, "tile_buffer_pj": 397.0, "adc_pj": 2.03084, "htree_pj": 157.12}
COSTS |= {"mux_pj": 0.094245, "mem_fetch_pj": 4.64, "neuron_pj": 5.096, "rram_xbar_pj": 1.76423}

Mode = Literal["dense", "event"]


def spikesim_j(layers: Sequence[Layer], mode: Mode, **costs: float) -> float:
    """Joules of one inference.

    Args:
        layers: The model's layers, each with what it was given.
        mode: Whether all crossbars are charged, or those alone that a spike reaches.
        costs: Parameters of SpikingJelly's configuration.

    Raises:
        CountError: The model has no spiking neurons, or a layer that SpikeSim knows nothing of.
    """
    if not any(layer.is_neuron for layer in layers):
        raise CountError("SpikeSim's crossbars end in spiking neurons, and there are none")
    return PJ * sum(_of_layer(layer, mode, costs) for layer in layers if layer.has_weights)


def _of_layer(layer: Layer, mode: Mode, costs: dict[str, Any]) -> float:
    from spikingjelly.activation_based import op_counter  # noqa: PLC0415 - imports torch
    from torch import nn  # noqa: PLC0415 - as above

    if not isinstance(layer.module, nn.Conv2d | nn.Linear):
        raise CountError(f"SpikeSim knows no {type(layer.module).__name__} ({layer.path})")
    asked = {**costs, "xbar_size": int(costs["xbar_size"]), "activity_mode": mode}
    config = op_counter.SpikeSimEnergyConfig(**asked)
    profiler = op_counter.SpikeSimEnergyProfiler(config=config)
    module, given = layer.module, layer.given
    if isinstance(module, nn.Linear):
        weight = nn.Parameter(module.weight.detach()[:, :, None, None], requires_grad=False)
        given = given.reshape(-1, module.in_features, 1, 1)
        module = nn.Conv2d(module.in_features, module.out_features, 1, bias=False).eval()
        module.weight = weight
    with profiler:
        module(given)
    return float(profiler.get_report().energy_total_pj)


def dense_j(layers: Sequence[Layer], **costs: float) -> float:
    """All crossbars at every place of the output, as the published code counts."""
    return spikesim_j(layers, "dense", **costs)


def event_j(layers: Sequence[Layer], **costs: float) -> float:
    """The crossbars that a spike reaches, SpikingJelly's own."""
    return spikesim_j(layers, "event", **costs)


for _place, (_function, _mode, _what) in enumerate(
    (
        (dense_j, "dense", "all crossbars at every place"),
        (event_j, "event", "the crossbars that a spike reaches"),
    )
):
    formula(
        f"spikesim_{_mode}",
        title=f"SpikeSim, {_mode}",
        source="Moitra et al. 2023",
        says=f"in-memory computing, {_what}: conversion, buffers, wires and neurons of each",
        basis=Basis(
            technology="65 nm, RRAM",
            precision="its crossbars'",
            inside=("compute", "memory", "movement", "state"),
            parameters=COSTS,
            on_demand=True,
            kind="layers",
        ),
        place=712 + _place,
    )(_function)
