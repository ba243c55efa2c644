"""Latency: how long one sample takes when it comes alone, as on a device that serves a camera.

Here the clock is read around each inference, the device idle before and after: that is what is
asked for. Throughput, whose window must not be disturbed, is `benchbench.probes.throughput`.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.throughput import WarmUp
    from benchbench.suite.schema import Settings

__all__ = ["LATENCY", "measure"]

LATENCY = Figure(
    "latency",
    "Latency at batch 1",
    "s",
    "timed",
    "median time of the inference of one sample alone, the device idle before and after",
    rests_on="machine",
    beside_paper="ratio",
    place=900,
)

TAILS = (90, 99)  # percentiles in the detail


@probe(gives=(LATENCY,))
def measure(
    step: Callable[[], object],
    sync: Callable[[], None],
    settings: Settings,
    warm: WarmUp,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Measurement]:
    """Time single inferences for the length of a window.

    Args:
        step: One inference of one sample.
        sync: Waits until the device has finished.
        settings: Settings that give the length.
        warm: What the warm-up of the same step found.
        clock: Seconds.

    Returns:
        ``latency``: the median, seconds; the mean, the 90th and 99th percentile, the longest and
        the number of inferences are in the detail.
    """
    import numpy as np

    iterations = max(settings.window_iterations, math.ceil(settings.window_s / warm.step_s))
    seconds = np.empty(iterations)
    for index in range(iterations):
        sync()
        start = clock()
        step()
        sync()
        seconds[index] = clock() - start
    detail = {
        "iterations": iterations,
        "mean_s": float(seconds.mean()),
        **{f"p{tail}_s": float(np.percentile(seconds, tail)) for tail in TAILS},
        "longest_s": float(seconds.max()),
    }
    reasons = () if warm.steady else ("not steady: the last warm-up blocks differ",)
    return [LATENCY(float(np.median(seconds)), reasons=reasons, detail=detail)]
