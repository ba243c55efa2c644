"""The few-bit twin and the movement of spikes: Yan et al. 2024 (arXiv:2409.08290).

The fair baseline of a spiking network of T time steps is a network of ceil(log2(T + 1)) bits. The
costs of movement are of its fourth version, read at second hand: unverified. In the dense regime
their ratio is T over those bits. Its VGG16 on CIFAR-10 (0.987 at T = 3 to 1.966 at T = 8) cannot be
made again from what we have read: the spike rates behind it are not there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ
from benchbench.formulas.horowitz import COSTS_PJ
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from benchbench.formulas.base import Counted

__all__ = ["MOVEMENT", "bits_of", "few_bit_twin_j", "movement_j", "twin_movement_j"]

MOVEMENT = {"dense_pj": 0.25, "eta": 12.0, "hops": 0.64}  # pJ a bit and hop; hops of VGG16


def bits_of(steps: int) -> int:
    """Bits of the few-bit twin's activations: as many levels as T steps have spike counts."""
    return max(1, math.ceil(math.log2(steps + 1)))


def few_bit_twin_j(counted: Counted) -> tuple[float, int]:
    """Arithmetic of the same layers with ReLU activations of ceil(log2(T + 1)) bits, run once.

    Ours: weights have 8 bits, as the spiking network's by Horowitz's int8; what is fed activations
    of few bits adds a weight for each of their bits, also for those that are 0, and what is fed
    anything else multiplies. So a network all of whose inputs are spikes costs T over these bits
    times as much, Yan's ratio, and one of T = 1 as much as its twin.

    Returns:
        Joules per sample, and the bits.
    """
    bits = bits_of(counted.steps)
    mac_pj, add_pj = COSTS_PJ["int8"]
    on_bits = counted.spike_macs / counted.steps
    return PJ * ((counted.one_pass - on_bits) * mac_pj + on_bits * bits * add_pj), bits


def movement_j(
    counted: Counted,
    *,
    dense_pj: float = MOVEMENT["dense_pj"],
    eta: float = MOVEMENT["eta"],
    hops: float = MOVEMENT["hops"],
) -> float:
    """Joules of moving the spikes of one inference.

    Args:
        counted: Counts of one sample.
        dense_pj: Cost of a bit over one hop where all bits are sent.
        eta: How many times as much a bit costs that is sent as an event, with its address.
        hops: Mean number of hops.
    """
    bits = min(eta * counted.spikes, counted.neuron_updates)
    return PJ * bits * dense_pj * hops


def twin_movement_j(
    counted: Counted, *, dense_pj: float = MOVEMENT["dense_pj"], hops: float = MOVEMENT["hops"]
) -> float:
    """Joules of moving the activations of the few-bit twin once, all of their bits."""
    return PJ * counted.neurons * bits_of(counted.steps) * dense_pj * hops


formula(
    "movement",
    title="movement of spikes",
    source="Yan et al. 2024, unverified",
    says="each neuron's spikes sent once over a network on chip, as events or as one bit a neuron "
    "and time step, whichever costs less; no arithmetic and no memory",
    basis=Basis(precision="1 bit", inside=("movement",), parameters=MOVEMENT),
    place=709,
)(movement_j)  # not above it: mutation tests pass over what is decorated
