"""CodeCarbon's ``emissions.csv``, with the columns of its version 3."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from benchbench.errors import BenchbenchError
from benchbench.report.exports.base import export, named, usable

if TYPE_CHECKING:
    from benchbench.metrics.figure import Figure
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import CellResult, Results

__all__ = ["COLUMNS", "codecarbon"]

COLUMNS = (
    *("timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions"),
    *("emissions_rate", "cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy"),
    *("ram_energy", "energy_consumed", "water_consumed", "country_name", "country_iso_code"),
    *("region", "cloud_provider", "cloud_region", "os", "python_version", "codecarbon_version"),
    *("cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude"),
    *("ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent"),
    *("ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue"),
)
JOULES_A_KWH = 3.6e6


@export("codecarbon", "CodeCarbon's emissions.csv: metered energy of one sample a line, in kWh")
def codecarbon(results: Results) -> dict[str, str]:
    """``emissions.csv``: a line for each model and phase whose energy was metered.

    Duration and energy are those of one sample. What nobody looked at (carbon intensity, where it
    ran, memory's energy where no counter tells it apart) is empty, and no 0.

    Raises:
        BenchbenchError: No energy was metered.
    """
    lines = [
        _line(results, cell, metric, figure)
        for cell, metric, figure in usable(results)
        # The memory's is a part of another line, and what is left of it without the idle power is
        # the same joules again.
        if metric.method == "metered" and metric.name == f"{metric.phase}_energy"
    ]
    if not lines:
        raise BenchbenchError("no energy was metered in this run: CodeCarbon has no other")
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return {"emissions.csv": out.getvalue()}


def _line(
    results: Results, cell: CellResult, metric: Figure, figure: Measurement
) -> dict[str, Any]:
    joules = figure.value or 0.0
    machine = results.fingerprint
    speed = results.figure(cell.model, f"{metric.phase}_fps")
    seconds = 1 / speed.value if speed and speed.value else None
    part = {"cuda": "gpu", "cpu": "cpu"}[cell.device.partition(":")[0]]
    memory = results.figure(cell.model, f"{metric.name}_dram")
    memory_j = memory.value if memory and memory.valid else None
    parts = {part: joules - (memory_j or 0.0), **({} if memory_j is None else {"ram": memory_j})}
    own = {
        **{f"{it}_power": "" if seconds is None else of / seconds for it, of in parts.items()},
        **{f"{it}_energy": of / JOULES_A_KWH for it, of in parts.items()},
    }
    if {it.detail.get("part") for it in figure.rounds()} != {part}:
        own = {}  # of more than the compute device: a board, or all that a plug feeds
    gpus = machine.get("gpus", [])
    return {
        "timestamp": results.run.get("started", ""),
        "project_name": named(results),
        "run_id": results.run["id"],
        "experiment_id": f"{cell.model}: {metric.name}",
        "duration": "" if seconds is None else seconds,
        **own,
        "energy_consumed": joules / JOULES_A_KWH,
        "os": machine.get("system", ""),
        "python_version": machine.get("python", ""),
        "codecarbon_version": f"benchbench {results.benchbench}",
        "cpu_count": machine.get("cores", ""),
        "cpu_model": machine.get("cpu", ""),
        "gpu_count": len(gpus) or "",
        "gpu_model": ", ".join(gpus),
        "ram_total_size": machine.get("memory_gib", ""),
        "tracking_mode": "machine",
    }
