"""Norse's neurons are counted as hooks count them; leaky integrators are none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchbench.frameworks import neuron_facts, spikes_of, spiking_layers, steps_of
from benchbench.probes import spikes as probe

norse = pytest.importorskip("norse.torch", reason="Norse is not installed: [frameworks]")

CPU = torch.device("cpu")


def cell(threshold: float = 0.3) -> nn.Module:
    """A cell without a current that lasts, for dt = 1 ms: v <- v + (x - v) / 2."""
    parameters = norse.LIFParameters(
        tau_mem_inv=torch.tensor(500.0),
        tau_syn_inv=torch.tensor(1000.0),
        v_th=torch.tensor(threshold),
    )
    neuron: nn.Module = norse.LIFCell(parameters)
    return neuron


def net(kit: Any) -> nn.Module:
    """The network of cells, its state passed in and out."""

    class Passed(kit.net):  # type: ignore[misc]
        def fire(self, neuron: nn.Module, current: Tensor, state: Any) -> tuple[Tensor, Any]:
            spikes, state = neuron(current, state)
            return spikes, state

    return Passed(cell)


def test_counts_are_those_of_hooks(kit: Any) -> None:
    """Spikes, SynOps, neurons and steps of each layer are what hooks of the test see."""
    model = net(kit)
    kit.agrees(kit.measured(model), kit.by_hooks(model))


def test_twin_of_spikingjelly(kit: Any) -> None:
    """Equal equations and weights are equal figures.

    Norse: i <- i + x, v <- v + dt / tau_mem (i - v), i <- i - dt / tau_syn i, s = [v > 0.3],
    v <- (1 - s) v; with dt / tau_syn = 1 no current lasts, and with dt / tau_mem = 1 / 2 this is
    LIFNode(tau=2, decay_input=True): v <- v + (x - v) / tau, s = [v >= 0.3], v <- (1 - s) v.
    """
    from spikingjelly.activation_based import neuron

    twin = kit.net(lambda: neuron.LIFNode(2.0, decay_input=True, v_threshold=kit.threshold))
    ours, theirs = kit.measured(net(kit)), kit.measured(twin)
    for name in ("synops_exact", "firing_rate", "neuron_updates", "macs_effective"):
        assert ours[name].value == pytest.approx(theirs[name].value)


def test_integrators_do_not_fire() -> None:
    """What integrates without firing is no neuron; a cell inside a sequence is."""
    model = norse.SequentialState(nn.Linear(4, 3), norse.LIFCell(), nn.Linear(3, 2), norse.LICell())
    assert list(spiking_layers(model)) == ["1"]
    assert not spiking_layers(
        nn.Sequential(norse.LI(), norse.LIBoxCell(), norse.LILinearCell(2, 2))
    )


@pytest.mark.parametrize("kind", ["LIFBoxCell", "IAFCell", "LSNNCell", "LIFExCell", "LIFAdExCell"])
def test_every_cell_is_a_neuron(kind: str) -> None:
    """Cells of other equations fire as well, one step a call, spikes first."""
    model = nn.Sequential(getattr(norse, kind)())
    assert list(spiking_layers(model)) == ["0"]
    found = spikes_of(model[0], model[0](torch.rand(2, 3)))
    assert found is not None
    assert found.shape == (2, 3)
    assert steps_of(model[0], found) == 1


def test_time_in_a_call() -> None:
    """LIF takes [T, N, ...] in one call."""
    neuron = norse.LIF()
    found = spikes_of(neuron, neuron(torch.rand(7, 2, 3)))
    assert found is not None
    assert steps_of(neuron, found) == 7


@pytest.mark.parametrize("make", [norse.LIF, lambda: norse.Lift(norse.LIFCell())])
def test_steps_are_counted(make: Any) -> None:
    """A walk through time is as many steps, whoever goes them."""

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inside = make()

        def forward(self, inputs: Tensor) -> Tensor:
            outputs: Tensor = self.inside(20 * inputs.expand(7, *inputs.shape))[0]
            return outputs.mean(0)

    figures = {f.name: f for f in probe.measure(Last(), [torch.rand(4, 3)])}
    (row,) = figures["firing_rate"].detail["layers"]
    assert (row["steps"], row["neurons"]) == (7, 3)
    assert row["spikes"] > 0


def test_what_is_inside_a_neuron_is_fed_by_it() -> None:
    """All steps in a call: the weights of its own feedback are of no unknown neuron."""
    cells = norse.LIFRecurrent(10, 8, p=norse.LIFParameters(v_th=torch.as_tensor(0.1)))

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.cells, self.out = cells, nn.Linear(8, 3)

        def forward(self, inputs: Tensor) -> Tensor:
            spikes = self.cells(30 * inputs.expand(5, *inputs.shape))[0]
            found: Tensor = self.out(spikes).mean(0)
            return found

    figures = {figure.name: figure for figure in probe.measure(Recurrent(), [torch.rand(4, 10)])}
    assert figures["firing_rate"].value > 0
    assert not any("is fed 0 and 1 by no neuron" in why for why in figures["firing_rate"].reasons)


def test_recurrent_weights_are_fed_spikes() -> None:
    """The feedback of a recurrent cell accumulates, its input is multiplied."""

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.lif = norse.LIFRecurrentCell(10, 8)

        def forward(self, inputs: Tensor) -> Tensor:
            state, rates = None, []
            for _ in range(5):
                spikes, state = self.lif(30 * inputs, state)
                rates.append(spikes)
            return torch.stack(rates).mean(0)

    figures = {figure.name: figure for figure in probe.measure(Recurrent(), [torch.rand(4, 10)])}
    fed = {row["name"]: row["binary"] for row in figures["macs_effective"].detail["layers"]}
    assert fed == {"lif.input_weights": False, "lif.recurrent_weights": True}
    assert figures["synops_exact"].value > 0


def test_facts_say_the_step_of_integration(kit: Any) -> None:
    """The report has Norse's own settings that a firing rate rests on."""
    assert neuron_facts(net(kit), CPU) == {
        "LIFCell": "Norse, one step a call, dt 0.001 s, surrogate super"
    }


def test_facts_of_one_class_with_several_settings_are_all_told() -> None:
    """Neither the last neuron's settings alone, nor those of each neuron again."""
    cells = [norse.LIFCell(), norse.LIFCell(dt=0.01), norse.LIFCell()]
    assert neuron_facts(nn.ModuleList(cells), CPU)["LIFCell"] == (
        "Norse, one step a call, dt 0.001 s, surrogate super; "
        "Norse, one step a call, dt 0.01 s, surrogate super"
    )
