"""What a worker can be asked to do. Everything here runs inside a fresh process with torch."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any

import torch

from benchbench.data import kind_of
from benchbench.data.batches import batches_of
from benchbench.data.loading import load_set
from benchbench.errors import BenchbenchError
from benchbench.fingerprint import fingerprint, gpu_uuid
from benchbench.frameworks import neuron_facts
from benchbench.metrics.figure import PHASES
from benchbench.probes.depth import DEPTH
from benchbench.probes.spikes import time_steps
from benchbench.running.cells import has_weights
from benchbench.worker.asking import Asking, count_alone
from benchbench.worker.fitting import fit
from benchbench.worker.setup import build, data_of, facts_of, identity_of, prepare, step_of
from benchbench.worker.timing import time

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.data.batches import Batch
    from benchbench.data.inputs import Inputs
    from benchbench.data.reference import DataRef
    from benchbench.running.cells import Cell, Order
    from benchbench.suite.schema import Settings
    from benchbench.worker.channel import Channel

__all__ = ["TASKS", "count", "count_once", "doctor", "hello", "is_random", "look", "train"]

EXTRA_TRAIN = ("lightning", "tensorboard", "torch_pruning")  # what training needs besides


def hello(_: Order, channel: Channel) -> None:
    """Say what machine this is."""
    channel.send(facts=fingerprint())


def doctor(order: Order, channel: Channel) -> None:
    """The same with the GPUs' UUIDs, in torch's order; they are in no result."""
    hello(order, channel)
    count = torch.cuda.device_count()
    uuids = [gpu_uuid(torch.device("cuda", index)) for index in range(count)]
    channel.send(facts={"gpu_uuids": uuids})


def look(order: Order, channel: Channel) -> None:
    """Load data, and say what it is."""
    if order.data is None:
        raise RuntimeError("there is no data to look at")
    what = order.data.what
    found = load_set(what, seed=order.data.seed)
    inputs, _ = found.first()
    about = {
        "name": found.name,
        "source": what.source.rpartition("/")[2],
        "synthetic": found.synthetic,
        "digest": identity_of(found, what),
        "identity": found.identity,
        "samples": found.sizes(),
        "shape": inputs.shape,
        "classes": list(found.class_names),
        "targets": found.targets,
        "misfit": found.misfit,
        "warnings": list(found.warnings),
        "distribution": found.distribution(),
        "faults": [],
    }
    channel.send(facts={"about": about})


def train(order: Order, channel: Channel) -> None:
    """Train a cell's model, or load it, and measure its accuracy."""
    cell = _cell_of(order)
    channel.phase("build")
    data, model = data_of(cell.data), build(cell)
    channel.send(facts=facts_of(model, cell))
    try:
        from benchbench.training import task  # noqa: PLC0415 - only where there is a training

        found = task.train(cell, model, data, build, channel)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA_TRAIN:
            raise
        text = f"{error.name} is missing: pip install 'benchbench[train]'"
        raise BenchbenchError(text) from error
    channel.send(facts=found.facts)
    channel.measurements(found.measurements)


def count(order: Order, channel: Channel) -> None:
    """Count a cell: size, operations, and spikes after its training or a few steps of one."""
    cell = _cell_of(order)
    channel.phase("build")
    found = prepare(cell)
    model, batches, settings = found.model, found.batches, cell.settings
    channel.send(facts=facts_of(model, cell))
    asked = Asking(channel)
    asked.ask(model=model.cpu(), example=batches[0][0][:1].cpu())
    depth = asked.figures.get(DEPTH.name)
    if depth is not None and depth.value and "layers" in depth.detail:
        channel.send(facts={"layers": depth.detail["layers"]})
    if settings.train_steps and not found.untrained and not has_weights(cell):
        channel.phase(f"train {settings.train_steps} steps")
        step = step_of("train", model.to(cell.device), batches, cell)
        for _ in range(settings.train_steps):
            step()

    def step_on_device(phase: Any) -> Callable[[], object]:  # noqa: ANN401 - of the probe
        return step_of(phase, model.to(cell.device), batches, cell)

    asked.ask(
        found.untrained,
        model=model.cpu(),
        example=batches[0][0][:1].cpu(),
        **({} if is_random(cell.data) else {"batches": _inputs(batches, settings)}),
        figures=asked.figures,
        formulas=settings.formulas,
        step_of=step_on_device,
        phases=[phase for phase in PHASES if phase in settings.phases],
    )
    if steps := time_steps(asked.figures):
        channel.send(facts={"T": steps})


def count_once(order: Order, channel: Channel) -> None:
    """Count a model by itself, with the weights that it starts with."""
    cell = _cell_of(order)
    model = build(cell, order.shape)
    channel.send(facts=neuron_facts(model, torch.device("cpu")))
    if order.shape is not None:
        count_alone(model, order.shape, channel)
        return
    settings = cell.settings
    wanted = math.ceil(settings.images / settings.batch_size)
    samples, cpu = data_of(cell.data).split("train"), torch.device("cpu")
    batches = batches_of(samples, settings.batch_size, wanted, cpu)
    count_alone(model, _inputs(batches, settings), channel)


TASKS: dict[str, Callable[[Order, Channel], None]] = {
    "hello": hello,
    "doctor": doctor,
    "look": look,
    "fit": fit,
    "train": train,
    "count": count,
    "count_once": count_once,
    "time": time,
}


def is_random(data: DataRef | None) -> bool:
    """Whether inputs are random numbers: what rests on data is then not counted."""
    return data is not None and kind_of(data.source) == "input"


def _cell_of(order: Order) -> Cell:
    """The cell of an order that must have one."""
    if order.cell is None:
        raise RuntimeError(f"the task {order.task} was given no cell")
    return order.cell


def _inputs(batches: list[Batch], settings: Settings) -> list[Inputs]:
    wanted = math.ceil(settings.images / settings.batch_size)
    return [inputs.cpu() for inputs, _ in islice(batches, wanted)]
