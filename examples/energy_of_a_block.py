"""The energy of a block of one's own code, with its bound, or the reason why there is none.

Run it: ``python examples/energy_of_a_block.py``. The second block has a simulated sensor of known
power, so that every machine prints joules once; it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

import benchbench
from benchbench.meters.simulated import Curve, SimulatedMeter, VirtualClock

if TYPE_CHECKING:
    from benchbench.probes.metering.block import EnergyBlock


def told(title: str, block: EnergyBlock) -> str:
    """What a block comes to, in one line."""
    if block.joules is None:
        return f"{title}: n/a, {'; '.join(block.reasons)}"
    valid = "valid" if block.valid else "invalid"
    return (
        f"{title}: {block.joules:.4g} J within {block.bound_j:.2g} J, {block.watts:.4g} W, "
        f"{valid}, {block.provenance}"
    )


if __name__ == "__main__":
    matrix = torch.rand(500, 500)
    with benchbench.energy() as block:
        for _ in range(50):
            matrix = (matrix @ matrix).tanh()
    print(told("own code", block))
    clock = VirtualClock()
    with benchbench.energy(SimulatedMeter(Curve([(0.0, 50.0)]), 0.02, clock)) as simulated:
        clock.sleep(2.0)  # the sensor's own time: two seconds at 50 W
    print(told("simulated sensor", simulated))
