"""A model that is executed in a certain way: its own modules, with other forward functions."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from benchbench.backends import Execution
from benchbench.backends.compiler import why_no_compiler
from benchbench.frameworks import spiking_layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchbench.backends.events import EventLayer
    from benchbench.data.inputs import Inputs

__all__ = ["Executed", "executed"]

_IMAGE = 4  # axes of a batch of images, [N, C, H, W]


@dataclass(frozen=True, slots=True, eq=False)
class Executed:
    """A model and how it runs.

    Parameters and buffers are the model's own, and nothing of it is copied: what is trained through
    it, the model has learned.

    Attributes:
        model: The model.
        run: What is called in its place: the model itself, or what a compiler made of it.
        execution: How it is executed, after what could not be done was given up.
        forwards: Other forward functions, by the module that has them.
        observed: Module whose output are the spikes, by the path of each neuron.
        gathering: Layers that gather the weights of spikes, by path.
        facts: What really runs.
        device_type: ``cpu`` or ``cuda``.
    """

    model: nn.Module
    run: Callable[..., Any]
    execution: Execution
    device_type: str
    forwards: dict[nn.Module, Callable[..., Any]] = field(default_factory=dict)
    observed: dict[str, nn.Module] = field(default_factory=dict)
    gathering: dict[str, EventLayer] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def is_as_native(self) -> bool:
        """Whether no layer is another's: native, or a backend that found nothing to replace."""
        return self.run is self.model and not self.forwards

    def context(self) -> contextlib.AbstractContextManager[Any]:
        """What a forward pass runs in."""
        if self.execution.precision == "bf16":
            return torch.autocast(self.device_type, torch.bfloat16)
        return contextlib.nullcontext()

    def laid_out(self, inputs: Inputs) -> Inputs:
        """Inputs in the memory format of the model."""
        if self.execution.memory_format == "contiguous":
            return inputs
        return inputs.map(_last)

    def told(self) -> dict[str, str]:
        """What only a step could tell."""
        if self.gathering:
            return _gathering_said(self.gathering)
        if self.execution.backend != "compiled":
            return {}
        from benchbench.backends.compiled import breaks  # noqa: PLC0415 - slow to import

        return breaks()

    def __enter__(self) -> Self:
        """Itself; the model is as it was when the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the model its own forward functions and memory format back."""
        self._put_back()
        if self.execution.memory_format == "channels_last":
            self.model.to(memory_format=torch.contiguous_format)

    @contextlib.contextmanager
    def natively(self) -> Iterator[None]:
        """The model as its framework runs it, for as long as this lasts."""
        last = self.execution.memory_format == "channels_last"
        self._put_back()
        if last:
            self.model.to(memory_format=torch.contiguous_format)
        try:
            yield
        finally:
            self._put_in()
            if last:
                self.model.to(memory_format=torch.channels_last)

    def _put_in(self) -> None:
        for module, forward in self.forwards.items():
            module.forward = forward  # what torch calls

    def _put_back(self) -> None:
        for module in self.forwards:
            module.__dict__.pop("forward", None)


def executed(model: nn.Module, execution: Execution, device: torch.device) -> Executed:
    """Make a model run in a certain way; what cannot be done stays native, and is told.

    Args:
        model: The model, on the device; its modules' forward functions are changed in place.
        execution: How it is to run.
        device: The device.
    """
    facts = {"backend": execution.backend, "precision": str(execution.precision)}
    facts["memory format"] = execution.memory_format
    if execution.is_native:
        return Executed(model, model, execution, device.type, facts=facts)
    if execution.precision == "bf16":
        facts["precision"] = "bf16 (autocast; weights and potentials in float32)"
    if execution.memory_format == "channels_last":
        model.to(memory_format=torch.channels_last)
    if execution.backend != "native" and (why := why_no_compiler(device.type)):
        execution = Execution("native", execution.precision, execution.memory_format)
        facts["backend"] = f"native: {facts['backend']} needs a compiler: {why}"
    neurons = spiking_layers(model)
    found = Executed(model, model, execution, device.type, facts=facts, observed=neurons)
    if execution.backend == "compiled":
        from benchbench.backends.compiled import compiled  # noqa: PLC0415 - a compiler is slow to import

        return compiled(found)
    if execution.backend in {"fused", "events"}:
        _fuse(found)
    if execution.backend == "events":
        from benchbench.backends.events import with_events  # noqa: PLC0415 - as above

        with_events(found)
    found._put_in()  # noqa: SLF001 - ours
    return found


def _fuse(found: Executed) -> None:
    from benchbench.backends.fused import fused_forwards  # noqa: PLC0415 - as above

    neurons = dict(found.observed)
    replaced = fused_forwards(found.model, neurons)
    found.forwards.update(replaced.forwards)
    found.observed.update(replaced.observed)
    taken, every = len(replaced.observed), len(neurons)
    with_pools = f", {replaced.pools} with the max-pool after them" if replaced.pools else ""
    said = f"{taken} of {every} neuron layers{with_pools}" if every else "there are no neurons"
    found.facts["backend"] = f"{found.execution.backend}: {said}"
    if replaced.left:
        left = "; ".join(f"{path}: {why}" for path, why in replaced.left.items())
        found.facts["not fused"] = left


def _gathering_said(layers: dict[str, EventLayer]) -> dict[str, str]:
    """Up to which share of spikes each layer gathers, by the shape of its inputs."""
    parts = []
    for path, layer in layers.items():
        shares = {
            "x".join(map(str, shape)): f"{100 * limit / math.prod(shape):.2g} %"
            for shape, limit in layer.limits.items()
        }
        parts += [f"{path}: {share} of {shape}" for shape, share in shares.items()]
    more = sum(layer.bytes for layer in layers.values())
    return {
        "gathers up to": "; ".join(parts) or "nothing was run",
        "weights that are kept twice": f"{more / 1e6:.1f} MB",
    }


def _last(tensor: Tensor) -> Tensor:
    image = tensor.dim() == _IMAGE and tensor.is_floating_point()
    return tensor.contiguous(memory_format=torch.channels_last) if image else tensor
