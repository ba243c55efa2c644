"""Three further counters of dense multiply-accumulates, to hold ours against.

Each returns figures by module path, over the whole example batch. Where a library cannot know
(it has no rule for what ran there) the figure is None or absent; where it can know, it must agree.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter as Multiset
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torchinfo
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.utils.flop_counter import FlopCounterMode
from torchinfo.torchinfo import clear_cached_forward_pass

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # fvcore scripts a loss as it is imported
    from fvcore.nn import FlopCountAnalysis
    from fvcore.nn.jit_handles import get_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.data.inputs import Inputs

__all__ = ["TorchInfo", "fvcore_macs", "torch_macs", "torchinfo_macs"]

aten = torch.ops.aten

# Products that FlopCounterMode passes over in silence; its figures are FLOPs, two for each MAC.
TORCH_RULES = {
    aten.mv: lambda matrix, _vector, **_: 2 * math.prod(matrix),
    aten.addmv: lambda _bias, matrix, _vector, **_: 2 * math.prod(matrix),
    aten.dot: lambda left, _right, **_: 2 * math.prod(left),
    aten.vdot: lambda left, _right, **_: 2 * math.prod(left),
}
if hasattr(aten, "_grouped_mm"):  # each row meets one expert's matrix; older versions have none
    TORCH_RULES[aten._grouped_mm] = lambda rows, experts, *_, **__: (  # noqa: SLF001 - no public name
        2 * math.prod(rows) * experts[-1]
    )

# What fvcore calls its sums of products.
UNKNOWN = "unknown"
FVCORE_PRODUCTS = ("conv", "linear", "matmul", "mm", "addmm", "bmm")

# Operations in whose presence fvcore does not know a module's figure.
FVCORE_BLIND = {
    *(f"aten::{name}" for name in ("mv", "addmv", "dot", "vdot", "inner", "tensordot")),
    *(f"aten::{name}" for name in ("baddbmm", "addbmm", "chain_matmul", "bilinear", "addr")),
    "aten::_grouped_mm",
    *(f"aten::{name}" for name in ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell")),
    *(f"aten::{name}" for name in ("gru_cell", "rnn_tanh_cell", "rnn_relu_cell")),
    "aten::_convolution_mode",  # padding="same"
    "aten::scaled_dot_product_attention",
    "aten::_native_multi_head_attention",
    "aten::_transformer_encoder_layer_fwd",
}


def torch_macs(model: nn.Module, example: Inputs) -> dict[str, int]:
    """PyTorch's own counter, `torch.utils.flop_counter.FlopCounterMode`, halved: the reference.

    Returns:
        Multiply-accumulates while each module was running, by path; the model itself is ``""``.
    """
    with FlopCounterMode(display=False, custom_mapping=TORCH_RULES) as mode:
        example.run(model)
    flops = {name: sum(counts.values()) for name, counts in mode.get_flop_counts().items()}
    root = type(model).__name__
    paths = {module: path for path, module in reversed(list(model.named_modules()))}
    found = dict.fromkeys(paths.values(), 0)
    # A module with several names goes by its last one there, by its first one here.
    for name, module in model.named_modules(remove_duplicate=False):
        path = paths[module]
        found[path] = max(found[path], flops.get(f"{root}.{name}" if name else root, 0) // 2)
    found[""] = flops.get("Global", 0) // 2
    return found


def fvcore_macs(model: nn.Module, example: Inputs) -> tuple[dict[str, int | None], str]:
    """Fvcore's convolutions, linear layers and matrix products.

    Returns:
        Multiply-accumulates while each module was running, by path, None where fvcore is blind;
        and why there are none at all, or an empty string.
    """
    if example.kwargs:
        return {}, "fvcore takes no inputs by name"
    analysis = FlopCountAnalysis(model, example.args)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    analysis.tracer_warnings("none").ancestor_mode("caller")
    # Its own rule reads four printed digits of numpy's estimate; one that is None would hide the
    # operation from those that it does not support.
    analysis.set_op_handle("aten::einsum", _unknown)
    # Its own rule takes the left operand's size, which is wrong where that one is broadcast.
    analysis.set_op_handle("aten::matmul", _matmul)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what tracing warns of is no concern of a count
            counts = analysis.by_module_and_operator()
    except Exception as error:  # noqa: BLE001 - tracing another's model can raise anything
        return {}, f"fvcore cannot trace this model ({type(error).__name__}: {error})"[:200]
    figures: dict[str, int | None] = {}
    for path, module in model.named_modules():
        name = analysis.canonical_module_name(path)
        blind = any(
            op in FVCORE_BLIND or op.startswith(("prim::PythonOp", "prim::CallFunction"))
            for op in analysis.unsupported_ops(name)
        )
        # What a hook before the layer does (old norms) is the parent's work to fvcore.
        blind = blind or counts[name][UNKNOWN] > 0 or bool(module._forward_pre_hooks)  # noqa: SLF001
        total = sum(int(counts[name][product]) for product in FVCORE_PRODUCTS)
        figures[path] = None if blind else total
    return figures, ""


def _unknown(_inputs: Sequence[Any], _outputs: Sequence[Any]) -> Multiset[str]:
    """Handle for fvcore: this operation was met, its figure is not known."""
    return Multiset({UNKNOWN: 1})


def _matmul(inputs: Sequence[Any], outputs: Sequence[Any]) -> Multiset[str]:
    """Handle for fvcore: every output element is a sum over the left operand's last dimension."""
    return Multiset({"matmul": math.prod(get_shape(outputs[0])) * get_shape(inputs[0])[-1]})


@dataclass(frozen=True, slots=True)
class TorchInfo:
    """What torchinfo says.

    Attributes:
        total: Its ``total_mult_adds``.
        layers: Multiply-accumulates of each convolution and linear layer, by path, biases taken
            off: these must agree with ours.
        extra: What it adds on top, by path: biases, and one for each sample and parameter of a
            batch norm.
        unruled: Paths of the layers that its formula does not hold for.
    """

    total: int
    layers: dict[str, int]
    extra: dict[str, int]
    unruled: frozenset[str]


def torchinfo_macs(model: nn.Module, example: Inputs) -> TorchInfo:
    """Torchinfo's ``total_mult_adds``, taken apart.

    Args:
        model: Model in step mode ``s``: with a time dimension in front torchinfo's figure is wrong
            (it takes time for the batch, and the batch for a channel).
        example: Inputs of some samples.

    Returns:
        Its total and its parts, over the whole batch.
    """
    summary = torchinfo.summary(
        model,
        input_data=example.kwargs or [*example.args],
        device="cpu",
        verbose=0,
        cache_forward_pass=False,
    )
    clear_cached_forward_pass()  # it stores the layers all the same, by the class's name alone
    paths = {module: path for path, module in model.named_modules()}
    layers: dict[str, int] = {}
    extra: dict[str, int] = {}
    unruled: set[str] = set()
    for info in summary.summary_list:
        if not (info.is_leaf_layer and info.executed):
            continue
        path, added = paths[info.module], _added(info.module, info.output_size)
        if added is None:
            extra[path] = extra.get(path, 0) + info.macs
            if isinstance(info.module, _ConvNd | nn.Linear):
                unruled.add(path)
        else:
            layers[path] = layers.get(path, 0) + info.macs - added
            extra[path] = extra.get(path, 0) + added
    return TorchInfo(
        total=summary.total_mult_adds,
        layers={path: macs for path, macs in layers.items() if path not in unruled},
        extra={path: macs for path, macs in extra.items() if macs},
        unruled=frozenset(unruled),
    )


def _added(module: nn.Module, output: Sequence[int]) -> int | None:
    """What torchinfo adds for a layer's bias; None for layers that its formula does not hold for.

    Its formula (`LayerInfo.calculate_macs`): parameters times output positions for what has "Conv"
    in its class's name, parameters times the first dimension for all else. That is right for plain
    convolutions and for linear layers on [N, features] whose own weight is their one parameter
    beside the bias; not for transposed convolutions, linear layers on sequences, pruned ones (it
    takes the mask for the parameters), old weight norms, weights in buffers, complex numbers, or a
    layer of somebody's own with a forward pass of its own.
    """
    weight = dict(module.named_parameters()).get("weight")
    real = weight is not None and not weight.is_complex()
    only = {name for name, _ in module.named_parameters()} <= {"weight", "bias"}
    theirs = type(module).forward.__module__.startswith(("torch.nn.", "spikingjelly."))
    plain = isinstance(module, _ConvNd) and not isinstance(module, _ConvTransposeNd)
    flat = isinstance(module, nn.Linear) and len(output) == 2
    known = real and only and theirs and (plain or flat)
    if not known or ("Conv" in type(module).__name__) != plain:
        return None
    bias = sum(p.numel() for name, p in module.named_parameters() if name == "bias")
    return bias * math.prod([*output[:1], *output[2:]] if plain else output[:1])
