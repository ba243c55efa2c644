"""The worker's task: train a cell's model or load its checkpoint, then measure its accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchbench.measurement import Measurement
from benchbench.metrics import measured
from benchbench.probes import accuracy
from benchbench.training.splits import split
from benchbench.training.store import Store, load_weights
from benchbench.workbench import build, facts_of, images_of, settings_of, source_digest

if TYPE_CHECKING:
    from torch import nn

    from benchbench.training.splits import Splits
    from benchbench.worker import Channel

__all__ = ["load_trained", "store_of", "train"]

EVALUATE = 64  # images at a time


def store_of(cell: dict[str, Any]) -> Store | None:
    """Where the weights of a cell are kept; None where it is not trained."""
    settings = settings_of(cell)
    if settings.train is None:
        return None
    identity = {
        "source": source_digest(cell),
        "set": cell["model"]["set"],
        "classes": cell["data"]["num_classes"],
        "data": cell["data"]["digest"],
        "loss": cell["model"]["loss"],
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "label_smoothing": settings.label_smoothing,
        "seed": settings.seed,
    }
    return Store(identity, settings.train)


def load_trained(model: nn.Module, cell: dict[str, Any]) -> str:
    """Load a cell's weights into its model, where it has any.

    Returns:
        Why it has none though it should; empty where all is well.

    Raises:
        ModelError: The checkpoint is damaged or of another model.
    """
    if cell["model"]["checkpoint"]:
        load_weights(model, Path(cell["model"]["checkpoint"]))
        return ""
    store = store_of(cell)
    if store is None:
        return ""
    if store.finished() is None:
        return "the training of this model did not end"
    load_weights(model, store.best)
    return ""


def train(spec: dict[str, Any], channel: Channel) -> None:
    """Train where it is not trained yet, then report the accuracy of the best weights."""
    cell, settings = spec["cell"], settings_of(spec["cell"])
    channel.phase("build")
    limit = settings.train.test_images if settings.train else None
    splits = split(images_of(cell["data"]), settings.seed, limit)
    model = build(cell, settings)
    channel.send(facts=facts_of(model, cell, settings))
    store = store_of(cell)
    if cell["model"]["checkpoint"] or store is None:
        load_trained(model, cell)
        model.to(cell["device"])
        channel.send(facts={"weights": f"checkpoint {Path(cell['model']['checkpoint']).name}"})
        channel.measurements(_evaluate(model, splits, settings.seed, channel))
        return
    found = store.finished()
    if found is not None:
        channel.note(f"trained already, weights {store.key[:12]}")
        channel.send(facts=found["facts"])
        channel.measurements([Measurement.from_json(item) for item in found["measurements"]])
        return
    from benchbench.training.fit import Order, fit, keep_result  # noqa: PLC0415 - 2 s, only to train

    recipe = settings.train
    if recipe is None:
        raise RuntimeError("a store without a recipe")
    order = Order(recipe, settings, cell["model"]["loss"], store, torch.device(cell["device"]))
    result = fit(model, splits.train, splits.select, order, channel)
    model.to(cell["device"])
    load_weights(model, store.best)
    best, used = result["best"], recipe.images or len(splits.train)
    facts = {
        "weights": f"{store.key[:12]}, best of {result['epochs']} epoch(s) of {recipe.epochs}: "
        f"after epoch {best['epoch']} ({best['after']})",
        "training": f"{min(used, len(splits.train)):,} images, batch {settings.batch_size}, "
        f"precision {recipe.precision}",
    }
    short = result["epochs"] < recipe.epochs and recipe.patience is None
    text = f"the budget ended after {result['epochs']} of {recipe.epochs} epochs"
    reasons = (text,) if short else ()
    figures = [
        *_evaluate(model, splits, settings.seed, channel),
        measured("epochs", result["epochs"], reasons=reasons, detail={"curve": result["curve"]}),
        measured("training_time", result["seconds"]),
    ]
    stored = [figure.to_json() for figure in figures]
    keep_result(store, {"facts": facts, "measurements": stored})
    channel.send(facts=facts)
    channel.measurements(figures)


def _evaluate(model: nn.Module, splits: Splits, seed: int, channel: Channel) -> list[Measurement]:
    """Accuracy on both held-out splits."""
    figures = []
    parts = (("accuracy", splits.report), ("accuracy_public", splits.select))
    for name, part in parts:
        split_name = str(part.usage[0])
        channel.phase(f"accuracy on {len(part):,} images of {split_name}")
        torch.manual_seed(seed)  # a Poisson encoder draws
        images, labels = torch.from_numpy(part.images), torch.from_numpy(part.labels)
        matrix = accuracy.confusion(model, images, labels, EVALUATE)
        figure = accuracy.measure(name, matrix, part.class_names, split_name)
        figures.append(Measurement.from_json({**figure.to_json(), "reasons": splits.notes}))
    return figures
