"""``torch.compile`` of a whole model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch._dynamo.utils import counters

if TYPE_CHECKING:
    from benchbench.backends.executed import Executed

__all__ = ["breaks", "compiled"]


def compiled(found: Executed) -> Executed:
    """The model, compiled when it is first called; each shape of inputs anew."""
    counters.clear()
    return replace(found, run=torch.compile(found.model, dynamic=False))


def breaks() -> dict[str, str]:
    """How often the compiler gave up between two graphs since `compiled`, and why most often."""
    found = counters["graph_break"]
    total = sum(found.values())
    if not total:
        return {"graph breaks": "none"}
    why, times = max(found.items(), key=lambda pair: pair[1])
    reason = " ".join(str(why).split())[:160]
    return {"graph breaks": f"{total}, {times} of them: {reason}"}
