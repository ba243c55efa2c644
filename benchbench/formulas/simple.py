"""With memory and no reuse: SpikingJelly's simple estimate.

Each use of a weight is read from memory, at 24.96 pJ a byte (3.12 pJ a bit, arXiv:2505.11151).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchbench.formulas.base import PJ
from benchbench.formulas.registry import Basis, formula

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

__all__ = ["simple"]


@formula(
    "memory",
    title="with memory",
    source="SpikingJelly's simple estimate",
    says="fp32 arithmetic, and 24.96 pJ for each byte of a weight's use: nothing is reused",
    basis=Basis(
        technology="45 nm",
        precision="fp32",
        inside=("compute", "memory"),
        kind="watched",
        neurons=("BaseNode",),
    ),
    place=705,
)
@contextlib.contextmanager
def simple(model: nn.Module) -> Iterator[Callable[[], float]]:
    """Model the one inference that runs inside.

    Args:
        model: Freshly reset, on the CPU, inside `benchbench.probes.counting.context.countable`.

    Yields:
        What gives its joules, afterwards.
    """
    from spikingjelly.activation_based import op_counter  # noqa: PLC0415 - imports torch

    profiler = op_counter.SimpleEnergyProfiler()
    profiler.bind_model(model)
    with profiler:
        yield lambda: float(profiler.get_report().energy_total_pj) * PJ
