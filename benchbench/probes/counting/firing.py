"""Finds the neurons that no framework knows: by what modules put out on the images, or by name.

A module fires where its outputs are 0 or one other value, both of them, over all batches, and its
inputs are not. So pools, flattens and dropouts of spikes are none. PyTorch's own modules never are
(a saturated softmax gives 0 and 1 as well), nor are quantisers of libraries (an activation of one
bit has no state), nor is the model as a whole.
"""

from __future__ import annotations

import contextlib
import copy
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from benchbench.data.inputs import Inputs, joined
from benchbench.errors import ModelError
from benchbench.frameworks import reset, spiking_layers
from benchbench.frameworks.told import HOLDS_STATE, NONE, Firing, Found, keep, mark
from benchbench.probes.counting.context import countable
from benchbench.probes.counting.outputs import Seen, call_steps, is_same, layer_steps, layers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchbench.frameworks import Neurons

__all__ = ["find_neurons"]

NO_NEURONS = {"torch", "torchao", "brevitas"}  # packages that have none


def find_neurons(
    model: nn.Module, told: Neurons, batches: Callable[[], Sequence[Inputs | Tensor]]
) -> None:
    """Find what fires in a model, and keep it with the model: loss, reset and counts rest on it.

    Where a framework knows neurons of the model, or where names are told, nothing is looked for
    besides; what is neither of a framework nor of PyTorch is watched, in copies of the model.

    Args:
        model: Model as it was built.
        told: What its user says of its neurons: where that is `NONE`, nothing is looked for.
        batches: Gives the inputs that are counted on; asked only where it has to be run.

    Raises:
        ModelError: A pattern matches nothing, or the model has no such method.
    """
    _check_reset(model, told.reset)
    none = told.spiking == (NONE,)
    named = {} if none else _named(model, told.spiking)
    asked = named or ({} if none or spiking_layers(model) else _own(model))
    if not asked:
        keep(model, Found(told))
        return
    # What is told alone must not be lost where the model cannot be run.
    keep(model, Found(told))
    for path in named:
        mark(model.get_submodule(path), Firing(named=True))
    inputs = [Inputs.of(batch).cpu() for batch in batches()]
    first = inputs[0]
    alone, _ = _run_or_nothing(model, [first[:1]], [*asked, *layers_of(model)])
    mine = {path: seen for path, seen in alone.items() if path in asked}
    if not any(named or seen.open for seen in mine.values()):
        return  # nor where it cannot be run: whoever runs it next says so in his own words
    pair, _ = _run_or_nothing(model, [joined([first[:1], first[:1]])], [*asked])
    every, stateful = _every(model, inputs, [*asked])
    rows = layer_steps(alone[path] for path in layers_of(model) if path in alone)
    steps = {path: call_steps(seen, pair.get(path), rows) for path, seen in mine.items()}
    ran = [path for path in named if path in every]
    found = ran if named else _outermost(model, _class_mates(every, model))
    for path in found:
        firing = Firing(every[path].place, steps.get(path, 1), bool(named))
        mark(model.get_submodule(path), firing)
    silent = [path for path, it in every.items() if it.silent and not _related(path, found)]
    keep(model, Found(told, stateful, () if named else tuple(silent)))


def _check_reset(model: nn.Module, reset: str) -> None:
    if not reset:
        return
    path, _, name = reset.rpartition(".")
    try:
        method = getattr(model.get_submodule(path), name)
    except AttributeError:
        method = None
    if not callable(method):
        raise ModelError(f"reset: the model has no method {reset!r}")


def _named(model: nn.Module, patterns: Sequence[str]) -> dict[str, nn.Module]:
    """The modules that a pattern names, by path.

    Raises:
        ModelError: A pattern names none.
    """
    found: dict[str, nn.Module] = {}
    for pattern in patterns:
        matching = {
            path: module
            for path, module in model.named_modules()
            if path and (fnmatchcase(path, pattern) or fnmatchcase(type(module).__name__, pattern))
        }
        if not matching:
            kinds = sorted({type(module).__name__ for _, module in model.named_modules()})
            raise ModelError(
                f"spiking: {pattern!r} matches no module of the model, by path or by class "
                f"({', '.join(kinds[:8])}{', ...' if len(kinds) > 8 else ''}); "
                f"{NONE!r} alone looks for none"
            )
        found |= matching
    return found


def _own(model: nn.Module) -> dict[str, nn.Module]:
    """The modules that are not PyTorch's own or quantisers, but for the model itself."""
    return {
        path: module
        for path, module in model.named_modules()
        if path and type(module).__module__.partition(".")[0] not in NO_NEURONS
    }


def _run(
    model: nn.Module, batches: Sequence[Inputs], paths: Sequence[str]
) -> tuple[dict[str, Seen], list[list[Tensor]]]:
    """Run batches one after the other, on a copy where there can be one.

    Returns:
        What was seen of the modules that ran, and the tensors that each batch gave back.
    """
    try:
        own = copy.deepcopy(model)
    except Exception:  # noqa: BLE001 - a model may hold what cannot be copied
        own = model
    outputs = []
    with countable(own), _watched(own, paths) as seen:
        for batch in batches:
            torch.default_generator.manual_seed(0)
            reset(own)
            given = batch.run(own)
            outputs.append([leaf for leaf in tree_leaves(given) if isinstance(leaf, Tensor)])
    return seen, outputs


def _run_or_nothing(
    model: nn.Module, batches: Sequence[Inputs], paths: Sequence[str]
) -> tuple[dict[str, Seen], list[list[Tensor]]]:
    try:
        return _run(model, batches, paths)
    except Exception:  # noqa: BLE001 - a model may refuse a batch size in any way it likes
        return {}, []


@contextlib.contextmanager
def _watched(model: nn.Module, paths: Sequence[str]) -> Iterator[dict[str, Seen]]:
    """What modules are fed and put out, by path; the dictionary fills while the model runs."""
    seen: dict[str, Seen] = {}
    inside: list[list[int]] = [[]]  # elements of what each open call has called

    def enter(_module: nn.Module, _inputs: object) -> None:
        inside.append([])

    def leave(path: str, inputs: object, output: object) -> None:
        elements = seen.setdefault(path, Seen()).see(inputs, output, inside.pop())
        inside[-1].append(elements)

    with contextlib.ExitStack() as stack:
        for path in paths:
            module = model.get_submodule(path)
            stack.callback(module.register_forward_pre_hook(enter).remove)
            handle = module.register_forward_hook(
                lambda _module, args, kwargs, output, path=path: leave(
                    path, (args, kwargs), output
                ),
                with_kwargs=True,
            )
            stack.callback(handle.remove)
        yield seen


def _every(
    model: nn.Module, batches: Sequence[Inputs], paths: Sequence[str]
) -> tuple[dict[str, Seen], str]:
    """What is seen over all batches, and why the model depends on what ran before, if it does.

    The first image is run before them and after them, and the first batch twice in a row, as a
    state of its size may start anew at any other; each time they must give the same.
    """
    image = batches[0][:1]
    try:
        seen, outputs = _run(model, [image, batches[0], *batches, image], paths)
    except Exception as error:  # noqa: BLE001 - a state of another batch's size fails in any way
        parts = [_run_or_nothing(model, [batch], paths) for batch in (image, *batches)]
        seen = {}
        for found, _ in parts:
            seen |= found
        if all(outputs for _, outputs in parts):  # each by itself can be run
            return seen, f"{HOLDS_STATE} ({type(error).__name__}: {error})"[:500]
        return seen, ""
    pairs = ((outputs[0], outputs[-1]), (outputs[1], outputs[2]))
    same = all(len(one) == len(two) and all(map(is_same, one, two)) for one, two in pairs)
    return seen, "" if same else HOLDS_STATE


def _class_mates(seen: dict[str, Seen], model: nn.Module) -> dict[str, Seen]:
    """What fires, and what is of its very class and was silent, or fired at every step."""
    kinds = {type(model.get_submodule(path)): it.place for path, it in seen.items() if it.fires}
    fits = {}
    for path, it in seen.items():
        place = kinds.get(type(model.get_submodule(path)))
        if place is not None and it.may_fire(place):
            it.place = place
            fits[path] = it
    return fits


def _related(path: str, others: Sequence[str]) -> bool:
    """Whether a module is one of the others, inside one or around one."""
    return any(f"{path}.".startswith(f"{it}.") or it.startswith(f"{path}.") for it in others)


def _outermost(model: nn.Module, fits: dict[str, Seen]) -> list[str]:
    """The neurons among modules that put out spikes: blocks of several layers are none.

    A module with one such module inside (its surrogate function, which neurons may share) and no
    weight is the neuron; one with several, or with weights, only hands their spikes on.
    """
    paths = {id(module): path for path, module in model.named_modules()}
    chosen: dict[str, None] = {}

    def inside(module: nn.Module) -> list[nn.Module]:
        near: list[nn.Module] = []
        for child in module.children():
            near += [child] if paths[id(child)] in fits else inside(child)
        return near

    def is_one(module: nn.Module) -> bool:
        near = inside(module)
        if not near:
            return True
        weights = any(parameter.dim() > 1 for parameter in module.parameters())
        return len(near) == 1 and not weights and is_one(near[0])

    def walk(module: nn.Module) -> None:
        for child in module.children():
            if paths[id(child)] in fits and is_one(child):
                chosen[paths[id(child)]] = None
            else:
                walk(child)

    walk(model)
    return list(chosen)
