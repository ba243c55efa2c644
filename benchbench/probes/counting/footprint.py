"""What a step asks of torch: operators called and bytes allocated. Equal from run to run.

The gate loads this file by its place beside either side's own package, so that both sides are
counted alike: it imports nothing but torch.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["footprint"]

WARM_UP_STEPS = 2  # the optimizer makes its state in the first
AUTOGRAD = ("autograd::", "torch::autograd::")  # the engine's own names for what it calls


def footprint(step: Callable[[], object]) -> tuple[dict[str, int], int]:
    """Count a step that has nothing left to prepare, by what torch's profiler saw.

    Args:
        step: A training step or the inference of a batch.

    Returns:
        Calls of each operator by its name, those that operators call included; and the bytes that
        were asked of the allocators, those that were given back in between counted again.
    """
    for _ in range(WARM_UP_STEPS):
        step()
    activities = [torch.profiler.ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        step()
    # The averaged events have only what an operator kept; the raw ones each call of the allocator.
    raw = profile.profiler.kineto_results.events() if profile.profiler else []
    names = [event.name() for event in raw]
    kinds = collections.Counter(n for n in names if "::" in n and not n.startswith(AUTOGRAD))
    allocated = sum(max(0, event.nbytes()) for event in raw if event.name() == "[memory]")
    return dict(sorted(kinds.items())), allocated
