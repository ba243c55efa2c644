"""The quantised twin: Yan et al. 2024 (arXiv:2409.08290).

The fair baseline of a spiking network of T time steps is a network of ceil(log2(T + 1)) bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ

if TYPE_CHECKING:
    from benchbench.formulas.base import Counted

__all__ = ["quantised_twin_j"]


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
