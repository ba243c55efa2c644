"""What a model is trained for: as the suite says, or as the targets of its data tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.errors import ModelError

if TYPE_CHECKING:
    from benchbench.data.source import Targets
    from benchbench.suite.model import Model, Objective
    from benchbench.suite.schema import Settings
    from benchbench.suite.settings import TimedPhase

__all__ = ["objective_of", "without_steps", "without_training"]

BY_TARGETS: dict[Targets, Objective] = {
    "classes": "classification",
    "unnumbered": "none",
    "numbers": "regression",
    "none": "none",
    "other": "none",
}
NEEDED = {"classification": "the labels of classes", "regression": "numbers (floats) as targets"}
FOUND: dict[Targets, str] = {
    "classes": "labels of classes",
    "numbers": "numbers",
    "unnumbered": "labels of classes whose number does not show",
    "none": "no targets",
    "other": "targets that are neither one label a sample nor numbers",
}


def objective_of(model: Model, targets: Targets, misfit: str = "") -> Objective:
    """The task of a model, ``auto`` resolved.

    Args:
        model: The suite's entry.
        targets: What the targets of its data are.
        misfit: Why they are no labels of a classification, where they are whole numbers.

    Raises:
        ModelError: They are not those of its task, or it is to be trained without any.
    """
    if targets == "unnumbered" and model.task in {"auto", "classification"}:
        why = f"its data, {misfit}" if misfit else "how many classes its data has does not show"
        raise ModelError(
            f"{model.id}: {why}: say `data: {{ source: SOURCE, classes: N }}`, or `task: none`"
        )
    found = BY_TARGETS[targets]
    task = found if model.task == "auto" else model.task
    if task not in {found, "none"}:
        raise ModelError(
            f"{model.id}: task: {task} needs {NEEDED[task]}, and its data has {FOUND[targets]}"
        )
    if task == "none" and model.train and not model.checkpoint:
        why = "" if model.task == "none" else f": its data has {FOUND[targets]}"
        raise ModelError(f"{model.id}: nothing can be trained with task: none{why}")
    if task == "regression" and model.loss == "cross_entropy":
        raise ModelError(f"{model.id}: loss: cross_entropy is none of a regression")
    if task == "regression" and model.train and model.train.stdp:
        raise ModelError(f"{model.id}: STDP fine-tunes classifiers alone, and this is a regression")
    return task


def without_training(settings: Settings) -> Settings:
    """Settings of a model that is only counted and run: no training, and no step of one."""
    phases = without_steps(settings.phases)
    return replace(settings, phases=phases, train=None, train_steps=0)


def without_steps(phases: tuple[TimedPhase, ...]) -> tuple[TimedPhase, ...]:
    """The phases that run inference alone."""
    return tuple(phase for phase in phases if phase != "train")
