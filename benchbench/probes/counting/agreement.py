"""Four counters of one batch, held against each other layer by layer."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from spikingjelly.activation_based import functional
from torch.nn.utils import parametrize

from benchbench.errors import CountError
from benchbench.frameworks import reset
from benchbench.frameworks.told import HOLDS_STATE
from benchbench.probes.counting.context import countable
from benchbench.probes.counting.counter import Counter
from benchbench.probes.counting.crosscheck import TorchInfo, fvcore_macs, torch_macs, torchinfo_macs
from benchbench.probes.counting.shapes import shapes_of

if TYPE_CHECKING:
    from torch import nn

    from benchbench.data.inputs import Inputs
    from benchbench.probes.counting.macs import Tally
    from benchbench.probes.counting.shapes import LayerShape

__all__ = ["Agreement", "agreed", "per_sample"]

OURS, TORCH, FVCORE, TORCHINFO = "benchbench", "FlopCounterMode / 2", "fvcore", "torchinfo"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the counters agree on.

    Attributes:
        layers: One row a layer, per sample: name, kind, macs_dense, macs_valid, share, params, the
            counters that agree, shape_in, shape_out, calls and lead (None where the row is no
            module), and runs: how many products it was.
        shapeless: Why no layer has a shape; empty where layers have.
        blind: Why fvcore has no say; empty where it has.
        summary: Torchinfo's figures over the whole batch; None where it cannot run the model.
        reason: Why it cannot.
        unseen: Names of the layers that torchinfo has no right formula for.
        unfed: Parameters of two or more dimensions that went into no counted product.
        zeros: How many elements of the weights are exactly 0, as they ran.
        weights: How many elements they have.
    """

    layers: list[dict[str, Any]]
    shapeless: str
    blind: str
    summary: TorchInfo | None
    reason: str
    unseen: list[str]
    unfed: list[str]
    zeros: int
    weights: int


def agreed(model: nn.Module, example: Inputs) -> Agreement:
    """Count one batch on the CPU by four counters.

    Args:
        model: Left as it was: state reset, mode and device as before.
        example: Inputs of some samples.

    Raises:
        CountError: Two counters disagree on a layer, or it runs a product that ours has no rule
            for, or the model does other work each time that it runs.
    """
    example = example.cpu()
    with countable(model):
        with Counter(model) as counter:
            example.run(model)
        reset(model)
        reference = torch_macs(model, example)
        reset(model)
        traced, blind = fvcore_macs(model, example)
        reset(model)
        summary, reason = _torchinfo(model, example, counter)
        try:
            voters = _cross_check(counter, reference, traced, summary)
        except CountError as error:
            if _work(model, example) == _work(model, example):
                raise
            raise CountError(
                f"the same sample causes other work each time: {HOLDS_STATE}"
            ) from error
        shapes, shapeless = shapes_of(model, example)
    layers = _layers(model, counter, voters, shapes, len(example))
    unseen = [
        layer.name for layer in counter.layers() if summary and layer.path not in summary.layers
    ]
    unfed = [
        name
        for name, parameter in model.named_parameters()
        if parameter.dim() > 1 and name not in counter.fed
    ]
    return Agreement(layers, shapeless, blind, summary, reason, unseen, unfed, *counter.zeros())


def _work(model: nn.Module, example: Inputs) -> list[tuple[str, Tally]]:
    """What each layer does, with the same random numbers each time."""
    reset(model)
    torch.default_generator.manual_seed(0)
    with Counter(model) as counter:
        example.run(model)
    return [(layer.name, layer.tally) for layer in counter.layers()]


def _torchinfo(model: nn.Module, example: Inputs, counter: Counter) -> tuple[TorchInfo | None, str]:
    """Torchinfo's figures, or None and the reason; on a copy where the model must change modes."""
    # Neurons that always take all steps (PSN) have no mode to change.
    several = any(getattr(m, "step_mode", "s") != "s" for m in model.modules())
    try:
        if several:
            model = copy.deepcopy(model)
            functional.set_step_mode(model, "s")
            with Counter(model) as single:
                example.run(model)
            reset(model)
            if single.within("") != counter.within(""):
                return None, "in step mode s, which torchinfo needs, the model does other work"
        return torchinfo_macs(model, example), ""
    except Exception as error:  # noqa: BLE001 - a model may refuse step mode s in any way it likes
        return None, f"torchinfo cannot run this model in step mode s: {error}"[:300]


def _cross_check(
    counter: Counter,
    reference: dict[str, int],
    traced: dict[str, int | None],
    summary: TorchInfo | None,
) -> dict[str, list[str]]:
    """Who agrees on each module path that did work, and on the whole model.

    A counter that says 0 where others see work does not see that layer: it has no vote there, and
    none on what is around it, where it must say what the others do but for that layer. Nor does
    fvcore see what no output needs, the last step of a delayed neuron: where it says less, and the
    reference, which runs the model, says what ours does, it does not see the rest.

    Raises:
        CountError: Somebody does not agree; the deepest layer is named.
    """
    agreed: dict[str, list[str]] = {}
    unseen: dict[str, int] = {}  # of fvcore, by path: it drops what the output does not need
    paths = dict.fromkeys(layer.path for layer in counter.layers())
    # Innermost modules first, so that an error names the layer and not the box around it.
    everything = dict.fromkeys((*paths, *reference))
    for path in sorted(everything, key=lambda path: path.count(".") if path else -1, reverse=True):
        ours = counter.within(path)
        figures = {OURS: ours, TORCH: reference.get(path, 0)}
        if (known := traced.get(path)) is not None:
            inside = [macs for at, macs in unseen.items() if not path or at.startswith(f"{path}.")]
            left = ours - sum(inside)
            if known < left and (known == 0 or reference.get(path) == ours):
                unseen[path] = left - known
            elif not inside or known != left:
                figures[FVCORE] = known
        if summary and summary.layers.get(path):
            figures[TORCHINFO] = summary.layers[path]
        if len(set(figures.values())) > 1:
            said = ", ".join(f"{who} {macs:,}" for who, macs in figures.items())
            place = repr(path) if path else "(the whole model)"
            raise CountError(f"layer {place}: counters of dense mult-adds disagree: {said}")
        agreed[path] = list(figures)
    return agreed


def _layers(
    model: nn.Module,
    counter: Counter,
    agreed: dict[str, list[str]],
    shapes: dict[str, LayerShape],
    samples: int,
) -> list[dict[str, Any]]:
    """One row for each layer, per sample."""
    parameters = dict(model.named_parameters())
    total = counter.within("")
    rows = []
    for layer in counter.layers():
        own = _own(model.get_submodule(layer.path))
        known = layer.weight in parameters and layer.kind != "weights"
        weight = parameters[layer.weight].numel() if known else 0
        # A product that a module runs on its own beside others has not the module's shapes.
        shape = shapes.get(layer.path) if layer.name == layer.path else None
        rows.append(
            {
                "name": layer.name,
                "kind": layer.kind,
                "macs_dense": per_sample(layer.tally.macs_dense, samples),
                "macs_valid": per_sample(layer.tally.macs_valid, samples),
                "share": layer.tally.macs_dense / total if total else 0.0,
                "params": own if layer.name == layer.path else weight,
                "counters": agreed[layer.path],
                "shape_in": shape and shape.shape_in,
                "shape_out": shape and shape.shape_out,
                "calls": shape and shape.calls,
                "lead": shape and shape.lead,
                "runs": layer.tally.calls,
            }
        )
    return rows


def _own(module: nn.Module) -> int:
    """Parameters of the module itself; a parametrised weight's stand one module further in."""
    inside = [module]
    if parametrize.is_parametrized(module):
        inside += module.get_submodule("parametrizations").modules()
    return sum(p.numel() for part in inside for p in part.parameters(recurse=False))


def per_sample(count: int, samples: int) -> float:
    """`count` per sample, an integer where it is one."""
    return count // samples if count % samples == 0 else count / samples
