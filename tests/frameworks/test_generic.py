"""Neurons of one's own are found by their outputs, or named; their state is reset or refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchbench.backends.native import inference_step
from benchbench.errors import CountError, ModelError
from benchbench.frameworks import Neurons, is_spiking, neuron_facts, spiking_layers
from benchbench.probes import operations, spikes
from benchbench.probes.counting.firing import find_neurons
from benchbench.training.loss import loss_name

CPU = torch.device("cpu")


def own(kit: Any, neuron: Any = None) -> nn.Module:
    """The network of one's own neurons, which it puts to rest in its forward pass."""

    class Rested(kit.net):  # type: ignore[misc]
        def begin(self) -> list[Any]:
            for module in self.modules():
                if isinstance(module, kit.own):
                    module.rest()
            return list(super().begin())

    return Rested(neuron or kit.own)


def stateful(kit: Any) -> nn.Module:
    """The same, never put to rest but by a method that nobody calls."""

    class Stateful(kit.net):  # type: ignore[misc]
        def rest(self) -> None:
            for module in (self.lif1, self.lif2, self.lif3):
                module.rest()

    return Stateful(kit.own)


def test_counts_are_those_of_hooks_and_of_the_twin(kit: Any) -> None:
    """Found neurons are counted as hooks count them, and as SpikingJelly's of equal equations."""
    model = own(kit)
    figures = kit.measured(model)
    kit.agrees(figures, kit.by_hooks(model))
    twin = kit.measured(kit.twin())
    for name in ("synops_exact", "firing_rate", "neuron_updates", "macs_effective"):
        assert figures[name].value == twin[name].value
    assert loss_name("auto", model) == "mse"
    assert neuron_facts(model, CPU) == {
        "OwnLif": "found by outputs of 0 and one other value: lif1, lif2, lif3"
    }


def test_what_hands_spikes_on_is_no_neuron() -> None:
    """Pools, flattens, dropouts and blocks of spikes are none, be they one's own or not."""

    class Pool(nn.Module):
        def forward(self, spikes: Tensor) -> Tensor:
            return nn.functional.max_pool2d(spikes, 2)

    class Step(nn.Module):
        def forward(self, current: Tensor) -> Tensor:
            return (current > 0).float()

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.step = nn.Conv2d(1, 2, 3), Step()

        def forward(self, images: Tensor) -> Tensor:
            found: Tensor = self.step(self.conv(images))
            return found

    torch.manual_seed(0)
    model = nn.Sequential(Block(), Pool(), nn.Dropout(), nn.Flatten(), nn.Linear(50, 3))
    find_neurons(model, Neurons(), lambda: [torch.rand(4, 1, 12, 12)])
    assert list(spiking_layers(model)) == ["0.step"]


def test_a_network_without_spikes_has_no_neurons() -> None:
    """Own blocks of ReLUs, a saturated softmax and signs of both kinds are no neurons."""

    class Block(nn.Module):
        def __init__(self, last: nn.Module) -> None:
            super().__init__()
            self.fc, self.last = nn.Linear(6, 6), last

        def forward(self, inputs: Tensor) -> Tensor:
            found: Tensor = self.last(1e4 * self.fc(inputs))
            return found

    class Sign(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            return torch.sign(inputs)

    torch.manual_seed(0)
    model = nn.Sequential(Block(nn.ReLU()), Block(Sign()), nn.Linear(6, 6), nn.Softmax(1))
    model[2].weight.data.mul_(1e6)
    inputs = torch.rand(8, 6)
    assert set(model(inputs).unique().tolist()) == {0.0, 1.0}
    find_neurons(model, Neurons(), lambda: [inputs])
    assert not is_spiking(model)
    find_neurons(model, Neurons(("Sign",)), lambda: [inputs])
    assert list(spiking_layers(model)) == ["1.last"]


def test_a_neuron_that_fires_later_is_found(kit: Any) -> None:
    """All batches count: what is silent on the first image, or always, is of a class that fires."""
    model = own(kit)
    model.fc.weight.data.zero_()
    model.fc.bias.data.fill_(-1)  # lif3 never fires
    blank = torch.zeros(2, 1, 12, 12)
    model.conv1.bias.data.zero_()
    model.conv2.bias.data.zero_()
    figures = kit.measured(model, blank, kit.images())
    assert list(spiking_layers(model)) == ["lif1", "lif2", "lif3"]
    assert "lif3 never fired" in figures["firing_rate"].reasons


def test_silence_is_told(kit: Any) -> None:
    """Where nothing fires at all, what may be a neuron is named with the remedy."""
    model = own(kit)
    for layer in (model.conv1, model.conv2, model.fc):
        layer.weight.data.abs_().neg_()
        layer.bias.data.abs_().neg_()
    (reason,) = kit.measured(model)["firing_rate"].reasons
    assert "lif1, lif2, lif3 put out nothing but 0" in reason
    assert "spiking:" in reason
    named = kit.measured(model, told=Neurons(("OwnLif",)))
    assert named["neuron_updates"].value == 4 * 429


def test_functions_that_fire_are_told(kit: Any) -> None:
    """A network whose spikes are no module's output is told from one without spikes."""

    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.one, self.two = nn.Linear(6, 6), nn.Linear(6, 3)

        def forward(self, inputs: Tensor) -> Tensor:
            found: Tensor = self.two(kit.step.apply(self.one(inputs)))
            return found

    figures = kit.measured(Functional(), torch.rand(4, 6))
    assert "two is fed 0 and 1 alone" in figures["synops_exact"].reasons[0]
    assert "spiking:" in figures["synops_exact"].reasons[0]


def test_neurons_of_ones_own_beside_a_frameworks(kit: Any) -> None:
    """Beside SpikingJelly's neurons one's own are named or told, never left out in silence."""
    model = kit.twin()
    model.lif1 = Surrogate(kit.step)
    figures = kit.measured(model)
    assert [row["name"] for row in figures["firing_rate"].detail["layers"]] == ["lif2", "lif3"]
    assert "conv2 is fed 0 and 1 by no neuron that is known" in figures["firing_rate"].reasons[0]
    assert "events of the data" in figures["firing_rate"].reasons[0]
    assert "conv2" in {row["name"] for row in figures["synops_exact"].detail["layers"]}
    named = kit.measured(model, told=Neurons(("Surrogate",)))["firing_rate"]
    assert [row["name"] for row in named.detail["layers"]] == ["lif1", "lif2", "lif3"]
    assert named.reasons == ()


def test_heights_other_than_one_are_mult_adds(kit: Any) -> None:
    """A spike of height 0.5 is found, and what it feeds is charged as mult-adds and named."""
    figures = kit.measured(own(kit, lambda: kit.own(0.5)))
    assert figures["firing_rate"].value > 0
    assert figures["synops_exact"].value == 0
    assert "conv2, fc" in figures["synops_exact"].reasons[0]


def test_state_that_nothing_resets_is_refused(kit: Any) -> None:
    """The refusal names `reset:`, in counts and in steps alike; counts without data go on."""
    model = stateful(kit)
    find_neurons(model, Neurons(), lambda: [kit.images()])
    with pytest.raises(CountError, match="reset: METHOD"):
        spikes.measure(model, [kit.images()])
    with pytest.raises(ModelError, match="reset: METHOD"):
        inference_step(model, [(kit.images(), torch.zeros(6))])
    dense = {figure.name: figure.value for figure in operations.measure(model, kit.images()[:1])}
    assert dense["macs_dense"] == 4 * (4 * 9 * 100 + 6 * 36 * 4 + 24 * 5)


def test_state_of_another_batch_size_is_refused(kit: Any) -> None:
    """A state that does not fit the next batch is the same fault, with its own words beside it."""
    model = stateful(kit)
    find_neurons(model, Neurons(), lambda: [kit.images()[:3], kit.images()])
    with pytest.raises(CountError, match=r"reset: METHOD.*size of tensor"):
        spikes.measure(model, [kit.images()])


@pytest.mark.parametrize("inside", [False, True])
def test_a_method_of_ones_own_resets(kit: Any, *, inside: bool) -> None:
    """With `reset:` the figures are those of the network that rests by itself, also further in."""
    model = stateful(kit)
    reset = "rest"
    if inside:
        model, reset = nn.Sequential(model), "0.rest"
    figures = kit.measured(model, kit.images()[:2], kit.images(), told=Neurons(reset=reset))
    right = kit.measured(own(kit), kit.images()[:2], kit.images())
    for name in ("synops_exact", "firing_rate", "neuron_updates", "macs_effective"):
        assert figures[name].value == right[name].value
    inference_step(model, [(kit.images(), torch.zeros(6))])()
    assert neuron_facts(model, CPU)["reset"] == f"{reset}() before each batch"


def test_what_is_told_must_be_true(kit: Any) -> None:
    """A pattern that matches nothing, a method and steps that are not there are faults."""
    with pytest.raises(ModelError, match=r"spiking: 'lif9\*' matches no module .*OwnLif"):
        kit.measured(own(kit), told=Neurons(("lif*", "lif9*")))
    with pytest.raises(ModelError, match="reset: the model has no method 'forget'"):
        kit.measured(own(kit), told=Neurons(reset="forget"))
    with pytest.raises(CountError, match="steps: 3 is told"):
        kit.measured(kit.twin(), told=Neurons(steps=3))
    with pytest.raises(ModelError, match="steps: expected at least 1"):
        Neurons.told((), "", 0)


def test_names_are_the_whole_of_it(kit: Any) -> None:
    """Patterns match paths and classes; what they do not name is no neuron of one's own."""
    model = own(kit)
    figures = kit.measured(model, told=Neurons(("lif[12]",)))
    assert list(spiking_layers(model)) == ["lif1", "lif2"]
    assert figures["neuron_updates"].value == 4 * 424


AXIS = {"TN": 0, "NT": 1, "NT unflattened": 1, "last": -1}


class Walk(nn.Module):
    """A layer that goes through time by itself, in one of the layouts of the field."""

    def __init__(
        self, layout: str, step: type[torch.autograd.Function], *, shared: nn.Module | None
    ) -> None:
        """Take over a surrogate function as a module, or none."""
        super().__init__()
        self.layout, self.step, self.inner = layout, step, shared

    def forward(self, current: Tensor) -> Tensor:
        """Spikes in the layout of the input."""
        axis = AXIS[self.layout]
        v, spikes = torch.zeros_like(current.select(axis, 0)), []
        for now in current.unbind(axis):
            v = v / 2 + now
            fired = self.inner(v - 0.3) if self.inner else self.step.apply(v - 0.3)
            v = v * (1 - fired)
            spikes.append(fired)
        return torch.stack(spikes, axis)


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


class Layouts(nn.Module):
    """Two layers of neurons that go through five steps by themselves."""

    def __init__(self, layout: str, step: type[torch.autograd.Function], *, shared: bool) -> None:
        """One surrogate function for both layers, or none."""
        super().__init__()
        torch.manual_seed(0)
        inner = Surrogate(step) if shared else None
        self.layout = layout
        self.one, self.lif1 = nn.Linear(6, 8), Walk(layout, step, shared=inner)
        self.two, self.lif2 = nn.Linear(8, 3), Walk(layout, step, shared=inner)
        self.two.weight.data.mul_(3)

    def forward(self, inputs: Tensor) -> Tensor:
        """Rates [N, 3] of inputs [N, 6]."""
        axis = AXIS[self.layout]
        x = torch.stack([self.one(inputs)] * 5, axis)
        spikes = self.lif1(x)
        if self.layout == "last":
            fed = torch.stack([self.two(now) for now in spikes.unbind(-1)], -1)
        elif self.layout == "NT unflattened":
            fed = self.two(spikes)
        else:
            fed = self.two(spikes.flatten(0, 1)).unflatten(0, spikes.shape[:2])
        found: Tensor = self.lif2(fed).mean(axis)
        return found


@pytest.mark.parametrize(
    ("layout", "shared"),
    [
        *((layout, shared) for layout in ("TN", "NT", "last") for shared in (False, True)),
        ("NT unflattened", True),  # as long as nothing else shows that the layer walks
    ],
)
def test_steps_are_found_in_every_layout(kit: Any, layout: str, *, shared: bool) -> None:
    """[T, N, ...], [N, T, ...] and [N, ..., T] are five steps, whoever shares a surrogate."""
    model = Layouts(layout, kit.step, shared=shared)
    figures = kit.measured(model, torch.rand(4, 6))
    rows = {row["name"]: row for row in figures["firing_rate"].detail["layers"]}
    assert {name: (row["steps"], row["neurons"]) for name, row in rows.items()} == {
        "lif1": (5, 8),
        "lif2": (5, 3),
    }


def test_steps_that_nothing_shows_are_asked_for(kit: Any) -> None:
    """Where a single step was found, the figures say what to do if it was more."""
    model, inputs = Layouts("NT unflattened", kit.step, shared=False), torch.rand(4, 6)
    found = kit.measured(model, inputs)["neuron_updates"]
    assert "steps: tells T" in found.reasons[0]
    told = kit.measured(model, inputs, told=Neurons(steps=5))
    assert told["neuron_updates"].reasons == ()
    assert [row["neurons"] for row in told["firing_rate"].detail["layers"]] == [8, 3]


def test_steps_may_be_told(kit: Any) -> None:
    """One neuron behind two layers of one size ran twice as often; `steps:` says how often."""

    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.one, self.two, self.step = nn.Linear(6, 6), nn.Linear(6, 6), Surrogate(kit.step)

        def forward(self, inputs: Tensor) -> Tensor:
            steps = [self.step(self.two(self.step(self.one(inputs)))) for _ in range(4)]
            return torch.stack(steps).mean(0)

    found = kit.measured(Shared(), torch.rand(4, 6))["firing_rate"].detail["layers"]
    assert (found[0]["steps"], found[0]["neurons"]) == (8, 6)
    told = kit.measured(Shared(), torch.rand(4, 6), told=Neurons(steps=4))
    (row,) = told["firing_rate"].detail["layers"]
    assert (row["steps"], row["neurons"]) == (4, 12)


def test_spikes_beside_a_potential_are_found(kit: Any) -> None:
    """A neuron that gives (potential, spikes) is known by the second; the first is no spike."""

    class Pair(nn.Module):
        def forward(self, current: Tensor) -> tuple[Tensor, Tensor]:
            return 2 * current, kit.step.apply(current)

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.one, self.two, self.pair = nn.Linear(6, 6), nn.Linear(6, 3), Pair()
            self.read = nn.Linear(6, 3)

        def forward(self, inputs: Tensor) -> Tensor:
            potential, fired = self.pair(self.one(inputs))
            found: Tensor = self.two(fired) + self.read(potential)
            return found

    figures = kit.measured(Both(), torch.rand(4, 6))
    fed = {row["name"]: row["binary"] for row in figures["macs_effective"].detail["layers"]}
    assert fed == {"one": False, "two": True, "read": False}
    assert 0 < figures["firing_rate"].value < 1
    assert figures["synops_exact"].reasons == ()
