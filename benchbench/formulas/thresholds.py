"""The density of spikes at which a spiking network costs what its ReLU twin does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from benchbench.formulas.hierarchy import ACCESS_PJ, REGISTERS
from benchbench.formulas.horowitz import COSTS_PJ

if TYPE_CHECKING:
    from benchbench.formulas.base import Counted

__all__ = ["Threshold", "break_even_density"]

Threshold = Literal["compute", "memory", "hierarchy"]

MEMORY_PJ_PER_BYTE = 24.96  # SpikingJelly's default for memory: 3.12 pJ a bit
WORD_BYTES = 4


def break_even_density(counted: Counted, model: Threshold) -> float | None:
    """Share of non-zero inputs of the spike-fed layers at which the SNN costs what its twin does.

    The twin has the same layers, ReLU and T = 1. Below this share the SNN is cheaper.
    "compute" is arithmetic alone (fp32); with "memory" each weight use, and each neuron's state
    read and written, costs a word; "hierarchy" is `benchbench.formulas.hierarchy`, where both fetch
    the same weights from DRAM, so that it drops out, and the SNN fills registers T times.

    Returns:
        A share; above 1 the SNN always wins, below 0 never. None without spike-fed layers.
    """
    if not counted.spike_macs:
        return None
    mac_pj, add_pj = COSTS_PJ["fp32"]
    # What an operation's data cost, a potential's read or write, and all that is no operation's.
    use_pj, state_pj, again_pj = {
        "compute": (0.0, 0.0, 0.0),
        "memory": (WORD_BYTES * MEMORY_PJ_PER_BYTE, WORD_BYTES * MEMORY_PJ_PER_BYTE, 0.0),
        "hierarchy": (
            REGISTERS * ACCESS_PJ["register"],
            ACCESS_PJ["sram"],
            (counted.steps - 1) * counted.spike_weights * ACCESS_PJ["sram"],
        ),
    }[model]
    twin_pj = counted.one_pass * (mac_pj + use_pj)
    fixed_pj = counted.macs * (mac_pj + use_pj) + again_pj
    fixed_pj += counted.neuron_updates * (add_pj + 2 * state_pj)
    return (twin_pj - fixed_pj) / (counted.spike_macs * (add_pj + use_pj))
