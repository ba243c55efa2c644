"""With memory and no reuse: SpikingJelly's simple estimate.

Each use of a weight is read from memory, at 24.96 pJ a byte (3.12 pJ a bit).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spikingjelly.activation_based import op_counter

from benchbench.formulas.base import PJ

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["simple_j"]


def simple_j(model: nn.Module, image: Tensor) -> float:
    """Joules of one inference.

    Args:
        model: Freshly reset, on the CPU, inside `benchbench.probes.counting.context.countable`.
        image: One sample [1, C, H, W].
    """
    return float(op_counter.estimate_simple_energy(model, image).energy_total_pj) * PJ
