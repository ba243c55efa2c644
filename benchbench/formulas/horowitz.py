"""Joules by formula, from counts. No sensor is involved: every figure here is `modelled`.

The model decides the winner, so one alone says nothing. Each function gives joules per sample.

Sources:
    Horowitz 2014 (ISSCC, 45 nm): energy of an addition and a multiplication.
    Yan et al. 2024 (arXiv:2409.08290): the fair baseline of a T-step SNN is an ANN of
    ceil(log2(T + 1)) bits.
    24.96 pJ a byte is SpikingJelly's default for memory, 3.12 pJ a bit.
    Han et al. 2015 (arXiv:1506.02626, figure 1, 45 nm): energy of a 32-bit access to registers,
    SRAM and DRAM. Han et al. 2016 (EIE, arXiv:1602.01528, table I) has the last two again, its
    SRAM one of 32 KB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "COSTS_PJ",
    "PJ",
    "Counted",
    "break_even_density",
    "compute_j",
    "hierarchy_j",
    "quantised_twin_j",
]

PJ = 1e-12
COSTS_PJ = {  # Horowitz 2014: a multiply-accumulate, and an accumulate
    "fp32": (4.6, 0.9),  # 3.7 + 0.9
    "fp16": (1.5, 0.4),  # 1.1 + 0.4
    "int8": (0.23, 0.03),  # 0.2 + 0.03
}
MEMORY_PJ_PER_BYTE = 24.96
WORD_BYTES = 4
ACCESS_PJ = {"register": 1.0, "sram": 5.0, "dram": 640.0}  # Han et al. 2015, a word of 32 bits
REGISTERS = 3  # accesses of one operation: the weight, the sum read, the sum written


@dataclass(frozen=True, slots=True)
class Counted:
    """What the formulas need, per sample.

    Attributes:
        macs: Dense mult-adds of layers that are fed by anything but spikes.
        spike_macs: Dense mult-adds of layers that are fed by spikes, over all time steps.
        synops: Accumulates that real spikes trigger.
        neuron_updates: Spiking neurons times time steps.
        steps: Time steps; 1 for a network without time.
        weights: Words of weights of layers that are fed by anything but spikes.
        spike_weights: Words of weights of layers that are fed by spikes.
    """

    macs: float
    spike_macs: float = 0.0
    synops: float = 0.0
    neuron_updates: float = 0.0
    steps: int = 1
    weights: float = 0.0
    spike_weights: float = 0.0

    @property
    def one_pass(self) -> float:
        """Mult-adds of the same layers run once, as a ReLU network would."""
        return self.macs + self.spike_macs / self.steps


def compute_j(counted: Counted, precision: str) -> float:
    """Arithmetic alone: mult-adds, and one accumulate a SynOp and a neuron update."""
    mac_pj, add_pj = COSTS_PJ[precision]
    adds = counted.synops + counted.neuron_updates
    return PJ * (counted.macs * mac_pj + adds * add_pj)


def hierarchy_j(counted: Counted) -> float:
    """Arithmetic in fp32 with a memory hierarchy in which weights are reused.

    Ours, on the same dataflow for both kinds of network: a layer's weights come from DRAM once an
    inference (all time steps of a layer before the next layer), go from SRAM to registers once a
    time step, and stay there over all positions; each operation reads its weight and reads and
    writes its sum in registers; a neuron's potential is read from SRAM and written at every step.
    Inputs are left out: each is used by a whole row of weights. Ours too: the weights of silent
    inputs are fetched as well, and every SRAM access costs what one of 32 KB does, whatever must
    fit. Were a layer that does not fit fetched again at each time step, DRAM would cost up to T
    times as much.

        E = MAC * 4.6 + AC * 0.9 + 3 * (MAC + AC) * register
            + (W + T * W_spike) * SRAM + (W + W_spike) * DRAM + 2 * updates * SRAM
    """
    operations = counted.macs + counted.synops
    pj = compute_j(counted, "fp32") / PJ + REGISTERS * operations * ACCESS_PJ["register"]
    fills = counted.weights + counted.steps * counted.spike_weights
    pj += (fills + 2 * counted.neuron_updates) * ACCESS_PJ["sram"]
    return PJ * (pj + (counted.weights + counted.spike_weights) * ACCESS_PJ["dram"])


def quantised_twin_j(counted: Counted) -> tuple[float, int]:
    """Arithmetic of the same layers as a ReLU network of ceil(log2(T + 1)) bits.

    Ours: from Horowitz's int8, a multiplier goes with the square of the bits and an adder with the
    bits.

    Returns:
        Joules per sample, and the bits.
    """
    bits = max(1, math.ceil(math.log2(counted.steps + 1)))
    multiply_pj, add_pj = 0.2 * (bits / 8) ** 2, 0.03 * bits / 8
    return PJ * counted.one_pass * (multiply_pj + add_pj), bits


def break_even_density(
    counted: Counted, model: Literal["compute", "memory", "hierarchy"]
) -> float | None:
    """Share of non-zero inputs of the spike-fed layers at which the SNN costs what its twin does.

    The twin has the same layers, ReLU and T = 1. Below this share the SNN is cheaper.
    "compute" is arithmetic alone (fp32); with "memory" each weight use, and each neuron's state
    read and written, costs a word; "hierarchy" is `hierarchy_j`, where both fetch the same weights
    from DRAM, so that it drops out, and the SNN fills registers T times.

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
