"""SpikingJelly's zoo, small inputs and few time steps, in both step modes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from corpus_entry import Entry
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from spikingjelly.activation_based.model import (
    att_ms_resnet18,
    masnn_dvs128_gesture,
    max_resnet18,
    maxformer_cifar,
    ms_resnet18,
    parametric_lif_net,
    qkformer_10_384,
    sdt_8_384,
    sew_resnet,
    spikformer_cifar10,
    spikformer_ti,
    spiking_resnet,
    spiking_vgg,
    spiking_vggws_ottt,
)
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["entries"]


class OverTime(nn.Module):
    """A model of [T, N, ...] for a batch [N, ...] that stays the same, or [N, T, ...] of events."""

    def __init__(self, net: nn.Module, steps: int, mode: str = "m") -> None:
        """Take `steps` time steps, all at once (m) or one after the other (s)."""
        super().__init__()
        if mode:  # parallel neurons know no other
            functional.set_step_mode(net, mode)
        self.net, self.steps, self.mode = net, steps, mode

    def forward(self, batch: Tensor) -> Tensor:
        """Mean over time, [N, classes]."""
        over = batch.dim() == 5
        frames = batch.transpose(0, 1) if over else batch.expand(self.steps, *batch.shape)
        if self.mode != "s":
            out: Tensor = self.net(frames.contiguous())
        else:
            out = torch.stack([self.net(frame) for frame in frames])
        return out.mean(0)


def lif(**told: object) -> dict[str, object]:
    """What builders of the zoo are told about their neurons."""
    return {"spiking_neuron": neuron.LIFNode, "surrogate_function": surrogate.ATan(), **told}


def parallel() -> nn.Module:
    """Neurons that take all time steps in one product (PSN): its weight is [T, T]."""
    return nn.Sequential(
        layer.Conv2d(3, 8, 3, padding=1, step_mode="m"),
        neuron.PSN(4),
        layer.Flatten(step_mode="m"),
        layer.Linear(8 * 64, 10, step_mode="m"),
    )


def masked_parallel() -> nn.Module:
    """The same with a mask on the product (MaskedPSN), and sliding in time (SlidingPSN)."""
    return nn.Sequential(
        layer.Conv2d(3, 8, 3, padding=1, step_mode="m"),
        neuron.MaskedPSN(k=2, T=4, step_mode="m", lambda_init=1.0),
        layer.Flatten(step_mode="m"),
        layer.Linear(8 * 64, 10, step_mode="m"),
    )


PARALLEL = 4 * (3 * 8 * 9 * 64 + 8 * 64 * 10) + 4 * 4 * 8 * 64

# Name, how it is built, the shape of one sample, time steps, step mode, mult-adds by hand.
Row = tuple[str, "Callable[[], nn.Module]", tuple[int, ...], int, str, int | None]
MODELS: list[Row] = [
    (
        "spiking_resnet18",
        lambda: spiking_resnet.spiking_resnet18(**lif()),
        (3, 64, 64),
        2,
        "m",
        None,
    ),
    (
        "spiking_resnet34 (s)",
        lambda: spiking_resnet.spiking_resnet34(**lif()),
        (3, 32, 32),
        2,
        "s",
        None,
    ),
    (
        "spiking_resnet50",
        lambda: spiking_resnet.spiking_resnet50(**lif()),
        (3, 32, 32),
        2,
        "m",
        None,
    ),
    (
        "sew_resnet18",
        lambda: sew_resnet.sew_resnet18(cnf="ADD", **lif()),
        (3, 64, 64),
        2,
        "m",
        None,
    ),
    (
        "sew_resnet34 (AND, s)",
        lambda: sew_resnet.sew_resnet34(cnf="AND", **lif()),
        (3, 32, 32),
        2,
        "s",
        None,
    ),
    ("spiking_vgg11_bn", lambda: spiking_vgg.spiking_vgg11_bn(**lif()), (3, 32, 32), 2, "m", None),
    (
        "ottt_spiking_vggws",
        lambda: spiking_vggws_ottt.ottt_spiking_vggws(num_classes=10),
        (3, 32, 32),
        2,
        "s",
        None,
    ),
    ("MNISTNet", lambda: parametric_lif_net.MNISTNet(**lif()), (1, 28, 28), 4, "m", None),
    (
        "CIFAR10DVSNet",
        lambda: parametric_lif_net.CIFAR10DVSNet(channels=32, **lif()),
        (2, 2, 128, 128),
        2,
        "m",
        None,
    ),
    (
        "DVSGestureNet",
        lambda: parametric_lif_net.DVSGestureNet(channels=32, **lif()),
        (2, 2, 128, 128),
        2,
        "s",
        None,
    ),
    ("MASNN", lambda: masnn_dvs128_gesture(T=8), (8, 2, 32, 32), 8, "m", None),
    ("ms_resnet18", lambda: ms_resnet18(T=2), (3, 32, 32), 0, "", None),
    ("max_resnet18", lambda: max_resnet18(T=2), (3, 32, 32), 0, "", None),
    ("att_ms_resnet18", lambda: att_ms_resnet18(T=2), (3, 64, 64), 0, "", None),
    (
        "spikformer_ti",
        lambda: spikformer_ti(T=2, img_size_h=64, img_size_w=64),
        (3, 64, 64),
        0,
        "",
        None,
    ),
    ("spikformer_cifar10", lambda: spikformer_cifar10(T=2), (3, 32, 32), 0, "", None),
    ("qkformer_10_384", lambda: qkformer_10_384(T=1), (3, 64, 64), 0, "", None),
    ("sdt_8_384", lambda: sdt_8_384(T=1), (3, 64, 64), 0, "", None),
    ("maxformer_cifar", lambda: maxformer_cifar(T=1), (3, 32, 32), 0, "", None),
    ("PSN", parallel, (3, 8, 8), 4, "", PARALLEL),
    ("MaskedPSN", masked_parallel, (3, 8, 8), 4, "", PARALLEL),
]


def entries() -> Iterator[Entry]:
    """All of them."""
    for name, make, shape, steps, mode, by_hand in MODELS:
        yield Entry(
            name,
            "spikingjelly",
            partial(build, make, steps, mode),
            lambda shape=shape: torch.rand(1, *shape),
            by_hand,
        )


def build(make: Callable[[], nn.Module], steps: int, mode: str) -> nn.Module:
    """One of them, for a batch [N, ...]."""
    net = make()
    return OverTime(net, steps, mode) if steps else net
