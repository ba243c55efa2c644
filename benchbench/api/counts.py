"""Counting a model by itself."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import zoo
from benchbench.codec import restored
from benchbench.data import DataSource
from benchbench.errors import BenchbenchError, ModelError
from benchbench.frameworks import Neurons
from benchbench.metrics.measurement import Measurement
from benchbench.results.counts import Counts
from benchbench.running import launcher
from benchbench.running.cells import Cell, Order
from benchbench.running.known_data import looked_at
from benchbench.suite.schema import Model, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.data.source import Time

__all__ = ["count", "count_in_worker"]

IMAGES = 64  # that spikes are counted on, half of a suite's: a look at a model is to be quick


def count(  # noqa: PLR0913 - each is an option of the command line
    model: str | Callable[..., Any],
    inputs: Any = None,  # noqa: ANN401 - tensors, arrays, a shape
    *,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - as in `run`
    data: str | Path = "synthetic_faces",
    time: Time = "none",
    models: str | Path | None = None,
    spiking: str | Sequence[str] = (),
    reset: str = "",
    steps: int | None = None,
) -> Counts:
    """Count parameters, bytes and operations of a model, layer by layer, in this process.

    >>> import torch, benchbench
    >>> net = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> found = benchbench.count(net, torch.rand(16, 8))
    >>> found["params"].value, found["macs_dense"].value
    (46, 40)

    The model is counted on a copy: its mode, weights, gradients, hooks, buffers, device and
    neurons' states stay as they are, and so do the random numbers. Nothing is timed.

    Args:
        model: Any ``torch.nn.Module``, a function that gives one, or a reference as in a suite.
        inputs: A batch [N, ...] as tensor or array, a tuple or dict of them for a model of several
            inputs, several batches in a list, or the shape of one sample, e.g. ``(3, 224, 224)``:
            then nothing is counted that rests on data.
        set: Settings of the model, where it is a function or a reference.
        data: Data that spikes are counted on where there are no inputs.
        time: Where the time steps stand in a batch of the inputs or the data: ``first`` is
            [T, N, ...], ``second`` [N, T, ...].
        models: A further folder of models.
        spiking: Names of modules or of their classes that are spiking neurons, with wildcards;
            those of the known frameworks, and what puts out 0 and one other value, are found.
            ``none`` looks for none.
        reset: The model's own method that resets its state.
        steps: Time steps of one sample; found by default.

    Raises:
        ModelError: There is no such model, it cannot be copied, it does not take the inputs, or
            what is told of its neurons is not true of it.
        DataError: The data is not what it should be.
    """
    import torch  # noqa: PLC0415 - the callers of most other functions need none

    from benchbench.data.batches import batches_of  # noqa: PLC0415 - imports torch
    from benchbench.data.loading import load_set  # noqa: PLC0415 - imports torch
    from benchbench.data.sets import AXES  # noqa: PLC0415 - imports torch
    from benchbench.worker import count_here  # noqa: PLC0415 - imports torch

    given, how, drawn = dict(set or {}), Settings(images=IMAGES), False
    name = model if isinstance(model, str) else getattr(model, "__name__", type(model).__name__)
    with count_here.undisturbed():
        torch.manual_seed(how.seed)
        if isinstance(model, str):
            place = Path(models or ".").resolve()
            zoo.find(model, place).require(given)
            net = zoo.build(model, given, place, steps=steps)
        else:
            net = zoo.made(model, given, name)
        if inputs is not None:
            batches = count_here.batches_from(inputs, AXES[time])
            on = f"input {'x'.join(map(str, batches))}" if isinstance(batches, tuple) else "inputs"
        else:
            found_data = load_set(DataSource(str(data), time=time))
            wanted = -(-how.images // how.batch_size)
            labelled = batches_of(
                found_data.split("train"), how.batch_size, wanted, torch.device("cpu")
            )
            batches, on, drawn = [it for it, _ in labelled], str(data), found_data.synthetic
    found = count_here.count_here(net, batches, name, Neurons.told(spiking, reset, steps))
    if not found.figures:
        raise ModelError(f"{name}: {'; '.join(found.refusals)}")
    status = "invalid" if found.refusals else "ok"
    why = "; ".join(found.refusals)
    untrained = net is not model and not zoo.holds_weights(name)  # a module has its weights
    return Counts(name, on, drawn, untrained, status, why, tuple(found.figures), found.facts)


def count_in_worker(
    model: str,
    given: Mapping[str, Any],
    data: str,
    shape: str | None,
    folder: Path | None,
    neurons: Neurons = Neurons(),  # noqa: B008 - frozen
    time: Time = "none",
) -> Counts:
    """Count one model in a fresh worker, bounded in memory and time, as the command line does.

    Args:
        model: Reference as for `benchbench.zoo.find`.
        given: Settings of the model.
        data: Data that spikes are counted on.
        shape: ``CxHxW`` to count for that input, without data.
        folder: A further models folder.
        neurons: What is told of the model's neurons.
        time: Where the time steps stand in a batch of the data, as for `count`.

    Raises:
        ModelError: The model, a setting, the shape or the data is not right.
    """
    place = (folder or Path()).resolve()
    zoo.find(model, place).require(given)
    how, reference, drawn = Settings(images=IMAGES), None, False
    if shape is None:
        known = looked_at(DataSource(data, time=time), Path.cwd(), how.seed)
        drawn, reference = known.about["synthetic"], known.reference
    entry = Model(model, model, set=dict(given), **asdict(neurons))
    cell = Cell("", entry, how, "cpu", reference, str(place))
    order = Order("count_once", cell, shape=_shape(shape) if shape else None)
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "count.log"
        outcome = launcher.work(order, time_limit_s=how.time_limit_s, log=log)
    figures = tuple(restored(Measurement, item) for item in outcome.measurements)
    if outcome.status != "ok" and not figures:
        raise BenchbenchError(f"{model}: {outcome.status}: {outcome.reason}")
    on = data if shape is None else f"input {shape}"
    untrained = not zoo.holds_weights(model)
    return Counts(
        model, on, drawn, untrained, outcome.status, outcome.reason, figures, outcome.facts
    )


def _shape(text: str) -> tuple[int, ...]:
    parts = text.lower().split("x")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise BenchbenchError(f"--input {text}: expected CxHxW, e.g. 1x48x48")
    return tuple(int(part) for part in parts)
