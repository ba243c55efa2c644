"""Below autograd, where every operation passes: which are products, of what with what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from benchbench.probes.counting.macs import Geometry, Tally, convolution, product

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Dispatch"]

aten = torch.ops.aten

# Products without a rule here, further to those that PyTorch's own counter knows. Most never show
# up: `state.countable` keeps fused kernels away.
UNCOUNTED = frozenset(
    f"aten.{name}"
    for name in (
        "_native_multi_head_attention",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_transformer_encoder_layer_fwd",
        "_trilinear",
        "_addmm_activation",
        "_int_mm",
        "_grouped_mm",
        "addbmm",
        "addr",
        "mkldnn_convolution",
        "mkldnn_linear",
        "mkldnn_rnn_layer",
    )
)


class Dispatch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # untyped in torch
    """Sees each operation below autograd and hands its tally on."""

    def __init__(
        self, model: nn.Module, record: Callable[[str, str, Tally | None, str], None]
    ) -> None:
        """Watch for `model`'s parameters.

        Args:
            model: Whose parameters are weights; everything else is data.
            record: Gets the name of the weight (or nothing), the kind, the tally (None where there
                is no rule) and the operation's name.
        """
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in torch
        self._record = record
        self._weights = {_identity(parameter): name for name, parameter in model.named_parameters()}

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's own signature
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - torch's own signature
        """Run `func`, or what it is composed of, and count it."""
        kwargs = kwargs or {}
        same = func in SAME and args[4:5] == ("same",)
        if func in PRODUCTS or func is aten.convolution.default or same:
            out = func(*args, **kwargs)
            if func in PRODUCTS:
                self._count_product(*PRODUCTS[func](args), str(func))
            else:
                geometry = _same(args) if same else _geometry(args)
                weight = self._name(args[1])
                tally = convolution(args[0], args[1], out.shape[2:], geometry)
                self._record(weight or "", "conv", tally, str(func))
            return out
        packet = getattr(func, "overloadpacket", None)
        if packet in flop_registry or str(packet) in UNCOUNTED:
            self._record("", "", None, str(func))
        if isinstance(func, torch._ops.OpOverload):  # noqa: SLF001 - the type has no public name
            with self:
                out = func.decompose(*args, **kwargs)
            if out is not NotImplemented:
                return out
        out = func(*args, **kwargs)
        self._inherit(func, (args, kwargs), out)
        return out

    def _count_product(self, left: Tensor, right: Tensor, op: str) -> None:
        names = self._name(left), self._name(right)
        # Two weights (a factorised layer put together at run time): the left one is the data.
        side: Literal["left", "right"] | None = None
        if names[1] is not None:
            side = "right"
        elif names[0] is not None:
            side = "left"
        name = names[1] if side == "right" else names[0]
        tally = product(left, right, side)
        self._record(name or "", "linear" if side else "matmul", tally, op)

    def _name(self, tensor: Tensor) -> str | None:
        """The parameter whose storage this is or comes from, or None for data."""
        return self._weights.get(_identity(tensor))

    def _inherit(self, func: Any, inputs: object, outputs: object) -> None:  # noqa: ANN401 - see above
        """What is computed from weights alone is a weight (reshaped, normalised, quantised)."""
        tensors = [leaf for leaf in tree_leaves(inputs) if isinstance(leaf, Tensor)]
        names = [self._name(tensor) for tensor in tensors]
        if not names or None in names or "_like" in str(func) or "new_" in str(func):
            return
        for leaf in tree_leaves(outputs):
            if isinstance(leaf, Tensor):
                self._weights[_identity(leaf)] = names[0] or ""


def _identity(tensor: Tensor) -> Any:  # noqa: ANN401 - untyped in torch
    """What a tensor shares with its views alone.

    A weak reference: it holds no memory, yet keeps a freed storage's identity from being given to
    another tensor.
    """
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]  # see above


def _geometry(args: tuple[Any, ...]) -> Geometry:
    """Geometry of ``aten.convolution``'s arguments."""
    stride, padding, dilation = (_widen(values, args[1].dim() - 2) for values in args[3:6])
    return Geometry(stride, padding, dilation, transposed=args[6], groups=args[8])


def _same(args: tuple[Any, ...]) -> Geometry:
    """Geometry of ``padding='same'``: PyTorch puts the odd element of padding behind."""
    kernel = args[1].shape[2:]
    ones = [1] * len(kernel)
    dilation = _widen(args[5] if len(args) > 5 else ones, len(kernel))
    padding = [step * (taps - 1) // 2 for step, taps in zip(dilation, kernel, strict=True)]
    return Geometry(ones, padding, dilation, groups=args[6] if len(args) > 6 else 1)


def _widen(values: Sequence[int], dimensions: int) -> Sequence[int]:
    """One value for every dimension, where one stands for all."""
    return list(values) * dimensions if len(values) == 1 else values


SAME = frozenset({aten.conv1d.padding, aten.conv2d.padding, aten.conv3d.padding})

# Each product's operands as stacks of matrices, [B, n, k] and [B, k, m].
PRODUCTS: dict[Any, Callable[[tuple[Any, ...]], tuple[Tensor, Tensor]]] = {
    aten.mm.default: lambda args: (args[0][None], args[1][None]),
    aten.addmm.default: lambda args: (args[1][None], args[2][None]),
    aten.bmm.default: lambda args: (args[0], args[1]),
    aten.baddbmm.default: lambda args: (args[1], args[2]),
    aten.mv.default: lambda args: (args[0][None], args[1][None, :, None]),
    aten.addmv.default: lambda args: (args[1][None], args[2][None, :, None]),
    aten.dot.default: lambda args: (args[0][None, None], args[1][None, :, None]),
    aten.vdot.default: lambda args: (args[0][None, None], args[1][None, :, None]),
}
