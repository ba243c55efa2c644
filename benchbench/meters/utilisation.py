"""From a sensor's samples of how busy it was to the share of one window."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from benchbench.meters.base import Busy

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SAMPLE_PERIOD_S", "share_of"]

# nvml.h on nvmlUtilization_t: "The sample period may be between 1 second and 1/6 second, depending
# on the product".
SAMPLE_PERIOD_S = 1.0


def share_of(samples: Sequence[tuple[float, float]], start_s: float, end_s: float) -> Busy | None:
    """Mean of the samples over a window, each weighted by the part of the window that it covers.

    A sample covers the time since the one before it, at most `SAMPLE_PERIOD_S`; the oldest one
    covers an unknown time and only says where the next begins.

    Args:
        samples: Time (seconds) and share (0 .. 1) of each.
        start_s: Start of the window on the same clock.
        end_s: End of the window.

    Returns:
        None where no sample covers any of the window.
    """
    ordered = sorted(samples)
    covered_s = weighted_s = 0.0
    used = 0
    for (before_s, _), (time_s, share) in itertools.pairwise(ordered):
        since_s = max(before_s, time_s - SAMPLE_PERIOD_S, start_s)
        overlap_s = min(time_s, end_s) - since_s
        if overlap_s > 0:
            covered_s += overlap_s
            weighted_s += overlap_s * share
            used += 1
    if used == 0:
        return None
    window_s = end_s - start_s
    notes = (
        (f"the sensor's samples cover only {covered_s:.1f} s of the window of {window_s:.1f} s",)
        if covered_s < window_s / 2
        else ()
    )
    return Busy(weighted_s / covered_s, used, covered_s, notes)
