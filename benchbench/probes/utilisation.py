"""How busy the device was in a window and how much memory it took.

"GPU occupancy" is said of two things: the share of time in which any kernel ran, and the peak of
the memory. They are two figures here, each under its own name.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.metrics.figure import by_phase
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from benchbench.meters import Meter
    from benchbench.metrics.figure import Figure
    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.metering.window import Window

__all__ = ["GPU_BUSY", "GPU_MEMORY", "RSS", "measure", "peak_rss_bytes"]

GPU_BUSY = by_phase(
    "gpu_busy",
    "{phase}: GPU busy",
    "1",
    "metered",
    "share of the window in which any kernel ran (NVML utilization.gpu)",
    rests_on="machine",
    beside_paper="ratio",
    place=810,
    ranked=False,
)
GPU_MEMORY = by_phase(
    "gpu_memory",
    "{phase}: peak GPU memory",
    "B",
    "metered",
    "peak of the allocator's reserved memory during the window",
    rests_on="machine",
    beside_paper="ratio",
    merge="largest",
    place=811,
)
RSS = by_phase(
    "rss",
    "{phase}: peak RSS",
    "B",
    "metered",
    "peak resident memory of the worker process up to the end of the phase (CPU runs only)",
    rests_on="machine",
    beside_paper="ratio",
    merge="largest",
    place=812,
)

_STATUS = Path("/proc/self/status")
_NO_GPU = "this run used no GPU"


@probe(gives=(*GPU_BUSY.values(), *GPU_MEMORY.values(), *RSS.values()))
def measure(
    meter: Meter,
    window: Window,
    *,
    device_peak_bytes: int | None,
    rss_bytes: int | None,
) -> list[Measurement]:
    """Busy share and peak memory; what does not belong to the device is ``n/a``.

    Args:
        meter: The GPU's sensor. Call this soon after the window: it keeps its samples for seconds.
        window: The window.
        device_peak_bytes: Peak of the allocator's reserved memory on the GPU; None on a CPU run.
        rss_bytes: Peak resident memory of this process, see `peak_rss_bytes`; None on a GPU run.
    """
    busy, memory, rss = (by[window.phase] for by in (GPU_BUSY, GPU_MEMORY, RSS))
    if device_peak_bytes is None:
        figures = [busy.missing(_NO_GPU), memory.missing(_NO_GPU)]
    else:
        figures = [_busy(busy, meter, window), memory(float(device_peak_bytes))]
    if device_peak_bytes is not None:
        figures.append(rss.missing("this run used a GPU: its peak memory is the GPU's"))
    elif rss_bytes is None:
        figures.append(rss.missing("the process's peak memory was not read"))
    else:
        figures.append(rss(float(rss_bytes)))
    return figures


def peak_rss_bytes() -> int:
    """Peak resident memory of this process so far, bytes.

    On Linux from VmHWM: getrusage's ru_maxrss survives `exec`, so that a worker started by a
    process of 10 GB would report at least 10 GB (man 2 getrusage gives KiB on Linux, bytes on
    macOS, where there is no /proc).
    """
    if _STATUS.is_file():
        for line in _STATUS.read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024  # the kernel's kB are KiB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _busy(figure: Figure, meter: Meter, window: Window) -> Measurement:
    try:
        busy = meter.busy_between(window.start_s, window.end_s)
    except MeterError as error:
        return figure.missing(str(error), meter.provenance)
    if not 0 <= busy.share <= 1:
        reason = f"the sensor says {100 * busy.share:g} %, which no share is: see `dmesg`"
        return figure.missing(reason, meter.provenance)
    return figure(
        busy.share,
        n=busy.samples,
        reasons=(*meter.notes, *busy.notes),
        provenance=meter.provenance,
        detail={"covered_s": busy.covered_s, "seconds": window.end_s - window.start_s},
    )
