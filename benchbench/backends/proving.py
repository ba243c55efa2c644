"""Proof that a model computes the same however it is executed: one batch, both ways."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from benchbench.backends.outputs import answer_of, tensor_of
from benchbench.backends.proof import BOUNDS, Bounds, Proof
from benchbench.frameworks import is_spiking, resetter, spikes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchbench.backends import Precision
    from benchbench.backends.executed import Executed
    from benchbench.data.batches import Batch

__all__ = ["prove"]


def prove(
    found: Executed,
    batch: Batch,
    loss: Callable[[Tensor, Tensor], Tensor] | None,
    output: str,
    seed: int,
) -> Proof:
    """Run one batch both ways, without dropout, and say how far the two are apart.

    The model is left as it was, its batch norms and torch's random numbers included. A backend in
    bfloat16 is proved in float32 as well, closely: what is left is the precision's own. Where it
    replaced no layer there is nothing of it to prove; and a training of layers that jump
    (quantised ones) may differ by what the rounding of their weights alone does.

    Args:
        found: The model and how it is executed.
        batch: Inputs and targets of the run's own data, on the device.
        loss: The training's loss; None compares inference alone.
        output: Which part of the model's output is its answer.
        seed: Seeds both ways alike.
    """
    asked = _Asked(found, batch, loss, output, seed)
    execution = found.execution
    with _left_as_it_was(found.model):
        with found.natively():
            native = asked.side(found.model, contextlib.nullcontext(), natively=True)
        ours = asked.side(found.run, found.context())
        proof = asked.compared(native, ours, execution.precision)
        if found.is_as_native and execution.precision == "bf16" and proof.fault and loss:
            with found.natively(), _rounded(found.model):
                rounded = asked.side(found.model, contextlib.nullcontext(), natively=True)
            return replace(proof, rounding=_apart([rounded.answer], [native.answer]))
        if execution.precision == 32 or found.is_as_native:
            return proof
        closely = asked.side(found.run, contextlib.nullcontext())
        return replace(proof, in_float32=asked.compared(native, closely, 32))


@dataclass(frozen=True, slots=True)
class _Side:
    """One way: the answer, the gradients and the spikes of a batch."""

    answer: Tensor
    gradients: list[Tensor]
    spikes: dict[str, list[Tensor]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What both ways are asked."""

    found: Executed
    batch: Batch
    loss: Callable[[Tensor, Tensor], Tensor] | None
    output: str
    seed: int

    @property
    def watches(self) -> bool:
        """Whether spikes can be watched as it is executed: not within what a compiler made."""
        return self.found.execution.backend != "compiled"

    def compared(self, native: _Side, ours: _Side, precision: Precision) -> Proof:
        """What the two sides differ by.

        Args:
            native: The way that its framework runs it.
            ours: The way that it is executed.
            precision: What is asked.
        """
        return _compared(native, ours, BOUNDS[precision], watched=self.watches)

    def side(
        self,
        run: Callable[..., Any],
        context: contextlib.AbstractContextManager[Any],
        *,
        natively: bool = False,
    ) -> _Side:
        """Run the batch one way.

        Args:
            run: The model, or what a compiler made of it.
            context: What the forward pass runs in.
            natively: Whether that is as its framework runs it.
        """
        model = self.found.model
        inputs, targets = self.batch
        if not natively:
            inputs = self.found.laid_out(inputs)
        model.train(self.loss is not None)
        resetter(model)()
        spikes: dict[str, list[Tensor]] = {}
        watched = self.found.observed if natively or self.watches else {}
        with _seeded(self.found, self.seed), _without_dropout(model), _watching(watched, spikes):
            if self.loss is None:
                with torch.inference_mode(), context:
                    return _Side(tensor_of(inputs.run(run), self.output).float(), [], spikes)
            walks = is_spiking(model) or inputs.axis == 1
            with context:
                raw = inputs.run(run)
            answer = answer_of(
                raw, len(inputs), self.output, walks_time=walks, targets=targets
            ).float()
            weights = [weight for weight in model.parameters() if weight.requires_grad]
            got = torch.autograd.grad(self.loss(answer, targets), weights, allow_unused=True)
            gradients = [torch.zeros(1) if it is None else it.detach() for it in got]
            return _Side(answer.detach(), gradients, spikes)


@contextlib.contextmanager
def _left_as_it_was(model: nn.Module) -> Iterator[None]:
    """The model's modes, counters, buffers and state, whatever runs."""
    plain = [  # Brevitas counts its batches in an int, beside the buffer of their statistics
        (module, name, value)
        for module in model.modules()
        for name, value in vars(module).items()
        if isinstance(value, int | float)
    ]
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        yield
    finally:
        for module, name, value in plain:
            setattr(module, name, value)
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(kept[name])
        resetter(model)()


@contextlib.contextmanager
def _watching(modules: dict[str, nn.Module], spikes: dict[str, list[Tensor]]) -> Iterator[None]:
    """Keep the spikes of neurons, as bytes."""

    def keep(path: str) -> Callable[..., None]:
        def hook(module: nn.Module, _: Any, given: Any) -> None:  # noqa: ANN401 - torch's
            found = spikes_of(module, given)
            if found is not None:
                spikes.setdefault(path, []).append(found.detach() != 0)

        return hook

    hooks = [module.register_forward_hook(keep(path)) for path, module in modules.items()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextlib.contextmanager
def _without_dropout(model: nn.Module) -> Iterator[None]:
    """No module of the model drops anything: two ways draw other numbers for the same mask."""
    kinds: list[Any] = [
        it for it in model.modules() if "Drop" in type(it).__name__ and hasattr(it, "p")
    ]
    before = [module.p for module in kinds]
    for module in kinds:
        module.p = 0.0
    try:
        yield
    finally:
        for module, p in zip(kinds, before, strict=True):
            module.p = p


@contextlib.contextmanager
def _rounded(model: nn.Module) -> Iterator[None]:
    """The model with each weight at the nearest number of bfloat16."""
    kept = [(weight, weight.detach().clone()) for weight in model.parameters()]
    with torch.no_grad():
        for weight, value in kept:
            weight.copy_(value.bfloat16())
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, value in kept:
                weight.copy_(value)


@contextlib.contextmanager
def _seeded(found: Executed, seed: int) -> Iterator[None]:
    """The same random numbers both ways, and torch's own afterwards."""
    devices = [torch.cuda.current_device()] if found.device_type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _compared(native: _Side, ours: _Side, bounds: Bounds, *, watched: bool) -> Proof:
    equal, counted, rates = dict[str, float](), dict[str, int](), dict[str, float]()
    for path, theirs in native.spikes.items():
        total = sum(it.numel() for it in theirs)
        rates[path] = sum(int(it.sum()) for it in theirs) / total
        if not watched:
            continue
        others = ours.spikes.get(path, [])
        same = sum(
            int((a == b).sum()) for a, b in zip(theirs, others, strict=False) if a.shape == b.shape
        )
        counted[path], equal[path] = total, same / total
    return Proof(
        bounds,
        _apart([ours.answer], [native.answer]),
        float((ours.answer - native.answer).abs().max()),
        equal,
        counted,
        rates,
        _apart(ours.gradients, native.gradients) if native.gradients else None,
        _largest(ours.gradients, native.gradients) if native.gradients else None,
    )


def _apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """Norm of the differences over the norm of theirs; infinite where theirs are nothing."""
    off = sum(
        float((a.double() - b.double()).square().sum()) for a, b in zip(ours, theirs, strict=True)
    )
    whole = sum(float(b.double().square().sum()) for b in theirs)
    if off == 0:
        return 0.0
    return float("inf") if whole == 0 else (off / whole) ** 0.5


def _largest(ours: list[Tensor], theirs: list[Tensor]) -> float:
    off = max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))
    top = max(float(b.abs().max()) for b in theirs)
    return off / top if top else off
