"""Arithmetic alone, at the costs of Horowitz 2014 (ISSCC, 45 nm): additions, multiplications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ

if TYPE_CHECKING:
    from benchbench.formulas.base import Counted

__all__ = ["COSTS_PJ", "compute_j"]

COSTS_PJ = {  # a multiply-accumulate, and an accumulate
    "fp32": (4.6, 0.9),  # 3.7 + 0.9
    "fp16": (1.5, 0.4),  # 1.1 + 0.4
    "int8": (0.23, 0.03),  # 0.2 + 0.03
}


def compute_j(counted: Counted, precision: str) -> float:
    """Arithmetic alone: mult-adds, and one accumulate a SynOp and a neuron update."""
    mac_pj, add_pj = COSTS_PJ[precision]
    adds = counted.synops + counted.neuron_updates
    return PJ * (counted.macs * mac_pj + adds * add_pj)
