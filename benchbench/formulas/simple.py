"""With memory and no reuse: SpikingJelly's simple estimate.

Each use of a weight is read from memory, at 24.96 pJ a byte (3.12 pJ a bit).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from spikingjelly.activation_based import op_counter

from benchbench.formulas.base import PJ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

__all__ = ["simple"]


@contextlib.contextmanager
def simple(model: nn.Module) -> Iterator[Callable[[], float]]:
    """Model the one inference that runs inside.

    Args:
        model: Freshly reset, on the CPU, inside `benchbench.probes.counting.context.countable`.

    Yields:
        What gives its joules, afterwards.
    """
    profiler = op_counter.SimpleEnergyProfiler()
    profiler.bind_model(model)
    with profiler:
        yield lambda: float(profiler.get_report().energy_total_pj) * PJ
