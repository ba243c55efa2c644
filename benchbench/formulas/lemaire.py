"""Lemaire et al. 2022 (arXiv:2210.13107): event-driven, SRAM by size; SpikingJelly's estimate.

Its buffers grow with the batch, and so does the cost of each access to them: one sample at a time.
SpikingJelly leaves out a factor N_in of the paper's Eq. 2, which its other equations do not have.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

__all__ = ["lemaire"]


@formula(
    "lemaire",
    title="Lemaire",
    source="Lemaire et al. 2022",
    says="arithmetic, addressing and SRAM by size",
    basis=Basis(
        technology="45 nm",
        precision="int32",
        inside=("compute", "memory", "state"),
        kind="watched",
        neurons=("IFNode", "LIFNode"),
    ),
    place=707,
)
@contextlib.contextmanager
def lemaire(model: nn.Module) -> Iterator[Callable[[], float]]:
    """Model the one inference that runs inside.

    Args:
        model: Freshly reset, on the CPU, inside `benchbench.probes.counting.context.countable`.

    Yields:
        What gives its joules, afterwards.
    """
    from spikingjelly.activation_based import op_counter  # noqa: PLC0415 - imports torch

    config = op_counter.LemaireEnergyConfig(strict=False)
    profiler = op_counter.LemaireEnergyProfiler(config=config)
    profiler.bind_model(model)
    with profiler:
        yield lambda: float(profiler.get_report().total_pj) * PJ
