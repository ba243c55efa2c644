"""Train a cell's model by its recipe, or load its weights, and measure its accuracy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from benchbench.backends.executed import executed
from benchbench.backends.proof import NOTHING_TO_PROVE
from benchbench.backends.proving import prove
from benchbench.data.samples import size_of
from benchbench.data.splits import split
from benchbench.errors import DataError, TrainingError
from benchbench.probes import accuracy, regression, seeds, trained
from benchbench.training.execution import by_speed
from benchbench.training.goal import goal_of
from benchbench.training.loss import loss_of
from benchbench.training.slimming import gammas, prune
from benchbench.training.weight_store import Trained, load_trained, stores_of
from benchbench.training.weights import load_weights, save_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from benchbench.backends import Execution
    from benchbench.backends.proof import Proof
    from benchbench.data.samples import Batch, Samples
    from benchbench.data.sets import DataSet
    from benchbench.data.splits import Splits
    from benchbench.metrics.measurement import Measurement
    from benchbench.running.cells import Cell
    from benchbench.suite.schema import Settings
    from benchbench.suite.training import Slim, Train
    from benchbench.training.epoch_callback import Listener
    from benchbench.training.weight_store import Store

__all__ = ["train"]

WAITING = "another run trains this very model: waiting for it"
SCORES = ("accuracy", "mse")
BINS = 20  # of the scales' histograms


def train(
    cell: Cell, model: nn.Module, data: DataSet, build: Callable[[Cell], nn.Module], hears: Listener
) -> Trained:
    """Train where it is not trained yet, then report the accuracy of the best weights.

    Args:
        cell: Cell with a recipe, or a checkpoint.
        model: Freshly built.
        data: All of the data.
        build: Builds a cell's model again: a cut starts from another training, and each further
            seed from other weights.
        hears: Hears what goes on.
    """
    first = _Training(cell, data, build, hears).run(model)
    settings = cell.settings
    if settings.train is None or settings.train.seeds == 1:
        return first
    every = [first]
    for seed in range(settings.seed + 1, settings.seed + settings.train.seeds):
        hears.note(f"seed {seed}")
        other = replace(cell, settings=replace(settings, seed=seed))
        every.append(_Training(other, data, build, hears).run(build(other)))
    quality = [next(it for it in found.measurements if it.name in SCORES) for found in every]
    return replace(
        first, measurements=(*first.measurements, *seeds.measure(quality, settings.seed))
    )


@dataclass(frozen=True, slots=True)
class _Training:
    """A training and all that it needs."""

    cell: Cell
    data: DataSet
    build: Callable[[Cell], nn.Module]
    hears: Listener

    @property
    def splits(self) -> Splits:
        settings = self.cell.settings
        limit = settings.train.test_images if settings.train else None
        return split(self.data, settings.seed, limit)

    def run(self, model: nn.Module) -> Trained:
        """Load the checkpoint, find the stored result, or train."""
        stores, checkpoint = stores_of(self.cell), self.cell.model.checkpoint
        if checkpoint or not stores:
            load_trained(model, self.cell)
            model.to(self.cell.device)
            facts = {"weights": f"checkpoint {Path(checkpoint or '').name}"}
            return Trained(facts, tuple(self._quality(model)))
        fault = ""
        for store in self._in_order(model, stores):
            with store.held(lambda: self.hears.note(WAITING)):
                if found := store.finished():
                    self.hears.note(f"trained already, weights {store.key[:12]}")
                    return found
                proof = self._proved(model, store.execution)
                if not proof.fault:
                    return self._from_nothing(model, store, proof)
                fault = f"{store.execution.said}: {proof.fault}"
                self.hears.note(f"not trained by {fault}")
        raise TrainingError(fault)

    def _in_order(self, model: nn.Module, stores: list[Store]) -> list[Store]:
        """The ways to train it: one that was begun or ended first, then the quickest."""
        begun = [store for store in stores if store.last.is_file() or store.finished()]
        if begun or len(stores) == 1:
            return [*begun, *(store for store in stores if store not in begun)]
        device, cell = torch.device(self.cell.device), self.cell
        batch = self._batch(device)
        self.hears.phase(f"train: which of {len(stores)} ways is the quickest?")
        ways = by_speed(
            model.to(device),
            [store.execution for store in stores],
            batch,
            loss_of(cell.model.loss, model, cell.settings.label_smoothing, cell.objective),
            cell.model.output,
        )
        return sorted(stores, key=lambda store: ways.index(store.execution))

    def _batch(self, device: torch.device) -> Batch:
        inputs, targets = next(self.splits.train.batches(self.cell.settings.batch_size))
        return inputs.to(device), targets.to(device)

    def _proved(self, model: nn.Module, execution: Execution) -> Proof:
        """How far a batch's outputs and gradients are from those of the native model."""
        if execution.is_native:
            return NOTHING_TO_PROVE
        cell, device = self.cell, torch.device(self.cell.device)
        with executed(model.to(device), execution, device) as how:
            settings = cell.settings
            loss = loss_of(cell.model.loss, model, settings.label_smoothing, cell.objective)
            self.hears.note(f"proving {execution.said}")
            return prove(how, self._batch(device), loss, cell.model.output, cell.settings.seed)

    def _quality(self, model: nn.Module) -> list[Measurement]:
        """Accuracy, or the error of a regression; nothing where there is no task."""
        if self.cell.objective == "none":
            return []
        seed, output = self.cell.settings.seed, self.cell.model.output
        probe = accuracy if self.cell.objective == "classification" else regression
        return list(probe.measure(model, self.splits, seed, self.hears.phase, output))

    def _from_nothing(self, model: nn.Module, store: Store, proof: Proof) -> Trained:
        """Run the recipe from its first stage that is not kept yet, and keep its result."""
        from benchbench.training.trainer import Recipe, fit  # noqa: PLC0415 - 2 s

        settings, splits = self.cell.settings, self.splits
        recipe, device = settings.train, torch.device(self.cell.device)
        if recipe is None:
            raise RuntimeError("a training without a recipe")
        entry = self.cell.model
        order = Recipe(
            recipe,
            settings,
            entry.loss,
            store,
            device,
            output=entry.output,
            objective=self.cell.objective,
            execution=store.execution,
            classes=len(splits.class_names),
        )
        more: list[Measurement] = []
        earlier: Trained | None = None  # the stage before
        if recipe.slim and recipe.slim.cuts:
            before, earlier = self._sparse(recipe, recipe.slim)
            model, cut = _cut(model, before, recipe.slim, splits.train)
            more.append(cut)
            epochs = max(1, round(recipe.slim.finetune * recipe.epochs))
            order = replace(order, train=replace(recipe, epochs=epochs, slim=None), pruned=True)
        if earlier and recipe.slim and recipe.slim.finetune == 0:
            save_weights(model, store.best, {"key": store.key, "pruned": True})
            best = {"epoch": 0, goal_of(order.objective).key: None, "after": "the cut"}
            result = {"epochs": 0, "seconds": 0.0, "best": best, "curve": []}
        else:
            if earlier:
                share = 100 * (more[0].value or 0)
                self.hears.note(f"cut {share:.1f} % of the channels; fine-tuning")
            result = fit(model, splits.train, splits.select, order, self.hears)
        load_weights(model.to(device), store.best)
        facts = _facts(result, order.train, store, splits, settings)
        facts["trained by"] = _said(store.execution, proof)
        if earlier:
            facts["cut_from"] = earlier.facts["weights"]
        past = {figure.name: figure for figure in earlier.measurements} if earlier else {}
        figures = [
            *self._quality(model),
            *trained.measure(result, order.train, past),
            *more,
        ]
        stored = Trained(facts, tuple(figures))
        store.keep(stored)
        return stored

    def _sparse(self, recipe: Train, slim: Slim) -> tuple[Store, Trained]:
        """The training before the cut, found where it is kept, or run now."""
        sparse = replace(recipe, slim=slim.before_the_cut())
        cell = replace(self.cell, settings=replace(self.cell.settings, train=sparse))
        if not any(store.finished() for store in stores_of(cell)):
            self.hears.note("sparse training")
        before = replace(self, cell=cell).run(self.build(cell))
        return next(store for store in stores_of(cell) if store.finished()), before


def _cut(
    model: nn.Module, before: Store, recipe: Slim, train: Samples
) -> tuple[nn.Module, Measurement]:
    """The smaller model, and how much was cut with the scales before and after."""
    load_weights(model, before.best)
    inputs, _ = next(train.batches(1))
    if inputs.plain is None:
        raise DataError("data", "channels are cut of models of one input tensor [N, ...] alone")
    smaller, rate = prune(model, inputs.plain, recipe)
    scales = {"before": gammas(model), "after": gammas(smaller)}
    top = float(scales["before"].max())
    detail = {
        "threshold_rate": rate,
        "bin": top / BINS,
        **{name: torch.histc(found, BINS, 0, top).int().tolist() for name, found in scales.items()},
    }
    share = 1 - len(scales["after"]) / len(scales["before"])
    return smaller, trained.CHANNELS_CUT(share, n=len(scales["before"]), detail=detail)


def _facts(
    result: dict[str, Any], recipe: Train, store: Store, splits: Splits, settings: Settings
) -> dict[str, Any]:
    best, count = result["best"], size_of(splits.train)
    used = "a stream" if count is None else f"{min(recipe.images or count, count):,}"
    return {
        "weights": f"{store.key[:12]}, best of {result['epochs']} epoch(s) of {recipe.epochs}: "
        f"after epoch {best['epoch']} ({best['after']})",
        "training": ", ".join(
            [f"{used} samples, batch {settings.batch_size}", store.execution.said, *_more(recipe)]
        ),
    }


def _more(recipe: Train) -> list[str]:
    """What a recipe has beyond Adam at one learning rate, for people."""
    more = [recipe.augment, recipe.schedule, f"weight decay {recipe.weight_decay:g}"]
    more.append(f"{recipe.class_weights} classes")
    usual = ["none", "constant", "weight decay 0", "none classes"]
    return [said for said, default in zip(more, usual, strict=True) if said != default]


def _said(execution: Execution, proof: Proof) -> str:
    """How it was trained, and how far that is from native, for people."""
    if proof.gradient is None:
        return execution.said
    share = "" if proof.share is None else f"{100 * proof.share:.2f} % of its spikes are equal, "
    if proof.rounding is not None:
        share += (
            f"outputs {100 * proof.output:.2g} % of their norm (rounding of the weights alone: "
            f"{100 * proof.rounding:.2g} %) and "
        )
    return (
        f"{execution.said}: on one batch {share}gradients {100 * proof.gradient:.2g} % of their "
        "norm apart from native float32"
    )
