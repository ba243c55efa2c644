"""A suite -> what both sides of a gate run, each from its own tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.gate import contract
from benchbench.running.objective import objective_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchbench.data.reference import DataRef
    from benchbench.gate.process import Side
    from benchbench.suite.schema import Suite

__all__ = ["Workload", "workloads_of"]


@dataclass(frozen=True, slots=True)
class Workload:
    """One step of one model.

    Attributes:
        model: The model's id.
        phase: ``infer``, ``train`` or ``latency``.
        parts: The part of an order that says what is built, by the side's name.
    """

    model: str
    phase: str
    parts: Mapping[str, Mapping[str, Any]] = field(hash=False)


def workloads_of(
    suite: Suite,
    folders: Mapping[str, Path],
    sides: Sequence[Side],
    device: str,
    data: Mapping[str, Mapping[str, DataRef]],
) -> tuple[Workload, ...]:
    """Every model in every phase.

    Args:
        suite: Suite with the models that are compared.
        folders: Folders where relative model references start, by the side's name.
        sides: Base and candidate.
        device: ``cpu`` or ``cuda:<index>``.
        data: Data of each model by its id, by the side's name: a function gives it in both trees.
    """
    return tuple(
        Workload(
            model.id,
            phase,
            {
                side.name: contract.workload_part(
                    suite, model, data[side.name][model.id], folders[side.name], device
                )
                for side in sides
            },
        )
        for model in suite.models
        for phase in suite.settings.phases
        for found in [data["candidate"][model.id]]
        if phase != "train" or objective_of(model, found.targets, found.misfit) != "none"
    )
