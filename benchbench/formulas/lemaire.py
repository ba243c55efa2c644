"""Lemaire et al. 2022 (arXiv:2210.13107): event-driven, SRAM by size; SpikingJelly's estimate.

Its buffers grow with the batch, and so does the cost of each access to them: one sample at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spikingjelly.activation_based import op_counter

from benchbench.formulas.base import PJ

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["lemaire_j"]


def lemaire_j(model: nn.Module, image: Tensor) -> float:
    """Joules of one inference.

    Args:
        model: Freshly reset, on the CPU, inside `benchbench.probes.counting.context.countable`.
        image: One sample [1, C, H, W].
    """
    config = op_counter.LemaireEnergyConfig(strict=False)
    return float(op_counter.estimate_lemaire_energy(model, image, config=config).total_pj) * PJ
