"""snnTorch's neurons are counted as hooks count them, in both styles of keeping their state."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchbench.backends.native import inference_step, training_step
from benchbench.frameworks import (
    is_spiking,
    neuron_facts,
    reset,
    spikes_of,
    spiking_layers,
    steps_of,
)
from benchbench.probes import size
from benchbench.probes import spikes as probe
from benchbench.training.loss import loss_name, loss_of

snntorch = pytest.importorskip("snntorch", reason="snnTorch is not installed: [frameworks]")

CPU = torch.device("cpu")


def leaky(**options: Any) -> nn.Module:
    """The LIF neuron of the tests: v <- v / 2 + x, back to 0 after a spike."""
    neuron: nn.Module = snntorch.Leaky(beta=0.5, threshold=0.3, reset_mechanism="zero", **options)
    return neuron


def passed(kit: Any) -> nn.Module:
    """State passed in and out, as snnTorch's tutorials do."""

    class Passed(kit.net):  # type: ignore[misc]
        def begin(self) -> list[Any]:
            return [lif.init_leaky() for lif in (self.lif1, self.lif2, self.lif3)]

        def fire(self, neuron: nn.Module, current: Tensor, state: Any) -> tuple[Tensor, Any]:
            spikes, state = neuron(current, state)
            return spikes, state

    return Passed(leaky)


def hidden(kit: Any) -> nn.Module:
    """State kept in the layers and never reset by the model."""
    net: nn.Module = kit.net(lambda: leaky(init_hidden=True))
    return net


@pytest.mark.parametrize("style", [passed, hidden])
def test_counts_are_those_of_hooks(kit: Any, style: Any) -> None:
    """Spikes, SynOps, neurons and steps of each layer are what hooks of the test see."""
    model = style(kit)
    figures = kit.measured(model)
    kit.agrees(figures, kit.by_hooks(model))


@pytest.mark.parametrize("style", [passed, hidden])
def test_twin_of_spikingjelly(kit: Any, style: Any) -> None:
    """Equal equations and weights are equal figures.

    LIFNode(tau=2, decay_input=False): v <- v - v / tau + x, s = [v >= 0.3], v <- (1 - s) v.
    Leaky(beta=1 - 1 / tau, "zero"): v <- beta (1 - [v > 0.3]) v + x, s = [v > 0.3]: the reset that
    follows a spike comes with the next step, where it is the same.
    """
    ours, twin = kit.measured(style(kit)), kit.measured(kit.twin())
    for name in ("synops_exact", "firing_rate", "neuron_updates", "macs_effective"):
        assert ours[name].value == pytest.approx(twin[name].value)


def test_hidden_state_is_reset(kit: Any) -> None:
    """What ran before does not matter: two batches are what each of them is."""
    model, images = hidden(kit), kit.images()
    whole = kit.measured(model, images)["synops_exact"].value
    apart = kit.measured(model, images[:3], images[3:])["synops_exact"].value
    assert whole == pytest.approx(apart)
    with torch.no_grad():
        model(images)
    assert float(model.lif1.mem.abs().sum()) > 0
    reset(model)
    assert float(model.lif1.mem.abs().sum()) == 0


def test_training_goes_on_from_batch_to_batch(kit: Any) -> None:
    """A hidden state of the last batch is no part of the next one's graph."""
    model = hidden(kit)
    assert loss_name("auto", model) == "mse"
    batches = [(kit.images(), torch.zeros(6, dtype=torch.long))]
    inference_step(model, batches)()
    step = training_step(model, batches, loss_of("auto", model, 0.0), 1e-3)
    assert float(step()) > float(step()) > 0


def test_membrane_potential_is_no_spike(kit: Any) -> None:
    """A readout of the potential is fed mult-adds, and not called pooled spikes."""

    class Readout(kit.net):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(lambda: leaky(init_hidden=True, output=True))
            self.out = nn.Linear(5, 3)

        def fire(self, neuron: nn.Module, current: Tensor, state: Any) -> tuple[Tensor, Any]:
            spikes, potential = neuron(current)
            return (potential if neuron is self.lif3 else spikes), state

        def forward(self, images: Tensor) -> Tensor:
            found: Tensor = self.out(super().forward(images))
            return found

    figures = kit.measured(Readout())
    fed = {row["name"]: row["binary"] for row in figures["macs_effective"].detail["layers"]}
    assert fed == {"conv1": False, "conv2": True, "fc": True, "out": False}
    assert figures["synops_exact"].reasons == ()


def test_graded_spikes_are_mult_adds(kit: Any) -> None:
    """A spike of height 2 is multiplied, and the layers that it feeds are named."""
    figures = kit.measured(kit.net(lambda: leaky(init_hidden=True, graded_spikes_factor=2.0)))
    assert figures["synops_exact"].value == 0
    assert "conv2, fc" in figures["synops_exact"].reasons[0]
    assert figures["firing_rate"].value > 0


NEURONS = [
    lambda: snntorch.Leaky(beta=0.5),
    lambda: snntorch.Synaptic(alpha=0.9, beta=0.5),
    lambda: snntorch.Lapicque(beta=0.5),
    lambda: snntorch.Alpha(alpha=0.9, beta=0.5),
    lambda: snntorch.RLeaky(beta=0.5, linear_features=8),
    lambda: snntorch.RSynaptic(alpha=0.9, beta=0.5, linear_features=8),
    lambda: snntorch.SLSTM(8, 8),
]


@pytest.mark.parametrize("make", NEURONS)
def test_every_kind_is_a_neuron(make: Any) -> None:
    """Recurrent neurons and those of second order are neurons, one step a call, and reset."""
    model = nn.Sequential(nn.Linear(4, 8), make())
    assert list(spiking_layers(model)) == ["1"]
    model[1](model[0](torch.rand(2, 4)))
    reset(model)
    states = [value for name, value in model[1].named_buffers() if name in {"mem", "spk", "syn"}]
    assert states
    assert not any(bool(state.any()) for state in states)
    outputs = model[1](model[0](torch.rand(2, 4)))
    found = spikes_of(model[1], outputs)
    assert found is not None
    assert found.shape == (2, 8)
    assert steps_of(model[1], found) == 1


def test_a_recurrent_layer_is_fed_its_own_spikes() -> None:
    """RLeaky's feedback is a layer of its own that accumulates."""

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(10, 8)
            self.lif = snntorch.RLeaky(beta=0.5, threshold=0.3, linear_features=8)

        def forward(self, inputs: Tensor) -> Tensor:
            spikes, potential = self.lif.init_rleaky()
            rates = []
            for _ in range(5):
                spikes, potential = self.lif(self.fc(inputs), spikes, potential)
                rates.append(spikes)
            return torch.stack(rates).mean(0)

    figures = {figure.name: figure for figure in probe.measure(Recurrent(), [torch.rand(4, 10)])}
    rows = {row["name"]: row for row in figures["synops_exact"].detail["layers"]}
    assert list(rows) == ["lif.recurrent"]
    assert figures["firing_rate"].detail["layers"][0]["steps"] == 5


def test_time_in_a_call() -> None:
    """StateLeaky takes [T, N, C] in one call; without an output it does not fire."""
    if not hasattr(snntorch, "StateLeaky"):
        pytest.skip("this snnTorch has no StateLeaky")
    neuron = snntorch.StateLeaky(beta=0.5, channels=3, threshold=0.3)
    found = spikes_of(neuron, neuron(torch.rand(7, 2, 3)))
    assert found is not None
    assert steps_of(neuron, found) == 7
    assert is_spiking(neuron)
    assert not is_spiking(snntorch.StateLeaky(beta=0.5, channels=3, output=False))


def test_facts_say_where_the_state_is(kit: Any) -> None:
    """The report says in which style, and how a spike resets."""
    assert neuron_facts(passed(kit), CPU) == {"Leaky": "snnTorch, state passed on, reset by zero"}
    assert "kept in the layer" in neuron_facts(hidden(kit), CPU)["Leaky"]


def test_facts_of_one_class_with_several_settings_are_all_told() -> None:
    """Neither the last neuron's settings alone, nor those of each neuron again."""
    nets = [leaky(), leaky(), snntorch.Leaky(beta=0.5, init_hidden=True), leaky()]
    assert neuron_facts(nn.Sequential(*nets), CPU)["Leaky"] == (
        "snnTorch, state passed on, reset by zero; "
        "snnTorch, state kept in the layer, reset by subtract"
    )


@pytest.mark.parametrize("batch", [0, 8, 640])
def test_the_footprint_is_not_of_the_last_batch(batch: int) -> None:
    """Parameters, and a neuron's three numbers and one integer: whatever ran before is no part."""
    model = nn.Sequential(nn.Linear(10, 20), leaky(init_hidden=True), nn.Linear(20, 3))
    if batch:
        model(torch.rand(batch, 10))
    (footprint,) = [it for it in size.measure(model) if it.name == "footprint"]
    assert footprint.value == 4 * (11 * 20 + 21 * 3) + 3 * 4 + 8
