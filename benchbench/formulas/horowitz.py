"""Arithmetic alone, at the costs of Horowitz 2014 (ISSCC, 45 nm): additions, multiplications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from benchbench.formulas.base import Counted

__all__ = ["COSTS_PJ", "arithmetic_j", "compute_j"]

COSTS_PJ = {  # a multiply-accumulate, and an accumulate
    "fp32": (4.6, 0.9),  # 3.7 + 0.9
    "fp16": (1.5, 0.4),  # 1.1 + 0.4
    "int8": (0.23, 0.03),  # 0.2 + 0.03
}


def compute_j(counted: Counted, precision: str) -> float:
    """Arithmetic alone: mult-adds, and one accumulate a SynOp and a neuron update."""
    mac_pj, add_pj = COSTS_PJ[precision]
    return arithmetic_j(counted, mac_pj, add_pj)


def arithmetic_j(
    counted: Counted, mac_pj: float = COSTS_PJ["fp32"][0], add_pj: float = COSTS_PJ["fp32"][1]
) -> float:
    """Arithmetic alone, by the cost of a mult-add and of an accumulate."""
    adds = counted.synops + counted.neuron_updates
    return PJ * (counted.macs * mac_pj + adds * add_pj)


for _index, (_precision, (_mac_pj, _add_pj)) in enumerate(COSTS_PJ.items()):
    formula(
        f"compute_{_precision}",
        title=f"arithmetic alone, {_precision}",
        source="Horowitz 2014",
        says=f"mult-adds at {_mac_pj:g} pJ, accumulates at {_add_pj:g} pJ",
        basis=Basis(
            technology="45 nm",
            precision=_precision,
            inside=("compute",),
            parameters={"mac_pj": _mac_pj, "add_pj": _add_pj},
        ),
        place=700 + _index,
    )(arithmetic_j)
