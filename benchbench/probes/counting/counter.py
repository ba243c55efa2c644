"""Our own counter of operations: sees every convolution and matrix product that really runs.

It looks at what the framework executes, not at which modules a model has, so functional calls,
attention and einsum count too; and it looks at the data, so it knows which inputs are zero and
which layers are fed with spikes. Nothing is left out in silence: a product that it has no rule for
is an error.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Self

from benchbench.errors import CountError
from benchbench.frameworks import spikes_of
from benchbench.probes.counting.dispatch import Dispatch
from benchbench.probes.counting.macs import Tally
from benchbench.probes.counting.origins import Origin, Origins

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import torch
    from torch import Tensor, nn

__all__ = ["OF_WEIGHTS", "Counter", "LayerCount"]

OF_WEIGHTS = ":weights"  # behind the name of a product of two weights


@dataclass(frozen=True, slots=True)
class LayerCount:
    """What one layer did, over all calls.

    Attributes:
        name: The module's path where its own ``weight`` was used; else the parameter's name, or
            path and kind where no operand is a weight; ``matmul.2`` where one came out of such a
            product itself, as in attention: the first may be of spikes where the second is not.
        path: Path of the innermost module that was running, empty for the model itself.
        kind: ``conv``, ``linear`` (one operand is a weight) ``matmul`` (none is) or
            ``weights`` (both are: a weight put together at run time).
        weight: Name of the parameter (or buffer) that is the weight, or empty.
        tally: The counts; its `binary` is that of all inputs of all calls together.
    """

    name: str
    path: str
    kind: str
    weight: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class _Call:
    """What tells the calls of one layer from another's: modules running, weight and kind."""

    stack: tuple[str, ...]
    weight: str
    kind: str


@dataclass(slots=True)
class Counter:
    """A context manager: what runs in the model inside it is counted.

    Use it inside `context.countable`, and reset the model's neurons before each batch.

    Example:
        with countable(model), Counter(model) as counter:
            model(images)
        counter.layers()

    Attributes:
        model: The model, on the CPU (on CUDA other operations are dispatched).
        spiking: Paths of its neurons.
        fed: Names of the parameters that went into a counted product.
    """

    model: nn.Module
    spiking: Collection[str] = ()
    fed: set[str] = field(default_factory=set)
    _calls: dict[_Call, Tally] = field(default_factory=dict)
    _weights: dict[tuple[str, int, torch.Size], tuple[int, int]] = field(default_factory=dict)
    _stack: list[str] = field(default_factory=list)
    _exit: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        """Start counting."""
        origins = Origins(self.model)
        for path, module in self.model.named_modules():
            # First of all hooks: what the others do (old weight norms compute their weight in one)
            # is this module's work.
            before, after = self._enter(path, origins), self._leave(path, origins)
            for handle in (
                module.register_forward_pre_hook(before, prepend=True, with_kwargs=True),
                module.register_forward_hook(after, always_call=True),
            ):
                self._exit.callback(handle.remove)
        self._exit.enter_context(Dispatch(origins, self._record, self._refuse))
        return self

    def __exit__(self, *_: object) -> None:
        """Stop counting; the counts stay."""
        self._exit.close()
        self._stack.clear()

    def layers(self) -> list[LayerCount]:
        """Each layer's counts, in the order of their first call."""
        merged: dict[str, LayerCount] = {}
        for call, tally in self._calls.items():
            path = call.stack[-1] if call.stack else ""
            name = _name(path, call.weight, call.kind)
            before = merged[name].tally if name in merged else Tally()
            merged[name] = LayerCount(
                name, path, call.kind.partition(".")[0], call.weight, before + tally
            )
        return list(merged.values())

    def within(self, path: str) -> int:
        """Dense multiply-accumulates while the module at `path` was running."""
        return sum(tally.macs_dense for call, tally in self._calls.items() if path in call.stack)

    def zeros(self) -> tuple[int, int]:
        """How many elements of the weights are exactly 0, and how many there are, as they ran.

        A weight that runs several times counts once.
        """
        zeros, elements = zip(*self._weights.values(), strict=True) if self._weights else ((), ())
        return sum(zeros), sum(elements)

    def _enter(self, path: str, origins: Origins) -> Callable[..., None]:
        def hook(_module: nn.Module, args: object, kwargs: object) -> None:
            if not self._stack:
                origins.set((args, kwargs), INPUT)
            self._stack.append(path)

        return hook

    def _leave(self, path: str, origins: Origins) -> Callable[..., None]:
        def hook(module: nn.Module, _inputs: object, outputs: object) -> None:
            self._stack.pop()
            if path in self.spiking:  # not the membrane potential beside them
                origins.set(spikes_of(module, outputs), SPIKES)

        return hook

    def _refuse(self, what: str) -> NoReturn:
        place = self._stack[-1] if self._stack and self._stack[-1] else "(the model)"
        raise CountError(f"layer {place!r} runs {what}")

    def _record(self, weight: Origin, kind: str, tally: Tally, values: Tensor | None) -> None:
        if values is not None:
            self.fed |= weight.sources
            key = weight.weight, int(values.storage_offset()), values.shape
            if key not in self._weights:
                elements = values.numel()
                self._weights[key] = elements - int(values.count_nonzero()), elements
        elif kind == "matmul" and weight.products:
            kind = "matmul.2"
        call = _Call(tuple(self._stack), weight.weight, kind)
        self._calls[call] = self._calls.get(call, Tally()) + tally


INPUT, SPIKES = Origin(data=True), Origin(data=True, spikes=True)

# What a weight's name has behind it where it is put together at run time: pruned, old norms.
SUFFIXES = ("_orig", "_v", "_g", "_bar")


def _name(path: str, weight: str, kind: str) -> str:
    """A layer's name, the same whatever else runs."""
    if not weight:
        return f"{path}:{kind}"
    if kind == "weights":  # beside the layer that it is made for, whose input may be spikes
        return f"{weight}:{kind}"
    owner, _, rest = weight.partition(".parametrizations.")
    if not rest:
        owner, _, rest = weight.rpartition(".")
    if owner != path:  # used from outside its own module
        return weight if weight.startswith(f"{path}.") or not path else f"{path}:{weight}"
    own = rest.partition(".")[0]
    return path if path and own in ("weight", *(f"weight{end}" for end in SUFFIXES)) else weight
