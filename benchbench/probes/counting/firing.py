"""Finds the neurons that no framework knows: by what modules put out on the images, or by name.

A module fires where its outputs are 0 or one other value, both of them, over all batches, and its
inputs are not. So pools, flattens and dropouts of spikes are none. PyTorch's own modules never are
(a saturated softmax gives 0 and 1 as well), nor is the model as a whole.
"""

from __future__ import annotations

import contextlib
import copy
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from benchbench.errors import ModelError
from benchbench.frameworks import reset, spiking_layers
from benchbench.frameworks.told import HOLDS_STATE, Firing, Found, keep, mark
from benchbench.probes.counting.context import countable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchbench.frameworks import Neurons

__all__ = ["find_neurons"]


def find_neurons(
    model: nn.Module, told: Neurons, batches: Callable[[], Sequence[Tensor]]
) -> None:
    """Find what fires in a model, and keep it with the model: loss, reset and counts rest on it.

    Where a framework knows neurons of the model, or where names are told, nothing is looked for
    besides; what is neither of a framework nor of PyTorch is run, on copies of the model.

    Args:
        model: Model as it was built; nothing of it is run.
        told: What its user says of its neurons.
        batches: Gives the inputs [N, ...] that are counted on; asked only where it has to be run.

    Raises:
        ModelError: A pattern matches nothing, or the model has no such method.
    """
    _check_reset(model, told.reset)
    named = _named(model, told.spiking)
    asked = named or ({} if spiking_layers(model) else _own(model))
    if not asked:
        keep(model, Found(told))
        return
    # What is told alone must not be lost where the model cannot be run.
    keep(model, Found(told))
    for path in named:
        mark(model.get_submodule(path), Firing(named=True))
    inputs = batches()
    first = inputs[0]
    try:
        alone, _ = _run(model, [first[:1]], [*asked])
    except Exception:  # noqa: BLE001 - whoever runs it next says so in his own words
        return
    if not named and not any(seen.fires or seen.silent for seen in alone.values()):
        return
    pair, _ = _run_or_nothing(model, [torch.cat([first[:1], first[:1]])], [*asked])
    every, stateful = _every(model, inputs, [*asked])
    steps = {path: _steps(alone[path], pair.get(path)) for path in alone}
    ran = [path for path in named if path in every]
    found = ran if named else _outermost(model, _class_mates(every, model))
    for path in found:
        firing = Firing(every[path].place, steps.get(path, 1), bool(named))
        mark(model.get_submodule(path), firing)
    silent = [path for path, it in every.items() if it.silent and not _related(path, found)]
    keep(model, Found(told, stateful, () if named else tuple(silent)))


@dataclass(slots=True)
class _Values:
    """What one tensor of a module's outputs held, over all calls.

    Attributes:
        zero: Whether it held 0.
        other: The one other value that it held; None where it held 0 alone.
        many: Whether it held more values than these two.
    """

    zero: bool = False
    other: float | None = None
    many: bool = False

    def see(self, data: Tensor) -> None:
        """Look at another call's values."""
        if self.many or not data.numel():
            return
        values = data.detach().float()
        low, high = float(values.min()), float(values.max())
        found = high if high != 0 else low
        self.zero |= bool((values == 0).any())
        if found == 0:
            return
        self.many = self.other not in (None, found) or not bool(
            ((values == 0) | (values == found)).all()
        )
        self.other = found

    @property
    def fires(self) -> bool:
        return self.zero and self.other is not None and not self.many

    @property
    def binary(self) -> bool:
        return not self.many


@dataclass(slots=True)
class _Seen:
    """What was seen of one module.

    Attributes:
        outputs: Values of each tensor among its outputs that is none of its inputs.
        fed: Values of all tensors among its inputs.
        shapes: Shape of the first tensor that it put out.
    """

    outputs: dict[int, _Values] = field(default_factory=dict)
    fed: list[_Values] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    place: int = 0

    def see(self, inputs: object, outputs: object) -> None:
        """Look at another call."""
        given = [leaf for leaf in tree_leaves(inputs) if isinstance(leaf, Tensor)]
        gives = [leaf for leaf in tree_leaves(outputs) if isinstance(leaf, Tensor)]
        for index, tensor in enumerate(given):
            if index == len(self.fed):
                self.fed.append(_Values())
            self.fed[index].see(tensor)
        passed = {tensor.untyped_storage().data_ptr() for tensor in given}
        for index, tensor in enumerate(gives):
            values = self.outputs.setdefault(index, _Values())
            if tensor.untyped_storage().data_ptr() in passed or tensor.is_complex():
                values.many = True  # handed on, or a view of what came in
            values.see(tensor)
        self.place = next((i for i, it in self.outputs.items() if it.fires), 0)
        if gives:
            self.shapes.append(tuple(gives[min(self.place, len(gives) - 1)].shape))

    @property
    def fires(self) -> bool:
        """Whether it puts out 0 and one other value, of inputs that are more than these."""
        return self.fed_more and any(values.fires for values in self.outputs.values())

    @property
    def silent(self) -> bool:
        """Whether it puts out nothing but 0, of inputs that are more."""
        held = list(self.outputs.values())
        return self.fed_more and bool(held) and held[0].binary and held[0].other is None

    @property
    def fed_more(self) -> bool:
        """Whether any input held more than 0 and one other value."""
        return any(not values.binary for values in self.fed)

    def may_fire(self, place: int) -> bool:
        """Whether an output of it is 0 or one other value, be it one of them alone."""
        return place in self.outputs and self.outputs[place].binary


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
                f"({', '.join(kinds[:8])}{', ...' if len(kinds) > 8 else ''})"
            )
        found |= matching
    return found


def _own(model: nn.Module) -> dict[str, nn.Module]:
    """The modules that are not PyTorch's own, but for the model itself."""
    return {
        path: module
        for path, module in model.named_modules()
        if path and type(module).__module__.partition(".")[0] != "torch"
    }


def _run(
    model: nn.Module, batches: Sequence[Tensor], paths: Sequence[str]
) -> tuple[dict[str, _Seen], list[list[Tensor]]]:
    """Run batches one after the other on a copy.

    Returns:
        What was seen of the modules that ran, and the tensors that each batch gave back.
    """
    own = copy.deepcopy(model)
    outputs = []
    with countable(own), _watched(own, paths) as seen:
        for batch in batches:
            torch.default_generator.manual_seed(0)
            reset(own)
            given = own(batch.detach().cpu())
            outputs.append([leaf for leaf in tree_leaves(given) if isinstance(leaf, Tensor)])
    return seen, outputs


def _run_or_nothing(
    model: nn.Module, batches: Sequence[Tensor], paths: Sequence[str]
) -> tuple[dict[str, _Seen], list[list[Tensor]]]:
    try:
        return _run(model, batches, paths)
    except Exception:  # noqa: BLE001 - a model may refuse a batch size in any way it likes
        return {}, []


@contextlib.contextmanager
def _watched(model: nn.Module, paths: Sequence[str]) -> Iterator[dict[str, _Seen]]:
    seen: dict[str, _Seen] = {}

    def look(path: str, inputs: object, output: object) -> None:
        seen.setdefault(path, _Seen()).see(inputs, output)

    with contextlib.ExitStack() as stack:
        for path in paths:
            handle = model.get_submodule(path).register_forward_hook(
                lambda _module, args, kwargs, output, path=path: look(path, (args, kwargs), output),
                with_kwargs=True,
            )
            stack.callback(handle.remove)
        yield seen


def _every(
    model: nn.Module, batches: Sequence[Tensor], paths: Sequence[str]
) -> tuple[dict[str, _Seen], str]:
    """What is seen over all batches, and why the model depends on what ran before, if it does.

    The first image is run before them and after them; each time it must give the same.
    """
    image = batches[0][:1]
    try:
        seen, outputs = _run(model, [image, *batches, image], paths)
    except Exception as error:  # noqa: BLE001 - a state of another batch's size fails in any way
        parts = [_run_or_nothing(model, [batch], paths) for batch in (image, *batches)]
        seen = {}
        for found, _ in parts:
            seen |= found
        if all(outputs for _, outputs in parts):  # each by itself can be run
            return seen, f"{HOLDS_STATE} ({type(error).__name__}: {error})"[:500]
        return seen, ""
    same = len(outputs[0]) == len(outputs[-1]) and all(
        torch.equal(one, two) for one, two in zip(outputs[0], outputs[-1], strict=True)
    )
    return seen, "" if same else HOLDS_STATE


def _steps(once: _Seen, twice: _Seen | None) -> int:
    """Time steps of one call: what stands before the batch axis, or in it beside the batch.

    Args:
        once: What was seen of a module with one sample.
        twice: The same with two; the axis that grows is the batch's.
    """
    if twice is None or not once.shapes or len(once.shapes) != len(twice.shapes):
        return 1
    small, large = once.shapes[0], twice.shapes[0]
    grown = [axis for axis, size in enumerate(small) if len(large) > axis and large[axis] != size]
    if len(small) != len(large) or len(grown) != 1 or grown[0] > 1:
        return 1
    return small[0]


def _class_mates(seen: dict[str, _Seen], model: nn.Module) -> dict[str, _Seen]:
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
    return any(f"{one}.".startswith(f"{two}.") for it in others for one, two in ((path, it), (it, path)))


def _outermost(model: nn.Module, fits: dict[str, _Seen]) -> list[str]:
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
