"""Arithmetic in fp32 with a memory hierarchy in which weights are reused.

Costs of accesses: Han et al. 2015 (arXiv:1506.02626, figure 1, 45 nm), a word of 32 bits from
registers, SRAM and DRAM. Han et al. 2016 (EIE, arXiv:1602.01528, table I) has the last two again,
its SRAM one of 32 KB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ
from benchbench.formulas.horowitz import compute_j
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from benchbench.formulas.base import Counted

__all__ = ["ACCESS_PJ", "hierarchy_j"]

ACCESS_PJ = {"register": 1.0, "sram": 5.0, "dram": 640.0}
REGISTERS = 3  # accesses of one operation: the weight, the sum read, the sum written


def hierarchy_j(
    counted: Counted,
    register_pj: float = ACCESS_PJ["register"],
    sram_pj: float = ACCESS_PJ["sram"],
    dram_pj: float = ACCESS_PJ["dram"],
) -> float:
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
            + (W + W_again + T * W_spike) * SRAM + (W + W_spike) * DRAM + 2 * updates * SRAM

    W_again are the words of layers that spikes do not feed and that run inside the loop over time
    all the same: one less than T times each.
    """
    operations = counted.macs + counted.synops
    pj = compute_j(counted, "fp32") / PJ + REGISTERS * operations * register_pj
    fills = counted.weights + counted.later_words + counted.steps * counted.spike_weights
    pj += (fills + 2 * counted.neuron_updates) * sram_pj
    return PJ * (pj + (counted.weights + counted.spike_weights) * dram_pj)


formula(
    "hierarchy",
    title="memory hierarchy",
    source="Horowitz 2014, Han et al. 2015",
    says="fp32 arithmetic; weights from DRAM once, from SRAM once a time step, registers of each "
    "operation, potentials in SRAM",
    basis=Basis(
        technology="45 nm",
        precision="fp32",
        inside=("compute", "memory", "state"),
        parameters={f"{level}_pj": pj for level, pj in ACCESS_PJ.items()},
    ),
    place=706,
)(hierarchy_j)  # not above it: mutation tests pass over what is decorated
