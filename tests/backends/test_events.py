"""Layers that gather the weights of their spikes, against the dense product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from spikingjelly.activation_based import layer
from torch import Tensor, nn

from benchbench.backends import Execution, events
from benchbench.backends.events import EventConv2d, EventLayer, EventLinear
from benchbench.backends.executed import executed

if TYPE_CHECKING:
    from functools import partial

CPU = torch.device("cpu")
LAYERS = {
    "linear": (lambda: nn.Linear(300, 20), (4, 2, 300)),
    "linear over time steps": (lambda: layer.Linear(300, 20, step_mode="m"), (4, 2, 300)),
    "convolution": (lambda: nn.Conv2d(8, 5, 3, padding=1), (2, 8, 7, 6)),
    "convolution over time steps": (
        lambda: layer.Conv2d(8, 5, 3, padding=1, bias=False, step_mode="m"),
        (4, 2, 8, 7, 6),
    ),
    "dilated, unpadded on one side": (
        lambda: nn.Conv2d(4, 6, (3, 2), padding=(1, 0), dilation=(2, 1)),
        (3, 4, 9, 8),
    ),
}


def of(module: nn.Module) -> EventLayer:
    """A layer that gathers."""
    return (EventLinear if isinstance(module, nn.Linear) else EventConv2d)(module, None)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("density", [0.0, 0.05, 1.0])
def test_gathering_is_the_dense_product(kind: str, density: float) -> None:
    """At any density, of spikes and of other values, in the shape that the layer gives."""
    torch.manual_seed(0)
    make, shape = LAYERS[kind]
    module = make()
    with torch.inference_mode():
        spikes = (torch.rand(shape) < density).float()
        for given in (spikes, spikes * torch.randn(shape)):
            gathers = of(module)
            found = gathers.shaped(gathers.gathered(gathers.flat(given)), given)
            assert found.shape == module(given).shape
            assert torch.allclose(found, module(given), atol=1e-5)


def clocked(gathers: EventLayer, counting_s: float) -> Any:
    """A clock by which the dense product takes a second, and gathering ten times its density."""

    def fastest(run: partial[Tensor]) -> float:
        if run.func == gathers._dense:
            return 1.0
        if run.func == gathers.gathered:
            return 10 * float((run.args[0] != 0).float().mean())
        return counting_s

    return fastest


def test_it_gathers_below_the_density_that_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is faster is a clock's word: by this one gathering wins up to a tenth."""
    gathers = EventLinear(nn.Linear(1000, 10), None)
    monkeypatch.setattr(events, "_fastest", clocked(gathers, 0.01))
    few, many, calls = torch.zeros(4, 1000), torch.ones(4, 1000), list[str]()
    few[:, :50] = 1
    with torch.inference_mode():
        gathers(few)
        assert gathers.limits == {(4, 1000): 200}  # a twentieth; a tenth is past the margin

        def watched(name: str) -> Any:
            run = getattr(gathers, name)
            return lambda x: (calls.append(name), run(x))[1]

        for name in ("gathered", "_dense"):
            monkeypatch.setattr(gathers, name, watched(name))
        gathers(few)
        gathers(many)
    assert calls == ["gathered", "_dense"]


def test_where_counting_costs_too_much_it_stays_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small layer is not asked how many spikes it has."""
    gathers = EventLinear(nn.Linear(1000, 10), None)
    monkeypatch.setattr(events, "_fastest", clocked(gathers, 0.04))
    with torch.inference_mode():
        gathers(torch.zeros(4, 1000))
    assert gathers.limits == {(4, 1000): 0}


def test_weights_that_were_trained_are_gathered_anew() -> None:
    """The copy that is gathered from follows the layer's own."""
    module = nn.Linear(30, 4)
    gathers, given = of(module), torch.ones(2, 30)
    with torch.no_grad():
        gathers.gathered(given)
        module.weight.mul_(2)
        assert torch.allclose(gathers.gathered(given), module(given), atol=1e-6)


def test_with_gradients_it_is_the_layer_itself() -> None:
    """Training through a layer that gathers trains the layer."""
    module = nn.Linear(30, 4)
    out = of(module)(torch.zeros(2, 30))
    assert out.requires_grad


def test_what_does_not_gather_is_left_alone() -> None:
    """Grouped and strided convolutions, and layers with a forward function of their own."""

    class Own(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + 1

    model = nn.Sequential(
        nn.Conv2d(4, 4, 3, groups=4, padding=1), nn.Conv2d(4, 4, 3, stride=2), Own(3, 3)
    )
    assert not executed(model, Execution("events"), CPU).gathering
