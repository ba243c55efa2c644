"""Below autograd, where every operation passes: which are products, of what with what."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchbench.probes.counting.macs import Geometry, Tally, convolution, product
from benchbench.probes.counting.origins import Origin, Origins, tensors_of
from benchbench.probes.counting.spreading import follow_product

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Dispatch", "Record"]

aten = torch.ops.aten

# Further to what PyTorch's own counter knows: words that the names of products are made of. One
# that neither has a rule here nor is composed of operations that have is never passed over.
PRODUCT_WORDS = re.compile(
    r"(^|_)(\w*mm|b?mv|addmv|\w*conv[a-z0-9]*|convolution|linear[a-z0-9]*|attention|rnn|lstm|gru|matmul"
    r"|v?dot|addr|fft|trilinear|linalg|cdist|cholesky|\w*gemm|qr|svd|transformer|bag)(_|$)"
)
NO_PRODUCTS = re.compile(
    r"^upsample_|^linalg_(vector|matrix)_norm|^linalg_cross|^_convert_|^\w*pool[123]d"
)
# Namespaces of PyTorch's own operations; all others may hide anything.
NAMESPACES = frozenset(
    (
        *("aten", "prim", "prims", "profiler"),
        # SpikingJelly's neurons, each element for itself; not its neurons fused with a layer.
        *("sj_if", "sj_lif", "sj_plif", "sj_eif", "sj_qif", "sj_izhikevich", "sj_ilif", "sj_stbif"),
        "sj_activation_aware_if",
    )
)
FOREIGN = frozenset(  # that hold no product
    f"torchvision::{name}" for name in ("nms", "roi_align", "roi_pool", "ps_roi_align")
)


class Record(Protocol):
    """What hears of each product."""

    def __call__(self, weight: Origin, kind: str, tally: Tally, values: Tensor | None) -> None:
        """One product.

        Args:
            weight: Origin of the operand that is the weight; of the result where none is.
            kind: ``conv``, ``linear`` or ``matmul``; ``weights`` where both operands are.
            tally: Its counts.
            values: The weight, or None where there is none.
        """


class Dispatch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # untyped in torch
    """Sees each operation below autograd and hands its tally on."""

    def __init__(self, origins: Origins, record: Record, refuse: Callable[[str], NoReturn]) -> None:
        """Watch what the model runs.

        Args:
            origins: Which tensors are weights and which are data.
            record: Gets each product.
            refuse: Gets what is run that cannot be counted, in words, and raises.
        """
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in torch
        self._origins = origins
        self._record = record
        self._refuse = refuse

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's own signature
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - torch's own signature
        """Run `func`, or what it is composed of, and count it."""
        kwargs = kwargs or {}
        if not isinstance(func, OpOverload):
            self._unruled(func)
        if func.overloadpacket is GROUPED:
            out = func(*args, **kwargs)
            self._count_grouped(func, args, kwargs, out)
            return out
        same = func in SAME and args[4:5] == ("same",)
        if func in PRODUCTS:
            out = func(*args, **kwargs)
            left, right = PRODUCTS[func](args)
            self._real(func, left, right)
            self._count_product(left, right, out)
            return out
        if func is aten.convolution.default or same:
            out = func(*args, **kwargs)
            self._real(func, args[0], args[1])
            self._count_convolution(args, out, same=same)
            return out
        if func.overloadpacket in flop_registry:
            self._unruled(func)
        with self:
            out = func.decompose(*args, **kwargs)
        if out is not NotImplemented:
            return out
        out = func(*args, **kwargs)
        self._pass_on(func, args, kwargs, out)
        return out

    def _pass_on(
        self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any], out: object
    ) -> None:
        """What holds no product hands its inputs' origin on; what may hold one is refused."""
        name = func.overloadpacket.__name__
        if (
            func.namespace not in NAMESPACES
            and str(func.overloadpacket).replace(".", "::") not in FOREIGN
        ):
            instead = "with the same in operations of PyTorch's own"
            if func.namespace.startswith("quantized"):
                instead = "before it is quantised"
            self._refuse(
                f"{func}, an operator of {func.namespace!r} that benchbench cannot look into: "
                f"count the model {instead}"
            )
        self._origins.inherit(func, args, kwargs, out)
        suspect = PRODUCT_WORDS.search(name) and not NO_PRODUCTS.search(name)
        if func.overloadpacket in BAGS:  # gathers and adds, unless its rows are weighted
            suspect = suspect and len(args) > WEIGHTED and args[WEIGHTED] is not None
        if suspect and any(self._origins.of(t).data for t in tensors_of((args, kwargs))):
            self._unruled(func)
        self._follow_spread(func, args, out)

    def _follow_spread(self, func: OpOverload, args: tuple[Any, ...], out: object) -> None:
        """Know an outer product wherever it goes, and refuse what adds it up."""
        if func.overloadpacket in (aten.mul, aten.mul_):
            if isinstance(out, Tensor):
                follow_product(self._origins, args, out)
        elif func.overloadpacket in HANDS_ON:
            if any(map(self._origins.spread, tensors_of(args))):
                self._origins.mark_spread(*tensors_of(out))
        elif func.overloadpacket is aten.repeat and isinstance(out, Tensor):
            self._origins.mark_repeated(args[0], out)
        elif func.overloadpacket in ADDS_UP and self._origins.spread(args[0]):
            self._refuse(
                "a product by broadcasting (multiply, then sum), which no counter can tell from "
                "other work: write it as a matrix product (matmul, einsum)"
            )

    def _unruled(self, func: object) -> NoReturn:
        if "quantized" in str(func):  # of PyTorch's own operators too: recurrent layers in 8 bit
            self._refuse(f"{func}, which packs its weights: count the model before it is quantised")
        self._refuse(
            f"{func}, which benchbench has no rule to count by: write its products as matmul, "
            "einsum, convolutions or linear layers"
        )

    def _real(self, func: OpOverload, *operands: Tensor) -> None:
        """Only dense and real operands are counted."""
        if any(operand.is_complex() for operand in operands):
            self._refuse(
                f"{func} on complex numbers, whose mult-adds are not real ones: write it as "
                "products of real and imaginary parts (torch.view_as_real)"
            )
        if any(operand.layout != torch.strided for operand in operands):
            self._refuse(
                f"{func} on sparse tensors, whose mult-adds depend on the library: count the model "
                "with dense ones (to_dense)"
            )

    def _count_convolution(self, args: tuple[Any, ...], out: Tensor, *, same: bool) -> None:
        data, weight = self._origins.of(args[0]), self._origins.of(args[1])
        tally = convolution(
            args[0], args[1], out.shape[2:], _same(args) if same else _geometry(args)
        )
        is_weight = weight.rank > 0
        result = data + weight if is_weight and data.rank else RESULT
        self._origins.set(out, result)
        tally = replace(tally, spikes=data.spikes)
        self._record(weight, "conv", tally, args[1] if is_weight else None)

    def _count_product(self, left: Tensor, right: Tensor, out: Tensor) -> None:
        one, two = self._origins.of(left), self._origins.of(right)
        # Two weights (a factorised layer put together at run time): the left one is the data.
        side: Literal["left", "right"] | None = None
        if max(one.rank, two.rank):
            side = "right" if two.rank >= one.rank else "left"
        tally = replace(product(left, right, side), spikes=one.spikes or two.spikes)
        if side is None:
            self._record(one + two, "matmul", tally, None)
            self._origins.set(out, replace(RESULT, products=True))
            return
        weight, values = (two, right) if side == "right" else (one, left)
        other = one if side == "right" else two
        if other.rank == weight.rank:  # both count as having fed a product
            weight = replace(weight, sources=one.sources | two.sources)
        both = one.rank > 0 < two.rank
        self._record(weight, "weights" if both else "linear", tally, values)
        self._origins.set(out, one + two if both else RESULT)

    def _count_grouped(
        self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any], out: Tensor
    ) -> None:
        """Rows sorted by expert, [rows, k], each through its own expert's matrix of [E, k, m]."""
        rows, experts = args[0], args[1]
        ends = args[2] if len(args) > 2 else kwargs.get("offs")
        weight = self._origins.of(experts)
        whole = rows.dim() == 2 and experts.dim() == 3 and weight.rank > 0
        if ends is None or not whole or int(ends[-1]) != len(rows):
            self._unruled(func)
        tally = product(rows[None], experts[:1], "right")  # every row meets one matrix
        tally = replace(tally, spikes=self._origins.of(rows).spikes)
        self._record(weight, "linear", tally, experts)
        self._origins.set(out, RESULT)


RESULT = Origin(data=True)

# What an outer product goes through and stays one, and what makes a matrix product of it.
HANDS_ON = frozenset({aten.add, aten.add_, aten.sub, aten.sub_, aten.clone})
ADDS_UP = frozenset(
    {
        *(aten.sum, aten.mean, aten.cumsum, aten.avg_pool1d, aten.avg_pool2d, aten.avg_pool3d),
        *(aten._adaptive_avg_pool2d, aten._adaptive_avg_pool3d),  # noqa: SLF001 - have no public name
    }
)

# Products of a mixture's experts; older versions of PyTorch have none.
GROUPED = getattr(aten, "_grouped_mm", None)

# Rows of a table, summed up; their argument of weights for the rows (per_sample_weights).
BAGS = frozenset({aten._embedding_bag, aten._embedding_bag_forward_only})  # noqa: SLF001 - has no public name
WEIGHTED = 6


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
