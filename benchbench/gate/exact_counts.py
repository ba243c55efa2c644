"""What noise cannot touch: counts that are equal from run to run, or the model has changed.

Loaded by `benchbench.gate.agent` beside the side's own package. Parameters, operations and spikes
are counted by the side's own probes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from torch import Tensor, nn

__all__ = ["counts"]


def counts(
    build: Callable[[], nn.Module],
    step_of: Callable[[nn.Module, str], Callable[[], object]],
    images: Sequence[Tensor],
    phases: Sequence[str],
    names: Sequence[str],
    taken: Callable[[str], Callable[..., Iterable[Any]]],
    footprint: Callable[[Callable[[], object]], tuple[dict[str, int], int]],
) -> dict[str, dict[str, Any]]:
    """Every figure of a model that must be equal.

    Args:
        build: Function that makes the model with its seeded weights, which are fixed here.
        step_of: Function that gives the step of a phase.
        images: Fixed batches [N, C, H, W].
        phases: ``infer``, ``train``.
        names: Names of the figures of the probes that must be equal.
        taken: Function that imports a probe of the side's own, see `benchbench.gate.contract`.
        footprint: Function that counts a step, the candidate's for both sides.

    Returns:
        By name: ``value`` (None where it could not be counted), ``reason`` and ``detail``.
    """
    found: dict[str, dict[str, Any]] = {}
    on_cpu = [batch.cpu() for batch in images]
    probes: dict[str, tuple[Any, ...]] = {
        "size": (),
        "operations": (on_cpu[0][:1],),
        "spikes": (on_cpu,),
    }
    for name, given in probes.items():
        try:
            figures = list(taken(name)(build(), *given))  # a list, or a generator that may raise
        except Exception as error:  # noqa: BLE001 - the others are still counted
            missing = {figure: _missing(error) for figure in names}
            found = missing | found
            continue
        for figure in figures:
            if figure.name in names:
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
