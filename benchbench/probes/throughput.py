"""Throughput: warm-up to a steady state, then one window of a fixed number of iterations.

Inside the window nothing but the step runs: no clock is read, nothing is printed, no counter is
polled. The number of iterations comes from the warm-up's pace, and both ends are synchronised with
the device, so that only completed iterations count.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.metrics.figure import by_phase
from benchbench.metrics.registry import probe
from benchbench.probes.metering.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.metrics.figure import Phase
    from benchbench.metrics.measurement import Measurement
    from benchbench.suite.schema import Settings

__all__ = ["FPS", "WarmUp", "measure", "run_window", "warm_up"]

FPS = by_phase(
    "fps",
    "{phase} speed",
    "fps",
    "timed",
    "samples per second of the {phase} step, data resident on the device",
    better="higher",
    rests_on="machine",
    beside_paper="ratio",
    place=800,
)

BLOCK_S = 2.0  # ours: long enough that a block of the slowest step holds a few iterations
STEADY_BLOCKS = 3
# Ours: a counter that moves every 100 ms sees the energy of a block of 2 s to 5 % at either end.
POWER_PERCENT = 10.0


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What the warm-up found.

    Attributes:
        step_s: Seconds per step in the last block.
        iterations: Steps that it took.
        seconds: How long it took.
        spread: Largest over smallest pace of the last three blocks, less one; None where there
            were fewer.
        steady: Whether `spread` came below the limit before the cap, and `power_spread` as well.
        power_spread: The same of the power; None where no sensor tells it.
    """

    step_s: float
    iterations: int
    seconds: float
    spread: float | None
    steady: bool
    power_spread: float | None = None


def warm_up(
    step: Callable[[], object],
    sync: Callable[[], None],
    settings: Settings,
    steady_percent: float,
    clock: Callable[[], float] = time.perf_counter,
    energy_j: Callable[[], float] | None = None,
) -> WarmUp:
    """Run `step` until its pace is steady, and its power where a sensor tells it.

    Args:
        step: One training step or inference of a batch.
        sync: Waits until the device has finished.
        settings: Settings that give the lengths.
        steady_percent: Spread of the last three blocks that counts as steady.
        clock: Seconds.
        energy_j: Reads the sensor's counter, joules; None where there is none.
    """
    sync()
    begin = clock()
    iterations, paces, powers_w = 0, list[float](), list[float]()
    while True:
        start, start_j, done = clock(), _joules(energy_j), 0
        while done == 0 or clock() - start < min(BLOCK_S, max(settings.warmup_s / 2, 1e-3)):
            step()
            sync()  # else the loop would only time how fast kernels are queued
            done += 1
        paces.append((clock() - start) / done)
        iterations += done
        seconds = clock() - begin
        if start_j is not None and (end_j := _joules(energy_j)) is not None:
            powers_w.append((end_j - start_j) / (clock() - start))
        spread, power_spread = _spread(paces), _spread(powers_w)
        steady = spread is not None and 100 * spread <= steady_percent
        steady = steady and (power_spread is None or 100 * power_spread <= POWER_PERCENT)
        enough = seconds >= settings.warmup_s and iterations >= settings.warmup_iterations
        if (steady and enough) or seconds >= settings.warmup_cap_s:
            return WarmUp(paces[-1], iterations, seconds, spread, steady, power_spread)


def _joules(read: Callable[[], float] | None) -> float | None:
    """The counter, where there is one that can be read."""
    try:
        return None if read is None else read()
    except MeterError:
        return None


def _spread(values: list[float]) -> float | None:
    """Largest over smallest of the last three, less one; None where there are fewer."""
    last = values[-STEADY_BLOCKS:]
    return max(last) / min(last) - 1 if len(last) == STEADY_BLOCKS and min(last) > 0 else None


def run_window(
    phase: Phase,
    step: Callable[[], object],
    sync: Callable[[], None],
    settings: Settings,
    warm: WarmUp,
    clock: Callable[[], float] = time.perf_counter,
) -> Window:
    """Time one window.

    Its length is planned from the warm-up's pace; the window's own start and end are what counts.
    """
    iterations = max(settings.window_iterations, math.ceil(settings.window_s / warm.step_s))
    sync()
    start = clock()
    for _ in range(iterations):
        step()
    sync()
    return Window(phase, iterations, iterations * settings.batch_size, start, clock())


@probe(gives=FPS.values())
def measure(window: Window, warm: WarmUp) -> list[Measurement]:
    """Samples per second of a window, with the warm-up's verdict."""
    seconds = window.end_s - window.start_s
    apart = "there were fewer than three blocks"
    if warm.spread is not None:
        apart = f"the last warm-up blocks differ by {100 * warm.spread:.1f} %"
    reasons: tuple[str, ...] = (
        () if warm.steady else (f"not steady: {apart} after {warm.seconds:.0f} s of warm-up",)
    )
    if not warm.steady and warm.power_spread is not None:
        reasons += (f"the power of these blocks differs by {100 * warm.power_spread:.1f} %",)
    detail = {
        "iterations": window.iterations,
        "seconds": seconds,
        "warm_up": {
            "iterations": warm.iterations,
            "seconds": warm.seconds,
            "spread": warm.spread,
            "power_spread": warm.power_spread,
        },
    }
    return [FPS[window.phase](window.samples / seconds, reasons=reasons, detail=detail)]
