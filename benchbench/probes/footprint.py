"""What a step asks of torch: operators dispatched and bytes allocated. Equal from run to run.

The gate loads this file by its place beside either side's own package, so that both sides are
counted alike: it imports nothing but torch.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["allocated_bytes", "footprint", "operators"]

WARM_UP_STEPS = 2  # the optimizer makes its state in the first


def footprint(step: Callable[[], object]) -> tuple[dict[str, int], int]:
    """Count a step that has nothing left to prepare.

    Args:
        step: A training step or the inference of a batch.

    Returns:
        Calls of each operator by its name, and allocated bytes.
    """
    for _ in range(WARM_UP_STEPS):
        step()
    return operators(step), allocated_bytes(step)


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]  # untyped in torch
    """Counts what is dispatched below autograd; on a GPU each launches a kernel or more."""

    def __init__(self) -> None:
        """Start from none."""
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in torch
        self.kinds: collections.Counter[str] = collections.Counter()

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's own signature
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - torch's own signature
        """Count `func` and run it."""
        self.kinds[str(func)] += 1
        return func(*args, **(kwargs or {}))


def operators(step: Callable[[], object]) -> dict[str, int]:
    """How often a step dispatches each operator, by its name."""
    with _Operators() as mode:
        step()
    return dict(sorted(mode.kinds.items()))


def allocated_bytes(step: Callable[[], object]) -> int:
    """What a step asks of the allocator, bytes: what is given back in between counts again."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        step()
    # The averaged events have only what an operator kept; the raw ones each call of the allocator.
    raw = profile.profiler.kineto_results.events() if profile.profiler else []
    return sum(max(0, event.nbytes()) for event in raw if event.name() == "[memory]")
