"""One spiking network, written as users of four frameworks write it, for `suites/frameworks.yaml`.

Two layers on events [T, N, 2, 32, 32]: a convolution (2 -> 8 channels, 3x3, stride 2, padding 1)
and a linear layer (2,048 -> 10), leaky integrate-and-fire neurons behind each. With an input x:

    v <- v / 2 + x        s = 1 where v reaches 0.25, else 0        v <- (1 - s) v

The layers are made before anything else, so that one seed gives all four the same weights. What is
not the same is what only a training sees: Norse has no surrogate gradient of the others' shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNELS, SIDE, CLASSES = 8, 16, 10  # behind the convolution, 32 / 2 a side
DECAY = 0.5  # a power of two: every framework's spelling of it is exact
THRESHOLD = 0.25
SHARPNESS = 2.0  # alpha of the arc tangent's surrogate gradient


def _layers() -> tuple[nn.Conv2d, nn.Linear]:
    """The two layers that have weights, the same for the same seed."""
    conv = nn.Conv2d(2, CHANNELS, 3, stride=2, padding=1)
    return conv, nn.Linear(CHANNELS * SIDE * SIDE, CLASSES)


def spikingjelly() -> nn.Module:
    """LIFNode(tau=2, decay_input=False), all time steps in one call (step mode m).

    SpikingJelly: v <- v - v / tau + x, s = [v >= v_threshold], v <- (1 - s) v.
    """
    from spikingjelly.activation_based import functional, layer, neuron, surrogate  # noqa: PLC0415

    conv, linear = _layers()

    def lif() -> nn.Module:
        node: nn.Module = neuron.LIFNode(
            tau=1 / (1 - DECAY),
            decay_input=False,
            v_threshold=THRESHOLD,
            v_reset=0.0,
            surrogate_function=surrogate.ATan(SHARPNESS),
        )
        return node

    net = nn.Sequential(
        layer.SeqToANNContainer(conv),
        lif(),
        nn.Flatten(2),
        linear,
        lif(),
    )
    functional.set_step_mode(net, "m")
    return net


class _InTime(nn.Module):
    """The layers once a time step; the neurons' states are passed on."""

    def __init__(self, neuron: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.conv, self.linear = _layers()
        self.lif1, self.lif2 = neuron(), neuron()

    def start(self) -> Any:  # noqa: ANN401 - each framework has a state of its own
        """A neuron's state before the first step."""
        return None

    def forward(self, events: Tensor) -> Tensor:
        """Spikes [T, N, 10] of events [T, N, 2, 32, 32]."""
        one, two = self.start(), self.start()
        outputs = []
        for frame in events:
            spikes, one = self.lif1(self.conv(frame), one)
            spikes, two = self.lif2(self.linear(spikes.flatten(1)), two)
            outputs.append(spikes)
        return torch.stack(outputs)


def snntorch() -> nn.Module:
    """Leaky(beta=0.5, reset_mechanism="zero"), its state passed on.

    snnTorch: v <- beta (1 - s) v + x, s = [v > threshold]: the reset that follows a spike comes
    with the next step, where it is the same.
    """
    import snntorch as snn  # noqa: PLC0415

    class Network(_InTime):
        def start(self) -> Tensor:
            return torch.zeros(0)  # as `init_leaky`: the first step takes its input's shape

    def leaky() -> nn.Module:
        neuron: nn.Module = snn.Leaky(
            beta=DECAY,
            threshold=THRESHOLD,
            reset_mechanism="zero",
            spike_grad=snn.surrogate.atan(alpha=SHARPNESS),
        )
        return neuron

    return Network(leaky)


def norse() -> nn.Module:
    """LIFBoxCell with dt / tau_mem = 0.5, its state passed on.

    Norse: v <- v + dt / tau_mem (x - v), s = [v > v_th], v <- (1 - s) v. It has the input decay as
    well: v is half of the others', and so is the threshold.
    """
    from norse import torch as snn  # noqa: PLC0415

    dt_s = 1e-3

    def cell() -> nn.Module:
        parameters = snn.LIFBoxParameters(
            tau_mem_inv=torch.tensor((1 - DECAY) / dt_s),
            v_leak=torch.tensor(0.0),
            v_th=torch.tensor(THRESHOLD * (1 - DECAY)),
            v_reset=torch.tensor(0.0),
        )
        neuron: nn.Module = snn.LIFBoxCell(parameters, dt=dt_s)
        return neuron

    return _InTime(cell)


class _Step(torch.autograd.Function):
    """1 where the threshold is reached; backward, the arc tangent's derivative."""

    @staticmethod
    def forward(ctx: Any, above: Tensor) -> Tensor:  # noqa: ANN401 - torch's own context
        ctx.save_for_backward(above)
        return (above >= 0).to(above.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ANN401 - as above
        above: Tensor = ctx.saved_tensors[0]
        return gradient * SHARPNESS / 2 / (1 + (torch.pi / 2 * SHARPNESS * above) ** 2)


class _Lif(nn.Module):
    """The equations as they stand at the top of the file."""

    def forward(self, current: Tensor, potential: Tensor | None) -> tuple[Tensor, Tensor]:
        charged = current if potential is None else DECAY * potential + current
        spikes: Tensor = _Step.apply(charged - THRESHOLD)
        return spikes, charged * (1 - spikes)


def plain() -> nn.Module:
    """A hand-written neuron in plain PyTorch, its state passed on."""
    return _InTime(_Lif)
