"""Fused spiking layers against SpikingJelly's own, layer by layer."""

from __future__ import annotations

import copy
from itertools import product
from typing import Any

import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import Tensor, nn

from benchbench.backends.fused import fused_forwards
from benchbench.errors import ModelError
from benchbench.frameworks import spiking_layers

GRADIENT = 1e-6  # of the largest entry


def fused(model: nn.Module) -> nn.Module:
    """A copy whose neurons are fused."""
    model = copy.deepcopy(model)
    for module, forward in fused_forwards(model, spiking_layers(model)).forwards.items():
        module.forward = forward  # type: ignore[method-assign]
    return model


def both(native: nn.Module, inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Outputs and the gradients of inputs and weights: SpikingJelly's, and ours."""
    torch.manual_seed(1)
    sides = []
    ours = fused(native)
    weights: Tensor | None = None
    for model in (native, ours):
        functional.reset_net(model)
        given = inputs.clone().requires_grad_()
        out = model(given)
        weights = torch.randn_like(out) if weights is None else weights
        wanted = [given, *model.parameters()]
        sides.append([out, *torch.autograd.grad((out * weights).sum(), wanted)])
    return sides[0], sides[1]


def assert_equal(native: nn.Module, inputs: Tensor) -> None:
    """Spikes bit for bit, gradients to a millionth of the largest entry.

    That of a neuron's own weight is a sum over all elements, which may cancel to next to nothing:
    what it is off by is measured by one of its terms, whose size is that of the inputs' gradient.
    """
    theirs, ours = both(native, inputs)
    assert torch.equal(theirs[0], ours[0])
    term = theirs[1].abs().max()
    for a, b in zip(theirs[1:], ours[1:], strict=True):
        assert (a - b).abs().max() <= GRADIENT * max(a.abs().max(), term)
    assert theirs[0].any()  # a silent layer would prove nothing


KINDS = {
    "if": lambda **how: neuron.IFNode(step_mode="m", **how),
    "lif": lambda **how: neuron.LIFNode(tau=3.0, step_mode="m", **how),
    "lif, no decay of inputs": lambda **how: neuron.LIFNode(
        tau=1.5, decay_input=False, step_mode="m", **how
    ),
    "plif": lambda **how: neuron.ParametricLIFNode(init_tau=2.5, step_mode="m", **how),
    "plif, no decay of inputs": lambda **how: neuron.ParametricLIFNode(
        init_tau=2.5, decay_input=False, step_mode="m", **how
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_neuron_is_spikingjellys(kind: str) -> None:
    """Each kind, at 4 time steps, fires the same and sends the same back."""
    torch.manual_seed(0)
    assert_equal(KINDS[kind](surrogate_function=surrogate.ATan()), 2 * torch.randn(4, 3, 7, 5))


RESETS = ((None, False), (-0.25, True), (0.0, True))


def slow_or_thorough(how: object, *, always: bool) -> Any:
    """A compilation takes ten seconds: some always, the others by `make thorough`."""
    values = how if isinstance(how, tuple) else (how,)
    return pytest.param(*values, marks=pytest.mark.slow if always else pytest.mark.thorough)


@pytest.mark.parametrize(
    ("kind", "v_reset", "detach"),
    [
        slow_or_thorough((kind, *how), always=how == RESETS[1] or (kind, how) == ("lif", RESETS[0]))
        for kind, how in product(KINDS, RESETS)
    ],
)
def test_every_reset(kind: str, v_reset: float | None, *, detach: bool) -> None:
    """Soft, hard and shifted resets, with and without their gradient."""
    torch.manual_seed(0)
    node = KINDS[kind](v_reset=v_reset, detach_reset=detach, surrogate_function=surrogate.Sigmoid())
    assert_equal(node, 2 * torch.randn(5, 2, 9))


@pytest.mark.parametrize(
    "function",
    [
        slow_or_thorough(surrogate.ATan(alpha=3.0), always=True),
        slow_or_thorough(surrogate.PiecewiseQuadratic(), always=True),
        slow_or_thorough(surrogate.Sigmoid(), always=False),
        slow_or_thorough(surrogate.PiecewiseExp(), always=False),
        slow_or_thorough(surrogate.SoftSign(), always=False),
        slow_or_thorough(surrogate.Erf(), always=False),
        slow_or_thorough(surrogate.PiecewiseLeakyReLU(), always=False),
    ],
    ids=lambda function: type(function).__name__,
)
def test_every_surrogate(function: nn.Module) -> None:
    """The slopes of the surrogate functions are SpikingJelly's."""
    torch.manual_seed(0)
    assert_equal(neuron.IFNode(surrogate_function=function, step_mode="m"), torch.randn(4, 2, 33))


def stage(channels: int = 8, **how: object) -> nn.Sequential:
    """A neuron and the pool that follows it."""
    node = neuron.IFNode(surrogate_function=surrogate.ATan(), step_mode="m", **how)
    return nn.Sequential(node, layer.MaxPool2d(2, step_mode="m"))


@pytest.mark.parametrize(
    "shape",
    [(4, 2, 8, 6, 6), (1, 1, 3, 4, 4), (8, 1, 8, 5, 7)],
    ids=["even", "one time step, batch 1", "odd sizes, 8 time steps"],
)
def test_a_pool_is_part_of_its_neuron(shape: tuple[int, ...]) -> None:
    """Pooled spikes are the same, and the first of equal ones takes the gradient."""
    torch.manual_seed(0)
    found = fused_forwards(model := stage(), spiking_layers(model))
    assert found.pools == 1
    assert_equal(model, 1.5 * torch.randn(shape))


@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
def test_an_input_that_does_not_change(*, last: bool) -> None:
    """One input for all time steps, as a static image is, gets its gradient once."""

    class Static(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fire = stage()
            self.plain = neuron.LIFNode(step_mode="m", surrogate_function=surrogate.ATan())

        def forward(self, images: Tensor) -> Tensor:
            current = 1.0 * images
            spikes = self.fire(current.expand(4, *current.shape))
            more: Tensor = self.plain((2 * current).expand(4, *current.shape))
            return torch.cat([spikes.flatten(1), more.flatten(1)], 1)

    torch.manual_seed(0)
    images = torch.rand(2, 8, 6, 6)
    given = images.contiguous(memory_format=torch.channels_last) if last else images
    assert_equal(Static(), given)


@pytest.mark.parametrize("steps", [1, 4])
def test_a_gradient_stays_channels_last(steps: int) -> None:
    """In another order, a batch norm before it would take ten times as long."""
    torch.manual_seed(0)
    image = torch.randn(2, 8, 6, 6).contiguous(memory_format=torch.channels_last)
    current = 1.0 * image.requires_grad_()
    sent: list[Tensor] = []
    current.register_hook(sent.append)
    fused(stage())(current.expand(steps, *current.shape)).sum().backward()
    assert sent[0].any()
    assert sent[0].is_contiguous(memory_format=torch.channels_last)


def test_no_spikes_send_the_right_gradient() -> None:
    """A silent layer's gradient comes through the first place of each window."""
    theirs, ours = both(stage(v_threshold=50.0), torch.rand(4, 2, 8, 6, 6))
    assert not theirs[0].any()
    assert not ours[0].any()
    assert (theirs[1] - ours[1]).abs().max() <= GRADIENT * theirs[1].abs().max()


def test_gradcheck_in_float64() -> None:
    """With the surrogate's smooth primitive in place of spikes the gradient is that of the loop."""
    torch.manual_seed(0)
    for kind in ("lif", "plif, no decay of inputs"):
        node = KINDS[kind](surrogate_function=surrogate.Sigmoid(spiking=False)).double()
        model = fused(node)
        weights = [*model.parameters()]

        def run(inputs: Tensor, *_: Tensor, model: nn.Module = model) -> Tensor:
            functional.reset_net(model)
            out: Tensor = model(inputs)
            return out

        given = torch.randn(3, 2, 3, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(run, (given, *weights))


def test_a_retained_graph_gives_the_same_gradient_again() -> None:
    """A second backward pass through the same graph is the first."""
    model, given = fused(stage()), torch.randn(4, 2, 8, 6, 6, requires_grad=True)
    out = model(given).sum()
    (first,) = torch.autograd.grad(out, given, retain_graph=True)
    (second,) = torch.autograd.grad(out, given)
    assert torch.equal(first, second)


def test_a_neuron_that_carries_its_state_is_refused() -> None:
    """Potentials are not kept, so a second batch without a reset cannot be run."""
    model = fused(stage())
    model(torch.rand(4, 2, 8, 6, 6))
    with pytest.raises(ModelError, match="without a reset"):
        model(torch.rand(4, 2, 8, 6, 6))
    functional.reset_net(model)
    model(torch.rand(4, 2, 8, 6, 6))


def test_what_is_not_covered_says_why() -> None:
    """Neurons of other kinds, one-step neurons and kept potentials stay as they are."""
    model = nn.Sequential(
        neuron.IFNode(step_mode="s"),
        neuron.EIFNode(step_mode="m"),
        neuron.LIFNode(step_mode="m", store_v_seq=True),
    )
    found = fused_forwards(model, spiking_layers(model))
    assert not found.forwards
    assert "step mode s" in found.left["0"]
    assert "EIFNode" in found.left["1"]
    assert "store_v_seq" in found.left["2"]


def test_all_sizes_of_a_batch_are_one_loop() -> None:
    """Twelve sizes of one neuron run compiled; torch's own limit is eight, without a word."""
    from torch._dynamo.utils import counters

    before = counters["stats"]["unique_graphs"]
    model = fused(KINDS["if"](surrogate_function=surrogate.ATan()))
    for size in range(31, 43):
        functional.reset_net(model)
        model(torch.rand(2, 1, size))
    assert counters["stats"]["unique_graphs"] - before == 1


def test_more_kinds_than_torch_compiles_for_one_function() -> None:
    """Twelve thresholds are twelve loops, all of them compiled."""
    from torch._dynamo.utils import counters

    before = counters["stats"]["unique_graphs"]
    for tenths in range(3, 15):
        model = fused(neuron.IFNode(v_threshold=tenths / 10, step_mode="m"))
        model(torch.rand(2, 1, 8))
    assert counters["stats"]["unique_graphs"] - before == 12
