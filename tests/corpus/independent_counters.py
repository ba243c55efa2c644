"""Counters of mult-adds that are not benchbench's, each run by itself on the same input.

None of them is corrected: what a library leaves out, it leaves out in the table too.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from typing import TYPE_CHECKING, Any

import torch
from spikingjelly.activation_based import base, functional
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["COUNTERS", "counted_by"]

PRODUCTS = ("conv", "linear", "matmul", "mm", "addmm", "bmm", "einsum", "attention")


def flop_counter_mode(model: nn.Module, batch: Tensor) -> float:
    """PyTorch's `torch.utils.flop_counter`: two FLOPs a mult-add."""
    with FlopCounterMode(display=False) as mode:
        model(batch)
    return mode.get_total_flops() / 2


def fvcore(model: nn.Module, batch: Tensor) -> float:
    """What fvcore calls flops are mult-adds; its norms and poolings are left aside."""
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(model, (batch,)).unsupported_ops_warnings(False)
    analysis = analysis.uncalled_modules_warnings(False).tracer_warnings("none")
    operators = analysis.by_operator()
    return float(sum(operators[name] for name in PRODUCTS))


def layer_formulas(model: nn.Module, batch: Tensor) -> float:
    """The textbook's formula for each convolution and linear layer, from the shapes that it sees.

    It knows modules alone: what a function does, attention or a recurrent layer is not in it.
    """
    total = 0

    def look(module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Linear):
            total += output.numel() * module.in_features
        elif module.transposed:
            total += inputs[0].numel() * math.prod(module.weight.shape[1:])
        else:
            total += output.numel() * math.prod(module.weight.shape[1:])

    with contextlib.ExitStack() as stack:
        for module in model.modules():
            if isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
                stack.callback(module.register_forward_hook(look).remove)
        model(batch)
    return float(total)


COUNTERS: dict[str, Callable[[nn.Module, Tensor], float]] = {
    "FlopCounterMode": flop_counter_mode,
    "fvcore": fvcore,
    "layer formulas": layer_formulas,
}


def counted_by(model: nn.Module, batch: Tensor) -> dict[str, float | None]:
    """Mult-adds per sample of every counter; None where it cannot run the model.

    Args:
        model: Any, on the CPU.
        batch: [N, ...].
    """
    found: dict[str, float | None] = {}
    for name, count in COUNTERS.items():
        with plain(model):
            try:
                found[name] = count(model, batch) / len(batch)
            except Exception:  # noqa: BLE001 - a counter fails on a model as it likes
                found[name] = None
    return found


@contextlib.contextmanager
def plain(model: nn.Module) -> Iterator[None]:
    """Eval mode without autograd, and unfused kernels, which hide their products from everybody."""
    for module in model.modules():
        module.training = False  # not eval(): an exported program has none
    if any(isinstance(module, base.MemoryModule) for module in model.modules()):
        functional.reset_net(model)
    with (
        warnings.catch_warnings(),
        torch.no_grad(),
        torch.backends.mkldnn.flags(enabled=not _recurrent(model)),
        sdpa_kernel(SDPBackend.MATH),
        torch.compiler.set_stance("force_eager"),
    ):
        warnings.simplefilter("ignore")
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)


def _recurrent(model: nn.Module) -> bool:
    return any(isinstance(module, nn.RNNBase) for module in model.modules())
