"""The worker's task: train a cell's model or load its checkpoint, then measure its accuracy."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchbench.backends.native import to_input
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.registry import measured
from benchbench.probes import accuracy
from benchbench.training.slimming import CUT_VERSION, gammas, prune
from benchbench.training.splits import split
from benchbench.training.weight_store import Store, load_weights, save_weights
from benchbench.worker.setup import build, facts_of, images_of, settings_of, source_digest

if TYPE_CHECKING:
    from torch import nn

    from benchbench.data import FaceData
    from benchbench.suite.schema import Settings
    from benchbench.suite.training import Slim, Train
    from benchbench.training.splits import Splits
    from benchbench.worker.channel import Channel

__all__ = ["load_trained", "store_of", "train"]

EVALUATE = 64  # images at a time
WAITING = "another run trains this very model: waiting for it"
BINS = 20  # of the scales' histograms


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
    recipe = settings.train
    if recipe.slim and not recipe.slim.cuts:  # whatever else it says, only its strength counts
        recipe = replace(recipe, slim=recipe.slim.before_the_cut())
    if recipe.slim and recipe.slim.cuts:
        identity["cut"] = CUT_VERSION
    return Store(identity, recipe)


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
    with store.held(lambda: channel.note(WAITING)):
        found = store.finished()
        if found is not None:
            channel.note(f"trained already, weights {store.key[:12]}")
        else:
            found = _train(model, splits, cell, settings, channel)
    channel.send(facts=found["facts"])
    channel.measurements([Measurement.from_json(item) for item in found["measurements"]])


def _train(
    model: nn.Module, splits: Splits, cell: dict[str, Any], settings: Settings, channel: Channel
) -> dict[str, Any]:
    """Run the cell's recipe from its first stage that is not kept yet, and keep its result."""
    from benchbench.training.trainer import Order, fit, keep_result  # noqa: PLC0415 - 2 s

    recipe, store = settings.train, store_of(cell)
    if recipe is None or store is None:
        raise RuntimeError("a training without a recipe")
    loss, device = cell["model"]["loss"], torch.device(cell["device"])
    order = Order(recipe, settings, loss, store, device)
    more: list[Measurement] = []
    earlier: dict[str, Any] = {}  # the result of the stage before
    if recipe.slim and recipe.slim.cuts:
        sparse = replace(recipe, slim=recipe.slim.before_the_cut())
        before, earlier = _stored(replace(settings, train=sparse), cell, splits, channel)
        model, cut = _cut(model, before, recipe.slim, splits.train)
        more.append(cut)
        epochs = max(1, round(recipe.slim.finetune * recipe.epochs))
        order = replace(order, recipe=replace(recipe, epochs=epochs, slim=None), pruned=True)
        if recipe.slim.finetune == 0:
            save_weights(model, store.best, {"key": store.key, "pruned": True})
            best = {"epoch": 0, "accuracy_public": None, "after": "the cut"}
            result = {"epochs": 0, "seconds": 0.0, "best": best, "curve": []}
        else:
            channel.note(f"cut {100 * (cut.value or 0):.1f} % of the channels; fine-tuning")
            result = fit(model, splits.train, splits.select, order, channel)
    else:
        result = fit(model, splits.train, splits.select, order, channel)
    load_weights(model.to(device), store.best)
    facts = _facts(result, order.recipe, store, splits, settings)
    if earlier:
        facts["cut_from"] = earlier["facts"]["weights"]
    figures = [
        *_evaluate(model, splits, settings.seed, channel),
        *_about_training(result, order.recipe, earlier),
        *more,
    ]
    stored = {"facts": facts, "measurements": [figure.to_json() for figure in figures]}
    keep_result(store, stored)
    return stored


def _stored(
    settings: Settings, cell: dict[str, Any], splits: Splits, channel: Channel
) -> tuple[Store, dict[str, Any]]:
    """The store and the result of an earlier stage, trained now where it is not there yet."""
    cell = {**cell, "settings": asdict(settings)}
    store = store_of(cell)
    if store is None:
        raise RuntimeError("a stage without a recipe")
    with store.held(lambda: channel.note(WAITING)):
        found = store.finished()
        if found is None:
            channel.note("sparse training")
            found = _train(build(cell, settings), splits, cell, settings, channel)
    return store, found


def _cut(
    model: nn.Module, before: Store, recipe: Slim, train: FaceData
) -> tuple[nn.Module, Measurement]:
    """The smaller model, and how much was cut with the scales before and after."""
    load_weights(model, before.best)
    example = to_input(torch.from_numpy(train.images[:1]))
    smaller, rate = prune(model, example, recipe)
    scales = {"before": gammas(model), "after": gammas(smaller)}
    top = float(scales["before"].max())
    detail = {
        "threshold_rate": rate,
        "bin": top / BINS,
        **{name: torch.histc(found, BINS, 0, top).int().tolist() for name, found in scales.items()},
    }
    share = 1 - len(scales["after"]) / len(scales["before"])
    return smaller, measured("channels_cut", share, n=len(scales["before"]), detail=detail)


def _about_training(
    result: dict[str, Any], recipe: Train, earlier: dict[str, Any]
) -> list[Measurement]:
    """Epochs, curve and time; those of the stage before are in them."""
    before = {item["name"]: item for item in earlier.get("measurements", [])}
    curve, seconds = [], 0.0
    if before:
        curve = before["epochs"]["detail"]["curve"]
        seconds = before["training_time"]["value"]
    done = len(curve)
    curve = [*curve, *({**line, "epoch": done + line["epoch"]} for line in result["curve"])]
    short = 0 < result["epochs"] < recipe.epochs and recipe.patience is None
    text = f"the budget ended after {result['epochs']} of {recipe.epochs} epochs"
    reasons = (text,) if short else ()
    return [
        measured("epochs", done + result["epochs"], reasons=reasons, detail={"curve": curve}),
        measured("training_time", seconds + result["seconds"]),
    ]


def _facts(
    result: dict[str, Any], recipe: Train, store: Store, splits: Splits, settings: Settings
) -> dict[str, Any]:
    best, used = result["best"], min(recipe.images or len(splits.train), len(splits.train))
    return {
        "weights": f"{store.key[:12]}, best of {result['epochs']} epoch(s) of {recipe.epochs}: "
        f"after epoch {best['epoch']} ({best['after']})",
        "training": f"{used:,} images, batch {settings.batch_size}, precision {recipe.precision}",
    }


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
