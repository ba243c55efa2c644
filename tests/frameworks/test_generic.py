"""Neurons of one's own are found by their outputs, or named; their state is reset or refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from fixtures_neurons import Surrogate
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


def test_events_of_the_data_are_no_spikes_of_a_plain_network(kit: Any) -> None:
    """The usual baseline of an event suite: what feeds its layers may be the data's own 0 and 1."""

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Linear(6, 3), nn.Linear(6, 3)

        def forward(self, inputs: Tensor) -> Tensor:
            found: Tensor = self.left(inputs).relu() + self.right(inputs).relu()
            return found

    (why, *_) = kit.measured(Two(), torch.eye(6)[:4])["synops_exact"].reasons
    assert "left, right are fed 0 and 1 alone: events of the data, or of what is to be" in why


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


def test_a_binarised_network_is_told_to_have_none(kit: Any) -> None:
    """`none` looks for none, where without it there are some."""
    model = own(kit)
    find_neurons(model, Neurons(("none",)), lambda: [kit.images()])
    assert not is_spiking(model)
    find_neurons(model, Neurons(), lambda: [kit.images()])
    assert is_spiking(model)


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
