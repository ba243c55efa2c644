"""What the tests of all frameworks share: a network to put neurons into, and a count by hooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn

from benchbench.frameworks import Neurons
from benchbench.frameworks.base import first_tensor
from benchbench.probes import operations, spikes
from benchbench.probes.counting.firing import find_neurons

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench import Measurement

STEPS = 4
THRESHOLD = 0.3
NOTHING_TOLD = Neurons()


class Net(nn.Module):
    """Two convolutions and a linear layer with three layers of neurons, run `STEPS` times."""

    def __init__(self, neuron: Callable[[], nn.Module]) -> None:
        """Weights of seed 0, so large that every layer fires: equal whatever the neurons are."""
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3, stride=2)
        self.fc = nn.Linear(24, 5)
        for layer in (self.conv1, self.conv2, self.fc):
            layer.weight.data.mul_(3)
        self.pool, self.flat = nn.MaxPool2d(2), nn.Flatten()
        self.lif1, self.lif2, self.lif3 = neuron(), neuron(), neuron()

    def begin(self) -> list[Any]:
        """The states of the three layers before the first step."""
        return [None, None, None]

    def fire(self, neuron: nn.Module, current: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Spikes and the next state."""
        return neuron(current), state

    def forward(self, images: Tensor) -> Tensor:
        """Rates [N, 5] of images [N, 1, 12, 12]."""
        states, rates = self.begin(), []
        for _ in range(STEPS):
            one, states[0] = self.fire(self.lif1, self.conv1(images), states[0])
            two, states[1] = self.fire(self.lif2, self.conv2(self.pool(one)), states[1])
            three, states[2] = self.fire(self.lif3, self.fc(self.flat(two)), states[2])
            rates.append(three)
        return torch.stack(rates).mean(0)


class Heaviside(torch.autograd.Function):
    """A step forward, an arc tangent's gradient backward."""

    @staticmethod
    def forward(ctx: Any, above: Tensor) -> Tensor:
        """1 where the potential is above the threshold."""
        ctx.save_for_backward(above)
        return (above >= 0).float()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Surrogate gradient."""
        (above,) = ctx.saved_tensors
        return gradient / (1 + (torch.pi * above) ** 2)


class Surrogate(nn.Module):
    """The step as a module."""

    def __init__(self, step: type[torch.autograd.Function]) -> None:
        """Of a function."""
        super().__init__()
        self.step = step

    def forward(self, above: Tensor) -> Tensor:
        """Spikes."""
        fired: Tensor = self.step.apply(above)
        return fired


class OwnLif(nn.Module):
    """v <- v / 2 + x; a spike of height `height` at `THRESHOLD` puts it back to 0."""

    def __init__(self, height: float = 1.0) -> None:
        """At rest."""
        super().__init__()
        self.v: Any = 0.0
        self.height = height

    def forward(self, current: Tensor) -> Tensor:
        """Spikes of one step."""
        self.v = self.v / 2 + current
        fired: Tensor = Heaviside.apply(self.v - THRESHOLD)
        self.v = self.v * (1 - fired)
        return self.height * fired

    def rest(self) -> None:
        """Forget."""
        self.v = 0.0


@dataclass(frozen=True)
class Kit:
    """What a test of a framework needs."""

    net: type[Net] = Net
    own: type[OwnLif] = OwnLif
    step: type[Heaviside] = Heaviside
    steps: int = STEPS
    threshold: float = THRESHOLD

    def images(self, count: int = 6) -> Tensor:
        """Images [count, 1, 12, 12] in [0, 1]."""
        return torch.rand(count, 1, 12, 12, generator=torch.Generator().manual_seed(1))

    def measured(
        self, model: nn.Module, *batches: Tensor, told: Neurons = NOTHING_TOLD
    ) -> dict[str, Measurement]:
        """Figures of the probes, by name, as a worker asks for them."""
        batches = batches or (self.images(),)
        find_neurons(model, told, lambda: batches)
        counted = [*operations.measure(model, batches[0][:1]), *spikes.measure(model, batches)]
        return {figure.name: figure for figure in counted}

    def by_hooks(
        self,
        model: nn.Module,
        neurons: Sequence[str] = ("lif1", "lif2", "lif3"),
        fed: Sequence[str] = ("conv2", "fc"),
    ) -> dict[str, Any]:
        """Spikes of each layer, and accumulates: each spike times the synapses that it reaches."""
        images = self.images()
        found: dict[str, Any] = {"spikes": dict.fromkeys(neurons, 0.0), "synops": 0.0}

        def fired(name: str, output: object) -> None:
            spikes = first_tensor(output)
            assert spikes is not None
            assert set(spikes.unique().tolist()) <= {0.0, 1.0}
            found["spikes"][name] += float(spikes.sum()) / len(images)

        def reached(layer: nn.Module, spikes: Tensor) -> None:
            ones = torch.ones_like(layer.weight)  # type: ignore[arg-type]
            if isinstance(layer, nn.Conv2d):
                taps = nn.functional.conv2d(spikes, ones, None, layer.stride, layer.padding)
            else:
                taps = nn.functional.linear(spikes, ones)
            found["synops"] += float(taps.sum()) / len(images)

        handles = [
            model.get_submodule(name).register_forward_hook(
                lambda _module, _inputs, output, name=name: fired(name, output)
            )
            for name in neurons
        ]
        handles += [
            model.get_submodule(name).register_forward_pre_hook(
                lambda layer, inputs: reached(layer, inputs[0])
            )
            for name in fed
        ]
        with torch.no_grad():
            model.eval()(images)
        for handle in handles:
            handle.remove()
        return found

    def agrees(self, figures: dict[str, Measurement], hooks: dict[str, Any]) -> None:
        """The probes say what the hooks say, and all that a spiking network has is there."""
        rows = {row["name"]: row for row in figures["firing_rate"].detail["layers"]}
        assert {name: row["spikes"] for name, row in rows.items()} == pytest.approx(hooks["spikes"])
        assert all(hooks["spikes"].values())
        assert {row["steps"] for row in rows.values()} == {self.steps}
        neurons = sum(row["neurons"] for row in rows.values())
        assert neurons == 4 * 100 + 6 * 4 + 5
        assert figures["neuron_updates"].value == neurons * self.steps
        assert figures["synops_exact"].value == pytest.approx(hooks["synops"])
        assert figures["synops_exact"].value
        fed = [row for row in figures["macs_effective"].detail["layers"] if row["binary"]]
        assert [row["name"] for row in fed] == ["conv2", "fc"]

    def twin(self) -> nn.Module:
        """The network of SpikingJelly's LIF nodes, which is reset in its forward pass."""
        from spikingjelly.activation_based import functional, neuron

        class Twin(Net):
            def begin(self) -> list[Any]:
                functional.reset_net(self)
                return super().begin()

        return Twin(lambda: neuron.LIFNode(2.0, decay_input=False, v_threshold=THRESHOLD))


@pytest.fixture
def kit() -> Kit:
    """A network to put neurons into, inputs, and two ways to count."""
    return Kit()
