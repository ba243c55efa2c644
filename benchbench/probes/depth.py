"""A network's shape in one line: its layers as letters, and how deep it is.

``CPCPFFF`` is a convolution, a pool, a convolution, a pool and three linear layers, in the order
in which they run. A module with an attribute ``layer_symbol`` (a residual block is ``R``) stands
for all that is inside it; three or more equal ones in a row are written ``3R``.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from benchbench.display.text import first_of
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement

__all__ = ["DEPTH", "measure"]

DEPTH = Figure(
    "depth",
    "Depth",
    "1",
    "counted",
    "convolutions and linear layers on the longest path from input to output, each once however "
    "often it runs",
    rests_on="model",
    place=500,
    ranked=False,
)


@probe(gives=(DEPTH,))
def measure(model: nn.Module, example: Inputs | Tensor) -> list[Measurement]:
    """Depth, with the layers' string in its detail.

    The depth is found in autograd's own graph of one forward pass: the most weight layers on any
    path, so that branches side by side (a shortcut, an inception block) count once. A layer counts
    once however often it runs on a path; a recurrent one is as deep as its ``num_layers``. Where a
    layer that ran is not in that graph (spikes without a surrogate, a part without gradients), what
    is in front of it is not either, and there is no depth.

    Args:
        model: Any model; its mode is restored.
        example: Inputs of one sample, or a tensor [1, ...].
    """
    import torch
    from torch.utils._pytree import tree_leaves

    from benchbench.data.inputs import Inputs
    from benchbench.frameworks import reset
    from benchbench.probes.counting.graph import all_trained, layers_that_run, longest

    training = model.training
    letters: list[tuple[str, tuple[int, ...]]] = []
    handles = [
        module.register_forward_hook(_letter_of(symbol, letters))
        for module, symbol in _symbols(model)
    ]
    try:
        model.eval()
        reset(model)
        with torch.enable_grad(), all_trained(model), layers_that_run(model) as ran:
            output = Inputs.of(example).map(_traced).run(model)
        reset(model)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    roots = [
        leaf.grad_fn
        for leaf in tree_leaves(output)
        if isinstance(leaf, torch.Tensor) and leaf.grad_fn is not None
    ]
    if not roots:
        return [DEPTH.missing("the output has no gradient: its depth cannot be told")]
    depth, reached = longest(roots, model)
    if cut := [path for path, own in ran.items() if not own & reached]:
        where = first_of(cut, 3)
        return [DEPTH.missing(f"the graph is cut behind {where}: its depth cannot be told")]
    plain = {symbol for symbol, _ in letters} <= {"C", "F", "P"}
    if plain and sum(symbol != "P" for symbol, _ in letters) < depth:
        return [DEPTH(depth)]  # a layer on the path has no letter: the string would deny it
    return [DEPTH(depth, detail={"layers": _string(letters)})]


def _traced(tensor: Tensor) -> Tensor:
    """A tensor whose graph is kept; no leaf of it, since a model may write into its input."""
    return tensor.clone().requires_grad_().clone() if tensor.is_floating_point() else tensor


def _symbols(model: nn.Module) -> list[tuple[nn.Module, str]]:
    """Modules that stand for a letter, none inside another one."""
    from torch import nn

    pools = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
    out: list[tuple[nn.Module, str]] = []
    inside: set[nn.Module] = set()
    for module in model.modules():
        if module in inside:
            continue
        symbol = getattr(module, "layer_symbol", None)
        if symbol is None and isinstance(module, nn.Conv2d | nn.Conv1d | nn.Conv3d):
            symbol = "C"
        elif symbol is None and isinstance(module, nn.Linear):
            symbol = "F"
        elif symbol is None and isinstance(module, pools):
            symbol = "P"
        if isinstance(symbol, str):
            out.append((module, symbol))
            inside |= set(module.modules())
    return out


def _letter_of(symbol: str, letters: list[tuple[str, tuple[int, ...]]]) -> Callable[..., None]:
    def hook(module: nn.Module, _: Any, output: Any) -> None:  # noqa: ANN401 - torch's hook
        entry = (symbol, tuple(output.shape[-3:]) if symbol != "F" else (id(module),))
        if id(module) not in seen:  # a loop over time runs each layer T times
            seen.add(id(module))
            letters.append(entry)

    seen: set[int] = set()
    return hook


def _string(letters: list[tuple[str, tuple[int, ...]]]) -> str:
    text = ""
    for (symbol, _), group in groupby(letters):
        count = len(list(group))
        text += f"{count}{symbol}" if count > 2 else symbol * count
    return text
