"""One forward pass of each model on its data before anything is measured: does it fit?"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from benchbench import extensions, zoo
from benchbench.backends.outputs import answer_of, squared_errors
from benchbench.data import kind_of
from benchbench.errors import ModelError
from benchbench.fingerprint import fingerprint
from benchbench.training.weight_store import is_kept
from benchbench.worker.channel import MOST_LETTERS, failure_of
from benchbench.worker.memory import bound_memory
from benchbench.worker.setup import data_of, made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from benchbench.data.inputs import Inputs
    from benchbench.running.cells import Cell, Order
from benchbench.worker.channel import Channel

__all__ = ["fit", "misfit_of"]

SAMPLES = 2  # a batch of one does not tell [N, ...] from [1, ...]
MOST_SHAPES = 3  # that are told of a batch or of what a layer is given
MOST_OF_PLACE = 300  # letters; the rest of a reason says what was raised
LIMIT_S = 60.0  # of a model by itself; one that takes longer is left to its jobs


def fit(order: Order, channel: Channel) -> None:
    """Try every model of a run, and then say what machine this is.

    Each is tried in a fork: whatever it does to its process, or leaves there, touches no other's
    pass. The machine is looked at last, since no fork can use CUDA after its parent has.
    """
    misfits: dict[str, str] = {}
    trained: list[str] = []
    for group in _groups(order.cells):
        channel.phase(f"try {', '.join(cell.model.id for cell in group)}")
        for name, (reason, has_weights) in _in_fork(group).items():
            misfits |= {name: reason} if reason else {}
            trained += [name] if has_weights else []
        channel.send(facts={"misfits": misfits, "trained": trained})
    channel.send(facts={"machine": fingerprint()})


def _groups(cells: Sequence[Cell]) -> list[list[Cell]]:
    """The cells that share a fork: our own models together, each of the user's alone."""
    ours = [cell for cell in cells if _is_ours(cell)]
    return ([ours] if ours else []) + [[cell] for cell in cells if not _is_ours(cell)]


def _is_ours(cell: Cell) -> bool:
    folder = zoo.bundled_folder().resolve()
    return bool(cell.code) and all(Path(file).is_relative_to(folder) for file in cell.code)


def _in_fork(cells: Sequence[Cell]) -> dict[str, tuple[str, bool]]:
    """What is wrong with each model, by its id, and whether its training has left its weights here.

    There is nothing of one that did not come to an end.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            bound_memory(cells[0])
            for cell in cells:
                reason = misfit_of(cell)
                told = [cell.model.id, [reason, not reason and is_kept(cell)]]
                os.write(writing, (json.dumps(told) + "\n").encode())
        finally:
            os._exit(0)
    os.close(writing)
    try:
        limit_s = sum(min(LIMIT_S, cell.settings.time_limit_s) for cell in cells)
        text = b"".join(_until_it_ends(child, reading, time.monotonic() + limit_s))
    finally:
        os.close(reading)
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    return dict(json.loads(line) for line in lines if line.endswith("\n"))


def _until_it_ends(child: int, reading: int, deadline: float) -> Iterator[bytes]:
    """What a fork writes until it has ended, or is killed at the deadline.

    The pipe's end is not waited for: what the model has started may hold it.
    """
    ended = False
    while not ended:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        ended = os.waitpid(child, os.WNOHANG)[0] == child
        while select.select([reading], [], [], 0 if ended else 0.02)[0]:
            chunk = os.read(reading, 1 << 16)
            if not chunk:
                break
            yield chunk


def misfit_of(cell: Cell) -> str:
    """Why a model cannot answer a batch of its data; empty where it can, or where memory ran out.

    Args:
        cell: The cell; its model is built anew, with its initial weights, on the CPU.
    """
    try:
        extensions.load(cell.extensions, Path(cell.folder))
        inputs, targets = next(data_of(cell.data).split("train").batches(SAMPLES))
        return _tried(cell, made(cell).eval(), inputs, targets)[:MOST_LETTERS]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the row's reason
        return _said(error)


def _tried(cell: Cell, model: nn.Module, inputs: Inputs, targets: Tensor | None) -> str:
    """What is wrong with one forward pass."""
    path, given = list[_Running](), _shapes((inputs.args, inputs.kwargs))
    with torch.no_grad(), _Watched(model, path):
        try:
            raw = inputs.run(model)
        except Exception as error:  # noqa: BLE001 - whatever the model raises
            said, where = _said(error), f" in {path[-1].said}" if path else ""
            place = f"fails on a batch of its data, {given}{where}"
            if len(place) > MOST_OF_PLACE:  # a batch of many tensors, or a module far down
                place = f"{place[: MOST_OF_PLACE - 1]}…"
            return said and f"{place}: {said}"
    if not (cell.settings.train or "train" in cell.settings.phases):
        return ""
    try:
        answer = answer_of(raw, len(inputs), cell.model.output, walks_time=True, targets=targets)
        if cell.objective == "regression" and targets is not None:
            squared_errors(answer, targets)
    except ModelError as error:
        return f"does not answer its data, {given}: {error}, or say `task: none`"
    wanted = cell.data.num_classes if cell.data else None
    if cell.objective != "classification" or wanted is None:
        return ""
    if answer.dim() == 2 and answer.shape[1] >= wanted:
        return ""
    build = f"build it for {wanted} classes"
    if cell.data and kind_of(cell.data.source) == "input" and answer.dim() == 2:
        source = f'source: "{cell.data.source}", classes: {answer.shape[1]}'
        build = f"the labels are made up, so say `data: {{ {source} }}`"
    return (
        f"does not answer its data, {given}, which has {wanted} classes: the answer is "
        f"{_shape(answer)}, expected [N, {wanted}]; {build}, name the right part by `output:`, or "
        "say `task: none`"
    )


class _Running(NamedTuple):
    """A module that is running.

    Attributes:
        name: Its path in the model.
        module: The module.
        given: What it was given, for people.
    """

    name: str
    module: nn.Module
    given: str

    @property
    def said(self) -> str:
        """The layer with its weight's shape, and what it was given."""
        weight = getattr(self.module, "weight", None)
        with_weight = f", weight {[*weight.shape]}" if isinstance(weight, Tensor) else ""
        name = self.name or "the model itself"
        return f"{name} ({type(self.module).__name__}{with_weight}), which is given {self.given}"


class _Watched:
    """Keeps the path of modules that are running; after an exception, the one that raised."""

    def __init__(self, model: nn.Module, path: list[_Running]) -> None:
        """Watch every module.

        Args:
            model: The model.
            path: Takes the modules, the innermost last.
        """
        self._path = path
        self._names = {id(module): name for name, module in model.named_modules()}
        modules = [*model.modules()]
        self._hooks = [
            *(it.register_forward_pre_hook(self._enter, with_kwargs=True) for it in modules),
            *(it.register_forward_hook(self._leave) for it in modules),
        ]

    def __enter__(self) -> None:
        """The hooks are there already."""

    def __exit__(self, *_: object) -> None:
        """Take them away."""
        for hook in self._hooks:
            hook.remove()

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:  # noqa: ANN401 - torch's
        self._path.append(_Running(self._names[id(module)], module, _shapes((args, kwargs))))

    def _leave(self, *_: Any) -> None:  # noqa: ANN401 - torch's
        self._path.pop()


def _shapes(given: object) -> str:
    """The tensors of some inputs, for people: ``float32 [2, 3, 32, 32]``."""
    tensors = [leaf for leaf in tree_leaves(given) if isinstance(leaf, Tensor)]
    more = len(tensors) - MOST_SHAPES
    told = [*map(_shape, tensors[:MOST_SHAPES]), *([f"and {more} more"] if more > 0 else [])]
    return ", ".join(told) or "no tensor"


def _shape(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {[*tensor.shape]}"


def _said(error: Exception) -> str:
    """An exception in one line; nothing where memory ran out: a job has more, or says so."""
    status, reason = failure_of(error)
    return "" if status == "oom" else reason
