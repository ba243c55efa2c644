"""SATA's operations: Yin et al. 2022 (arXiv:2204.05422), a training accelerator for spikes, 65 nm.

Its costs, in pJ at 16 bits, and what each operation is made of are those of its repository
(RuokaiYin/SATA_Sim, ``energy_configs.py`` and ``config/sata_config.yaml``): of the forward stage, a
synaptic operation is a bitwise and with an accumulate, and an update of a leaky neuron one
addition, one comparison, two multiplexers and three registers (its shift costs nothing there). A
mult-add of a layer without spikes is a multiplication and an accumulate, as the repository's own
yardstick is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from benchbench.formulas.base import Counted

__all__ = ["COSTS_PJ", "sata_j"]

COSTS_PJ = {
    "multiply_pj": 0.239,
    "accumulate_pj": 0.0389,
    "add_pj": 0.00967,
    "and_pj": 0.000794,
    "compare_pj": 0.00309,
    "mux_pj": 0.00172,
    "register_pj": 0.0301,
}


def sata_j(counted: Counted, **costs_pj: float) -> float:
    """Joules of one inference by the operations of SATA's forward stage.

    Args:
        counted: Counts of one sample.
        costs_pj: Costs in place of the repository's, by name.
    """
    cost = COSTS_PJ | costs_pj
    pj = counted.macs * (cost["multiply_pj"] + cost["accumulate_pj"])
    pj += counted.synops * (cost["accumulate_pj"] + cost["and_pj"])
    update = cost["add_pj"] + cost["compare_pj"] + 2 * cost["mux_pj"] + 3 * cost["register_pj"]
    return PJ * (pj + counted.neuron_updates * update)


formula(
    "sata",
    title="SATA's operations",
    source="Yin et al. 2022",
    says="of its forward stage: accumulates of spikes, neuron updates with their registers, "
    "mult-adds of layers without spikes; neither SRAM nor DRAM",
    basis=Basis(
        technology="65 nm", precision="16 bit", inside=("compute", "state"), parameters=COSTS_PJ
    ),
    place=703,
)(sata_j)  # not above it: mutation tests pass over what is decorated
