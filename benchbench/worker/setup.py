"""What every task starts with: settings, images, the model, its batches and its steps.

The worker, the fixture for pytest and Python's own callers all build a model here, and nowhere
else.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from benchbench import zoo
from benchbench.backends.executed import Executed, executed
from benchbench.backends.native import inference_step, training_step
from benchbench.codec import plain, restored
from benchbench.data import kind_of
from benchbench.data.batches import Batch, batches_of
from benchbench.data.inputs import Inputs
from benchbench.data.loading import load_set
from benchbench.data.reference import DataRef
from benchbench.data.sets import CONTENT, DataSet
from benchbench.errors import BenchbenchError
from benchbench.files import digest_of
from benchbench.frameworks import neuron_facts
from benchbench.probes.counting.firing import find_neurons
from benchbench.running.cells import UNNAMED
from benchbench.training.loss import loss_name, loss_of
from benchbench.training.weight_store import load_trained
from benchbench.worker.lazy import give_shapes
from benchbench.zoo.origin import loaded_modules

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.data import DataSource
    from benchbench.metrics.figure import Phase
    from benchbench.running.cells import Cell

__all__ = [
    "Pace",
    "Prepared",
    "begin",
    "build",
    "data_of",
    "executed_of",
    "facts_of",
    "identity_of",
    "made",
    "pace_of",
    "prepare",
    "step_facts",
    "step_of",
    "training_loss",
]

CPU = torch.device("cpu")
RESIDENT_BATCHES = 32  # enough to vary the input; 32 batches of 16 faces are 5 MB


def data_of(reference: DataRef | None) -> DataSet:
    """A cell's data, checked to be what the run was planned for.

    Raises:
        BenchbenchError: There is none, or it has changed since.
    """
    if reference is None:
        raise BenchbenchError("this needs data, and there is only a shape")
    found = _loaded(json.dumps(plain(reference), sort_keys=True))
    if identity_of(found, reference.what) != reference.digest:
        drawn = kind_of(reference.source) == "function"
        why = ", or its function does not give the same data twice" if drawn else ""
        raise BenchbenchError(f"{reference.source} has changed since the run began{why}")
    return found


@lru_cache(maxsize=1)  # a model is looked at on it before it is measured on it
def _loaded(reference: str) -> DataSet:
    what = restored(DataRef, json.loads(reference))
    return load_set(what.what, seed=what.seed)


def identity_of(found: DataSet, what: DataSource) -> str:
    """SHA-256 that tells data from other data: by its content, or by its code and settings too.

    Some rows of what a function gives do not tell what it would give for others. All of them do:
    its file, which the model may stand in as well, may change beside it.
    """
    if kind_of(what.source) != "function" or found.identity == CONTENT:
        return found.digest
    code = zoo.identity(zoo.closure(what.source))
    function = zoo.function_of(what.source)
    text = json.dumps([found.digest, code, function, what.set], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def begin(cell: Cell) -> None:
    """Set torch's threads, and seed it."""
    _started_with()
    if cell.settings.threads is not None:
        torch.set_num_threads(cell.settings.threads)
    torch.manual_seed(cell.settings.seed)


def build(cell: Cell, shape: tuple[int, ...] | None = None) -> nn.Module:
    """A cell's model with its seeded initial weights, on the CPU; torch's threads are set.

    Its neurons are found here, with the weights that every job of the cell starts from: what the
    loss, the reset and the counts rest on is the same in all of them.

    Args:
        cell: The cell.
        shape: Shape of one sample, where the cell has no data.

    Raises:
        BenchbenchError: Its code is another than the run was planned for.
        ModelError: What is told of its neurons is not true of it.
    """
    model = made(cell, shape)
    for file, digest in cell.code.items():
        if not Path(file).is_file() or digest_of(Path(file)) != digest:
            raise BenchbenchError(f"{file} has changed since the run began")
    find_neurons(model, cell.model.neurons, partial(_counted_on, cell, shape))
    return model


def made(cell: Cell, shape: tuple[int, ...] | None = None) -> nn.Module:
    """A cell's model as its function makes it, from the seed; torch's threads are set.

    Weights that get their shape with a first batch get it here.

    Args:
        cell: The cell.
        shape: Shape of one sample, where the cell has no data.
    """
    begin(cell)
    model: nn.Module = zoo.build(
        cell.model.reference,
        cell.model.set,
        Path(cell.folder),
        num_classes=cell.data.num_classes if cell.data else None,
        steps=cell.model.steps,
        time_first=cell.data is not None and cell.data.time == "first",
    )
    give_shapes(model, lambda: _first(cell, shape), cell.model.id)
    return model


def _first(cell: Cell, shape: tuple[int, ...] | None) -> Inputs:
    """Two samples of a cell's data, or one of its shape."""
    if shape is not None:
        return _counted_on(cell, shape)[0]
    return data_of(cell.data).first(2)[0].cpu()


def _counted_on(cell: Cell, shape: tuple[int, ...] | None) -> list[Inputs]:
    """The batches that a cell is counted on, or one sample of its shape."""
    if shape is not None:
        draw = torch.Generator().manual_seed(cell.settings.seed)
        return [Inputs.of(torch.rand(1, *shape, generator=draw))]
    settings = cell.settings
    wanted = math.ceil(settings.images / settings.batch_size)
    samples = data_of(cell.data).split("train")
    return [inputs for inputs, _ in batches_of(samples, settings.batch_size, wanted, CPU)]


@cache
def _started_with() -> frozenset[str]:
    """What was loaded before the first model was built: a test session's modules are no model's."""
    return frozenset(loaded_modules())


def facts_of(model: nn.Module, cell: Cell) -> dict[str, Any]:
    """What really ran."""
    code = zoo.closure(cell.model.reference, Path(cell.folder))
    loads = zoo.unnamed(code, _started_with(), cell.data.function if cell.data else "")
    return {**({UNNAMED: loads} if loads else {}), **step_facts(model, cell)}


def step_facts(model: nn.Module, cell: Cell) -> dict[str, Any]:
    """What is true of the model and its step, wherever its code is from."""
    return {
        **neuron_facts(model, torch.device(cell.device)),
        "optimizer": f"Adam (fused), lr {cell.settings.learning_rate:g}",
        "loss": loss_name(cell.model.loss, model, cell.objective),
        "device": cell.device,
        **({} if cell.objective == "classification" else {"task": cell.objective}),
        "threads": torch.get_num_threads(),
    }


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model that is ready to be measured.

    Attributes:
        model: Model with its weights, on the device.
        batches: Inputs and targets, on the device.
        untrained: Why it has not the weights that it should have; empty where it has.
    """

    model: nn.Module
    batches: list[Batch]
    untrained: str


def prepare(
    cell: Cell, device: torch.device | None = None, model: nn.Module | None = None
) -> Prepared:
    """Build a cell's model with its weights, and load its batches.

    Args:
        cell: The cell.
        device: Another device than the cell's own.
        model: Model that is built already, in place of the cell's own.
    """
    settings = cell.settings
    if model is None:
        model = build(cell)
    else:
        find_neurons(model, cell.model.neurons, partial(_counted_on, cell, None))
    untrained = load_trained(model, cell)
    wanted = max(RESIDENT_BATCHES, math.ceil(settings.images / settings.batch_size))
    samples, place = data_of(cell.data).split("train"), device or torch.device(cell.device)
    batches = batches_of(samples, settings.batch_size, wanted, place)
    return Prepared(model.to(place), batches, untrained)


def step_of(
    phase: Phase,
    model: nn.Module,
    batches: list[Batch],
    cell: Cell,
    how: Executed | None = None,
) -> Callable[[], object]:
    """The training step, or the inference of a batch.

    Args:
        phase: Which of them.
        model: The model, on its device.
        batches: What goes in, on the device.
        cell: The cell.
        how: How the model is executed; by default natively, as whatever is counted is.
    """
    output = cell.model.output
    if phase != "train":
        return inference_step(model, batches, output, how, whole=cell.objective == "none")
    loss = training_loss(model, cell)
    return training_step(model, batches, loss, cell.settings.learning_rate, output, how)


def training_loss(model: nn.Module, cell: Cell) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss that a cell's model is trained by."""
    return loss_of(cell.model.loss, model, cell.settings.label_smoothing, cell.objective)


def executed_of(model: nn.Module, cell: Cell) -> Executed:
    """A cell's model, on its device, as its settings say that it is executed."""
    return executed(model, cell.settings.execution, torch.device(cell.device))


@dataclass(frozen=True, slots=True)
class Pace:
    """How a device is waited for, and when its pace counts as steady.

    Attributes:
        sync: Waits until the device has finished.
        steady_percent: Spread of the last warm-up blocks that counts as steady.
    """

    sync: Callable[[], None]
    steady_percent: float


def pace_of(cell: Cell) -> Pace:
    """How a cell's device is waited for."""
    device = torch.device(cell.device)
    if device.type == "cuda":
        sync: Callable[[], None] = partial(torch.cuda.synchronize, device)
        return Pace(sync, cell.settings.steady_percent or 1.0)
    return Pace(_nothing, cell.settings.steady_percent or 5.0)


def _nothing() -> None:
    """On a CPU every step has finished when it returns."""
