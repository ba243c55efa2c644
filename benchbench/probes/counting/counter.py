"""Our own counter of operations: sees every convolution and matrix product that really runs.

It looks at what the framework executes, not at which modules a model has, so functional calls,
attention and einsum count too; and it looks at the data, so it knows which inputs are zero and
which layers are fed with spikes. Nothing is left out in silence: a product that it has no rule for
is an error.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from benchbench.errors import CountError
from benchbench.probes.counting.dispatch import Dispatch
from benchbench.probes.counting.macs import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

__all__ = ["Counter", "LayerCount"]


@dataclass(frozen=True, slots=True)
class LayerCount:
    """What one layer did, over all calls.

    Attributes:
        name: The module's path where its own ``weight`` was used; else the parameter's name, or
            path and kind where no operand is a weight.
        path: Path of the innermost module that was running, empty for the model itself.
        kind: ``conv``, ``linear`` (one operand is a weight) or ``matmul`` (none is).
        weight: Name of the parameter that is the weight, or empty.
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

    Use it inside `state.countable`, and reset the model's neurons before each batch.

    Example:
        with countable(model), Counter(model) as counter:
            model(images)
        counter.layers()

    Attributes:
        model: The model, on the CPU (on CUDA other operations are dispatched).
    """

    model: nn.Module
    _calls: dict[_Call, Tally] = field(default_factory=dict)
    _stack: list[str] = field(default_factory=list)
    _exit: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        """Start counting."""
        for path, module in self.model.named_modules():
            for handle in (
                module.register_forward_pre_hook(self._enter(path)),
                module.register_forward_hook(self._leave, always_call=True),
            ):
                self._exit.callback(handle.remove)
        self._exit.enter_context(Dispatch(self.model, self._record))
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
            merged[name] = LayerCount(name, path, call.kind, call.weight, before + tally)
        return list(merged.values())

    def within(self, path: str) -> int:
        """Dense multiply-accumulates while the module at `path` was running."""
        return sum(tally.macs_dense for call, tally in self._calls.items() if path in call.stack)

    def _enter(self, path: str) -> Callable[[nn.Module, object], None]:
        def hook(_module: nn.Module, _inputs: object) -> None:
            self._stack.append(path)

        return hook

    def _leave(self, _module: nn.Module, _inputs: object, _outputs: object) -> None:
        self._stack.pop()

    def _record(self, weight: str, kind: str, tally: Tally | None, op: str) -> None:
        if tally is None:
            place = self._stack[-1] if self._stack and self._stack[-1] else "(the model)"
            raise CountError(f"layer {place!r} runs {op}, which benchbench has no rule to count by")
        call = _Call(tuple(self._stack), weight, kind)
        self._calls[call] = self._calls.get(call, Tally()) + tally


def _name(path: str, weight: str, kind: str) -> str:
    """A layer's name, the same whatever else runs."""
    if not weight:
        return f"{path}:{kind}"
    owner, _, rest = weight.partition(".parametrizations.")
    if not rest:
        owner, _, rest = weight.rpartition(".")
    if owner != path:  # used from outside its own module
        return weight if weight.startswith(f"{path}.") or not path else f"{path}:{weight}"
    return path if path and rest.partition(".")[0] == "weight" else weight
