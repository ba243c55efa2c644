"""What every task of a worker starts with: settings, images, the model and its steps."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchbench import data, zoo
from benchbench.backends.native import (
    batches_of,
    inference_step,
    is_spiking,
    loss_of,
    neuron_facts,
    training_step,
)
from benchbench.errors import BenchbenchError
from benchbench.suite.schema import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from benchbench.backends.native import Batch

__all__ = [
    "build",
    "facts_of",
    "images_of",
    "prepare",
    "settings_of",
    "source_digest",
    "step_of",
]

RESIDENT_BATCHES = 32  # enough to vary the input; 32 batches of 16 faces are 5 MB


def settings_of(cell: dict[str, Any]) -> Settings:
    """The settings of a cell, applied to torch where they are torch's."""
    settings = Settings.from_json(cell["settings"])
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    return settings


def images_of(reference: dict[str, Any]) -> data.FaceData:
    """The run's data, checked to be what the run was planned for.

    Raises:
        BenchbenchError: It has changed since.
    """
    found = data.load(
        reference["source"],
        seed=reference["seed"],
        labels=reference["labels"],
        ferplus=reference["ferplus"],
    )
    if found.digest != reference["digest"]:
        raise BenchbenchError(f"{reference['source']} has changed since the run began")
    return found


def build(cell: dict[str, Any], settings: Settings) -> nn.Module:
    """A cell's model with its seeded initial weights, on the CPU."""
    torch.manual_seed(settings.seed)
    entry = cell["model"]
    model: nn.Module = zoo.build(
        entry["model"], entry["set"], Path(cell["folder"]), num_classes=cell["data"]["num_classes"]
    )
    return model


def source_digest(cell: dict[str, Any]) -> str:
    """SHA-256 of the source of a cell's model."""
    return zoo.find(cell["model"]["model"], Path(cell["folder"])).digest


def facts_of(model: nn.Module, cell: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """What really ran."""
    loss = cell["model"]["loss"]
    if loss == "auto":
        loss = "mse" if is_spiking(model) else "cross_entropy"
    return {
        **neuron_facts(model, torch.device(cell["device"])),
        "optimizer": f"Adam (fused), lr {settings.learning_rate:g}",
        "loss": loss,
        "device": cell["device"],
        "threads": torch.get_num_threads(),
    }


def prepare(
    cell: dict[str, Any],
    settings: Settings,
    device: torch.device,
) -> tuple[nn.Module, list[Batch], str]:
    """The model with its weights, its batches, and why it is untrained though it should not be."""
    model, untrained = build(cell, settings), ""
    if settings.train or cell["model"]["checkpoint"]:
        from benchbench.training.task import load_trained  # noqa: PLC0415 - only where trained

        untrained = load_trained(model, cell)
    wanted = max(RESIDENT_BATCHES, math.ceil(settings.images / settings.batch_size))
    images = images_of(cell["data"]).split("Training")
    batches = batches_of(images, settings.batch_size, wanted, device)
    return model.to(device), batches, untrained


def step_of(
    phase: str, model: nn.Module, batches: list[Batch], cell: dict[str, Any]
) -> Callable[[], Tensor]:
    """The training step, or the inference of a batch."""
    if phase != "train":
        return inference_step(model, batches)
    settings = settings_of(cell)
    loss = loss_of(cell["model"]["loss"], model, settings.label_smoothing)
    return training_step(model, batches, loss, settings.learning_rate)
