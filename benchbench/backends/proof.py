"""Proof that a model computes the same however it is executed: one batch, both ways."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from benchbench.backends.outputs import answer_of, tensor_of
from benchbench.frameworks import is_spiking, resetter, spikes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchbench.backends import Precision
    from benchbench.backends.executed import Executed
    from benchbench.data.batches import Batch

__all__ = ["BOUNDS", "NOTHING_TO_PROVE", "Bounds", "Proof", "prove"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What still counts as the same.

    Attributes:
        spikes: Least share of equal spikes of the whole network.
        apart: Largest norm of the differences of outputs and of gradients, over the norm of what
            they are set against. A spike that flips at a rounded threshold changes both.
    """

    spikes: float
    apart: float


BOUNDS: dict[Precision, Bounds] = {32: Bounds(0.999, 0.02), "bf16": Bounds(0.95, 0.5)}
"""By precision. Ours: float32 differs by the order of its sums alone, bfloat16 by its 8 bits."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How far a model as it is executed is from the model as its framework runs it, in float32.

    Attributes:
        equal: Share of equal spikes by layer; none where no layer can be watched.
        counted: Number of spikes and silences by layer.
        rates: Firing rates by layer, as the framework runs it: silence is equal without a proof.
        output: Norm of the differences of the outputs over the outputs' norm.
        output_largest: Largest difference of two outputs.
        gradient: The same norms of all gradients; None where it is not trained.
        gradient_largest: Largest difference of two gradients, over the largest gradient.
        bounds: What was asked.
    """

    bounds: Bounds
    output: float
    output_largest: float
    equal: dict[str, float] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    gradient: float | None = None
    gradient_largest: float | None = None

    @property
    def share(self) -> float | None:
        """Share of equal spikes of the whole network."""
        total = sum(self.counted.values())
        if not total:
            return None
        return sum(self.equal[path] * count for path, count in self.counted.items()) / total

    @property
    def fault(self) -> str:
        """Why it is not the same; empty where it is."""
        found = []
        if self.share is not None and self.share < self.bounds.spikes:
            found.append(
                f"{100 * self.share:.3f} % of its spikes are equal, and at least "
                f"{100 * self.bounds.spikes:g} % must be"
            )
        for what, apart in (("outputs", self.output), ("gradients", self.gradient)):
            if apart is not None and not apart <= self.bounds.apart:
                found.append(
                    f"its {what} differ by {100 * apart:.3g} % of their norm, and at most "
                    f"{100 * self.bounds.apart:g} % may"
                )
        return "; ".join(found) and "not the model as its framework runs it: " + "; ".join(found)


NOTHING_TO_PROVE = Proof(BOUNDS[32], 0.0, 0.0)
"""Of a model that is executed natively."""


def prove(
    found: Executed,
    batch: Batch,
    loss: Callable[[Tensor, Tensor], Tensor] | None,
    output: str,
    seed: int,
) -> Proof:
    """Run one batch both ways, without dropout, and say how far the two are apart.

    The model is left as it was, its batch norms and torch's random numbers included.

    Args:
        found: The model and how it is executed.
        batch: Inputs and targets of the run's own data, on the device.
        loss: The training's loss; None compares inference alone.
        output: Which part of the model's output is its answer.
        seed: Seeds both ways alike.
    """
    model = found.model
    training = model.training
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        with found.natively(), _seeded(found, seed), _without_dropout(model):
            native = _Side.of(model, found, batch, loss, output, natively=True)
        with _seeded(found, seed), _without_dropout(model):
            ours = _Side.of(model, found, batch, loss, output, natively=False)
    finally:
        model.train(training)
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(kept[name])
        resetter(model)()
    return _compared(native, ours, BOUNDS[found.execution.precision])


@dataclass(frozen=True, slots=True)
class _Side:
    """One way: the answer, the gradients and the spikes of a batch."""

    answer: Tensor
    gradients: list[Tensor]
    spikes: dict[str, list[Tensor]]

    @classmethod
    def of(
        cls,
        model: nn.Module,
        found: Executed,
        batch: Batch,
        loss: Callable[[Tensor, Tensor], Tensor] | None,
        output: str,
        *,
        natively: bool,
    ) -> _Side:
        inputs, targets = batch
        model.train(loss is not None)
        forget = resetter(model)
        forget()
        run = model if natively else found.run
        context = contextlib.nullcontext() if natively else found.context()
        spikes: dict[str, list[Tensor]] = {}
        watched = {} if found.execution.backend == "compiled" else found.observed
        with _watching(watched, spikes):
            if loss is None:
                with torch.inference_mode(), context:
                    return cls(tensor_of(inputs.run(run), output).float(), [], spikes)
            walks = is_spiking(model) or inputs.axis == 1
            with context:
                raw = inputs.run(run)
            answer = answer_of(raw, len(inputs), output, walks_time=walks).float()
            weights = [weight for weight in model.parameters() if weight.requires_grad]
            got = torch.autograd.grad(loss(answer, targets), weights, allow_unused=True)
            gradients = [torch.zeros(1) if it is None else it.detach() for it in got]
            return cls(answer.detach(), gradients, spikes)


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
def _seeded(found: Executed, seed: int) -> Iterator[None]:
    """The same random numbers both ways, and torch's own afterwards."""
    devices = [torch.cuda.current_device()] if found.device_type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _compared(native: _Side, ours: _Side, bounds: Bounds) -> Proof:
    equal, counted, rates = dict[str, float](), dict[str, int](), dict[str, float]()
    for path, theirs in native.spikes.items():
        others = ours.spikes.get(path, [])
        total = sum(it.numel() for it in theirs)
        same = sum(
            int((a == b).sum()) for a, b in zip(theirs, others, strict=False) if a.shape == b.shape
        )
        counted[path], equal[path] = total, same / total
        rates[path] = sum(int(it.sum()) for it in theirs) / total
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
