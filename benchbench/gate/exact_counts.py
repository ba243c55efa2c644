"""What noise cannot touch: counts that are equal from run to run, or the model has changed.

Loaded by `benchbench.gate.agent` beside the side's own package. Parameters, operations and spikes
are counted by the side's own probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn

__all__ = ["counts"]

FROM_PROBES = ("params", "macs_dense", "macs_effective", "synops_exact", "neuron_updates")


def counts(
    build: Callable[[], nn.Module],
    step_of: Callable[[nn.Module, str], Callable[[], object]],
    images: Sequence[Tensor],
    phases: Sequence[str],
    footprint: Callable[[Callable[[], object]], tuple[dict[str, int], int]],
) -> dict[str, dict[str, Any]]:
    """Every figure of a model that must be equal.

    Args:
        build: Makes the model with its seeded weights, which are the fixed weights here.
        step_of: The step of a phase.
        images: Fixed batches [N, C, H, W].
        phases: ``infer``, ``train``.
        footprint: `benchbench.probes.footprint.footprint`, one for both sides.

    Returns:
        By name: ``value`` (None where it could not be counted), ``reason`` and ``detail``.
    """
    from benchbench.probes import operations, size, spikes  # noqa: PLC0415 - the side's own

    found: dict[str, dict[str, Any]] = {}
    on_cpu = [batch.cpu() for batch in images]
    probes: dict[Any, Any] = {
        size.measure: (),
        operations.measure: (on_cpu[0][:1],),
        spikes.measure: (on_cpu,),
    }
    for measure, given in probes.items():
        try:
            figures = measure(build(), *given)
        except Exception as error:  # noqa: BLE001 - the others are still counted
            missing = {name: _missing(error) for name in FROM_PROBES}
            found = missing | found
            continue
        for figure in figures:
            if figure.name in FROM_PROBES:
                reason = "; ".join(figure.reasons)
                found[figure.name] = {"value": figure.value, "reason": reason, "detail": {}}
    for phase in phases:
        kinds, allocated = footprint(step_of(build(), phase))
        found[f"{phase}_operators"] = {"value": sum(kinds.values()), "reason": "", "detail": kinds}
        found[f"{phase}_allocated"] = {"value": allocated, "reason": "", "detail": {}}
    return found


def _missing(error: Exception) -> dict[str, Any]:
    text = " ".join(str(error).split())
    return {"value": None, "reason": f"{type(error).__name__}: {text}"[:300], "detail": {}}
