"""What the memory alone drew in a window, where a sensor has a counter of it.

A processor's package is without the memory beside it, whose zone is a counter of its own. The
energy per sample holds both, as the sensor's name says; this is the memory's part of it.

Its counter is read once at either end, and not at a change of it: either reading may be one step
old. Steps of RAPL are about a millisecond long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.metrics.figure import by_phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.metering.edges import Taken
    from benchbench.probes.metering.window import Window

__all__ = ["ENERGY_DRAM", "memory_in"]

ENERGY_DRAM = by_phase(
    "energy_dram",
    "{phase}: memory's part of the energy per sample",
    "J",
    "metered",
    "difference of the memory's own counters over the window by samples: a part of the energy per "
    "sample, never to be added to it",
    rests_on="machine",
    beside_paper="ratio",
    place=824,
    ranked=False,
)


def memory_in(
    window: Window, taken: Taken, counted: tuple[float, float], whole: Measurement
) -> Measurement:
    """The memory's energy per sample.

    Args:
        window: The window.
        taken: The whole energy, and the steps of its counter.
        counted: The memory's counters at the window's start and end, joules.
        whole: The energy per sample that this is a part of: what speaks against it speaks against
            its part.
    """
    figure = ENERGY_DRAM[window.phase]
    energy_j = counted[1] - counted[0]
    if energy_j <= 0:
        return figure.missing(
            f"the memory's counters stood still for the whole window of {window.seconds:.1f} s",
            whole.provenance,
        )
    edge_error_j = 2 * taken.update_s * energy_j / window.seconds
    edge_error = edge_error_j / energy_j
    return figure(
        energy_j / window.samples,
        valid=whole.valid,
        reasons=whole.reasons,
        provenance=whole.provenance,
        detail=_detail(whole.detail, energy_j, edge_error, edge_error_j),
    )


def _detail(
    whole: Mapping[str, Any], energy_j: float, edge_error: float, edge_error_j: float
) -> dict[str, Any]:
    """What stands behind it; of the whole what is true of its part as well."""
    kept = ("seconds", "samples", "sensor", "update_s", "gain", "offset_w")
    return {
        "window_j": energy_j,
        "share": energy_j / whole["window_j"],
        "edge_error": edge_error,
        "edge_error_j": edge_error_j,
        **{name: whole[name] for name in kept},
    }
