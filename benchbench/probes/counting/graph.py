"""Autograd's own graph of one forward pass: which weights are on its paths."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from benchbench.probes.counting.context import recurrence_unfused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["all_trained", "layers_that_run", "longest"]

# Nodes that multiply with a weight, and where among their inputs it stands.
WEIGHT_NODES = {"ConvolutionBackward": 1, "AddmmBackward": 2, "MmBackward": 1, "AddmvBackward": 1}
NEAR = 64  # nodes between a product and its weight: masks, norms, views
MOST_PATHS = 8  # that are kept of each node; of one layer that runs again and again one is enough


@contextlib.contextmanager
def all_trained(model: nn.Module) -> Iterator[None]:
    """Every parameter wants a gradient, so that it stands in the graph; then as before.

    Recurrent layers run as products, which the graph of a fused operation has none of.
    """
    frozen = [it for it in model.parameters() if it.is_floating_point() and not it.requires_grad]
    try:
        for parameter in frozen:
            parameter.requires_grad_()
        with recurrence_unfused(model):
            yield
    finally:
        for parameter in frozen:
            parameter.requires_grad = False


@contextlib.contextmanager
def layers_that_run(model: nn.Module) -> Iterator[dict[str, set[int]]]:
    """The parameters, by identity, of each convolution, linear and recurrent layer that runs."""
    ran: dict[str, set[int]] = {}

    def look(path: str, module: nn.Module) -> None:
        if own := {id(parameter) for parameter in module.parameters()}:
            ran[path] = own

    with contextlib.ExitStack() as stack:
        for path, module in model.named_modules():
            if isinstance(module, _ConvNd | nn.Linear | nn.RNNBase):
                handle = module.register_forward_hook(
                    lambda module, _inputs, _output, path=path: look(path, module)
                )
                stack.callback(handle.remove)
        yield ran


def longest(roots: Sequence[Any], model: nn.Module) -> tuple[int, set[int]]:
    """Most different weight layers on a path from a root to the input.

    Args:
        roots: Nodes of the model's outputs.
        model: The model, all of whose parameters are in the graph.

    Returns:
        How many; and the parameters that are in the graph, by identity.
    """
    layers = _layers(model)
    paths: dict[Any, tuple[int, ...]] = {}  # of each node, as sets of layers: a bit each
    bits: dict[object, int] = {}
    reached: set[int] = set()
    stack = [*roots]
    while stack:
        node = stack[-1]
        nexts = [child for child, _ in node.next_functions if child is not None]
        waiting = [child for child in nexts if child not in paths]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        if node in paths:
            continue
        if (variable := getattr(node, "variable", None)) is not None:
            reached.add(id(variable))
        bit = 0
        if (name := _name(node)) in WEIGHT_NODES:
            layer = _layer_of(node, WEIGHT_NODES[name], layers)
            bit = 1 << bits.setdefault(layer, len(bits))
        paths[node] = _best(path | bit for child in nexts for path in paths[child]) or (bit,)
    return max(path.bit_count() for root in roots for path in paths[root]), reached


def _best(paths: Iterable[int]) -> tuple[int, ...]:
    """The longest of different paths; several, since a layer behind may be on one of them."""
    return tuple(sorted({*paths}, key=int.bit_count, reverse=True)[:MOST_PATHS])


def _name(node: Any) -> str:  # noqa: ANN401 - a node of autograd
    return str(node.name()).rstrip("0123456789")


def _layers(model: nn.Module) -> dict[int, object]:
    """What each parameter is a weight of, by identity: itself, or one layer of a recurrent one."""
    found: dict[int, object] = {id(parameter): id(parameter) for parameter in model.parameters()}
    for path, module in model.named_modules():
        if isinstance(module, nn.RNNBase):
            for name, parameter in module.named_parameters(recurse=False):
                number = name.removesuffix("_reverse").rpartition("_l")[2]
                found[id(parameter)] = f"{path}.{number}"
    return found


def _layer_of(node: Any, place: int, layers: dict[int, object]) -> object:  # noqa: ANN401 - of autograd
    """The layer whose weight a product has; the product itself where no parameter is its weight."""
    operands = [child for child, _ in node.next_functions]
    for operand in (operands[place], *operands[:place][::-1]):
        weights = _weights_of(operand, layers)
        if weights:
            return layers[id(max(weights, key=torch.Tensor.numel))]
    return node


def _weights_of(operand: Any, layers: dict[int, object]) -> list[torch.Tensor]:  # noqa: ANN401 - of autograd
    """The parameters that an operand is made of; none where it is made of anything else."""
    seen, stack, found = set[Any](), [operand], list[torch.Tensor]()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if len(seen) > NEAR or (variable is not None and id(variable) not in layers):
            return []
        if variable is not None:
            found.append(variable)
        stack.extend(child for child, _ in node.next_functions)
    return found
