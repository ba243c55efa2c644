"""A suite -> what both sides of a gate play, each from its own tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.gate.paired import Piece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchbench.data import FaceData, Labels
    from benchbench.gate.paired import Side
    from benchbench.suite.schema import Model, Suite

__all__ = ["pieces_of"]


def pieces_of(
    suite: Suite,
    folders: Mapping[str, Path],
    sides: Sequence[Side],
    device: str,
    data: Mapping[Labels, FaceData],
    ferplus: str | None,
) -> tuple[Piece, ...]:
    """Every model in every phase.

    Args:
        suite: With the models that are played.
        folders: Where relative model references start, by the side's name.
        sides: Base and candidate.
        device: ``cpu`` or ``cuda:<index>``.
        data: Loaded, for each kind of labels.
        ferplus: The file of FER+'s votes, absolute, where it was given.
    """
    return tuple(
        Piece(
            model.id,
            phase,
            {
                side.name: {
                    "folder": str(folders[side.name]),
                    "device": device,
                    **_given(suite, model, data[model.labels], ferplus),
                }
                for side in sides
            },
        )
        for model in suite.models
        for phase in suite.settings.phases
    )


def _given(suite: Suite, model: Model, data: FaceData, ferplus: str | None) -> dict[str, Any]:
    """What is the same on both sides."""
    settings = suite.settings
    return {
        "model": model.model,
        "set": model.set,
        "num_classes": data.num_classes,
        "data": {
            "source": "synthetic_faces" if data.synthetic else data.source,
            "seed": settings.seed,
            "labels": model.labels,
            "ferplus": ferplus,
        },
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "threads": settings.threads,
        "learning_rate": settings.learning_rate,
        "label_smoothing": settings.label_smoothing,
        "loss": model.loss,
    }
