"""Where the values of a tensor come from: a weight, the model's input, a neuron's spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch._ops import OpOverload

__all__ = ["Origin", "Origins", "tensors_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What one tensor was computed from.

    Attributes:
        weight: Name of the largest parameter (or else buffer) among its sources; empty where it is
            no weight.
        rank: How surely it is a weight: 2 for a parameter's values, 1 for a buffer's (which may be
            a state that has not met any input yet), 0 for neither.
        size: Elements of that parameter.
        sources: Every parameter that it was computed from.
        data: Whether the model's input is among its sources: then it is no weight.
        spikes: Whether it was a neuron's output, and has met no weight since.
        products: Whether it came out of a product of data with data, and has met no weight since.
    """

    weight: str = ""
    rank: int = 0
    size: int = 0
    sources: frozenset[str] = frozenset()
    data: bool = False
    spikes: bool = False
    products: bool = False

    def __add__(self, other: Origin) -> Origin:
        """The origin of what is computed from both."""
        data, spikes = self.data or other.data, self.spikes or other.spikes
        products = self.products or other.products
        if data:
            return Origin(data=True, spikes=spikes, products=products)
        first = max(self, other, key=lambda origin: (origin.rank, origin.size))
        return replace(
            first, sources=self.sources | other.sources, spikes=spikes, products=products
        )


class Origins:
    """The origins of all tensors of one run, told by their storages.

    A weight stays a weight whatever it is multiplied with, as long as that does not depend on the
    model's input: a mask, a scale, a norm, the grid of a fake quantisation.
    """

    def __init__(self, model: nn.Module) -> None:
        """Know the model's parameters, its buffers, and tensors that are plain attributes."""
        self._known: dict[Any, Origin] = {}
        self._parts: dict[Any, dict[tuple[int, int], Origin]] = {}  # of storages that hold several
        self._spread: set[Any] = set()
        self._repeated: dict[Any, tuple[torch.Size, frozenset[int]]] = {}
        for path, module in model.named_modules():
            prefix = f"{path}." if path else ""
            for name, value in vars(module).items():
                if isinstance(value, Tensor):
                    self._known[_identity(value)] = Origin(prefix + name, 1, value.numel())
        for name, buffer in model.named_buffers():
            self._known[_identity(buffer)] = Origin(name, 1, buffer.numel())
        for name, weight in model.named_parameters():
            origin = Origin(name, 2, weight.numel(), frozenset({name}))
            owner = _identity(weight)
            self._parts.setdefault(owner, {})[_extent(weight)] = origin
            # Of all of them, where several are parts of one vector.
            self._known[owner] = sum(self._parts[owner].values(), NOTHING)
        self._parts = {owner: parts for owner, parts in self._parts.items() if len(parts) > 1}

    def of(self, tensor: Tensor) -> Origin:
        """Where the values of `tensor` come from."""
        owner = _identity(tensor)
        if owner in self._parts:
            first, last = _extent(tensor)
            for (start, end), origin in self._parts[owner].items():
                if start <= first and last <= end:
                    return origin
        return self._known.get(owner, NOTHING)

    def set(self, values: object, origin: Origin) -> None:
        """Say where all tensors among `values` come from."""
        for tensor in tensors_of(values):
            owner = _identity(tensor)
            if owner in self._parts:
                if origin == self.of(tensor):  # a view of a part
                    continue
                del self._parts[owner]  # somebody writes into it
            self._known[owner] = origin

    def mark_spread(self, *tensors: Tensor) -> None:
        """Remember that these are outer products."""
        self._spread.update(map(_identity, tensors))

    def mark_repeated(self, tensor: Tensor, copy: Tensor) -> None:
        """Remember along which axes `copy` holds the one value of `tensor` again and again."""
        shape = (*(1,) * (copy.dim() - tensor.dim()), *tensor.shape)
        axes = frozenset(axis for axis, size in enumerate(shape) if size == 1 < copy.shape[axis])
        self._repeated[_identity(copy)] = copy.shape, axes

    def repeated(self, tensor: Tensor) -> frozenset[int]:
        """Axes along which a tensor that was put together by repeating holds one value alone."""
        shape, axes = self._repeated.get(_identity(tensor), (None, frozenset[int]()))
        return axes if shape == tensor.shape else frozenset()

    def spread(self, tensor: Tensor) -> bool:
        """Whether `tensor` is an outer product, or a view of one."""
        return _identity(tensor) in self._spread

    def inherit(
        self,
        func: OpOverload,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        outputs: object,
    ) -> None:
        """What is computed from weights alone is a weight, what has met the input is data.

        Args:
            func: The operation.
            args: Its arguments.
            kwargs: Those by name.
            outputs: What it gave back.
        """
        name = func.overloadpacket.__name__
        if "_like" in name or name.startswith("new_"):  # of its shape, not of its values
            return
        origin = NOTHING
        for tensor in tensors_of((args, kwargs)):
            found = self.of(tensor)
            if found is not NOTHING:
                origin = found if origin is NOTHING else origin + found
        if origin is NOTHING:
            return
        self.set(outputs, origin)
        for index, argument in enumerate(func._schema.arguments):  # noqa: SLF001 - has no public name
            if argument.alias_info is not None and argument.alias_info.is_write:
                self.set(args[index] if index < len(args) else kwargs.get(argument.name), origin)


def tensors_of(values: object) -> Iterable[Tensor]:
    """All plain tensors in nested tuples, lists and dictionaries."""
    return (leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor))


NOTHING = Origin()


def _identity(tensor: Tensor) -> Any:  # noqa: ANN401 - untyped in torch
    """What a tensor shares with its views alone.

    A weak reference: it holds no memory, yet keeps a freed storage's identity from being given to
    another tensor.
    """
    if tensor.layout != torch.strided:  # has none; products of it are refused
        return id(tensor)
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]  # see above


def _extent(tensor: Tensor) -> tuple[int, int]:
    """First and last byte of its storage that `tensor` reaches; nothing for one without strides."""
    if tensor.layout != torch.strided or not tensor.numel():
        return 0, 0
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    first, reach = int(tensor.storage_offset()), sum((size - 1) * step for size, step in steps)
    width = tensor.element_size()
    return first * width, (first + reach + 1) * width
