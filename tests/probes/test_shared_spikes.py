"""One stateless spike module behind several layers, and a state that starts as zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

from benchbench.data.inputs import Inputs
from benchbench.errors import CountError
from benchbench.frameworks import Neurons
from benchbench.probes import energy_modelled, operations, spikes, spikes_per_synapse
from benchbench.probes.counting.firing import find_neurons
from benchbench.probes.energy_modelled import counted_of

if TYPE_CHECKING:
    from benchbench import Measurement

ROWS = 2 * torch.rand(4, 8, generator=torch.Generator().manual_seed(0))
STEPS, WIDTH = 4, 8


class Step(nn.Module):
    """A step at 1, without a state."""

    def forward(self, potential: Tensor) -> Tensor:
        """Spikes."""
        return (potential >= 1).float()


class Chain(nn.Module):
    """Three equally wide hidden layers, whose neurons are three modules or one; and a head."""

    def __init__(self, *, shared: bool, steps: int = STEPS) -> None:
        """Weights so large that each layer fires."""
        super().__init__()
        torch.manual_seed(0)
        self.steps = steps
        self.hidden = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.head = nn.Linear(WIDTH, 3)
        one = Step()
        self.spike = nn.ModuleList(one if shared else Step() for _ in range(3))

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 3]."""
        potentials, out = [torch.zeros(())] * 3, torch.zeros(())
        for _ in range(self.steps):
            now = rows
            for index, layer in enumerate(self.hidden):
                potential = potentials[index] + layer(now).abs()
                now = self.spike[index](potential)
                potentials[index] = potential * (1 - now)
            out = out + self.head(now)
        return out


def measured(model: nn.Module, told: Neurons | None = None) -> dict[str, Measurement]:
    """What is counted and modelled, by name."""
    find_neurons(model, told or Neurons(), lambda: [ROWS])
    found = {it.name: it for it in operations.measure(model, ROWS[:1])}
    found |= {it.name: it for it in spikes.measure(model, [ROWS])}
    found |= {it.name: it for it in energy_modelled.measure(model, [ROWS], found, {})}
    return found | {it.name: it for it in spikes_per_synapse.measure([ROWS], found)}


def test_one_module_behind_three_layers_is_three_layers_of_neurons() -> None:
    """T is 4 and not 12, as with a module each; so are spikes per synapse and the twin."""
    apart, shared = (measured(Chain(shared=it)) for it in (False, True))
    (row,) = shared["neuron_updates"].detail["layers"]
    assert (row["steps"], row["neurons"]) == (STEPS, 3 * WIDTH)
    names = ("spikes_per_synapse", "modelled_few_bit_twin", "break_even_compute", "firing_rate")
    for name in names:
        assert shared[name].value == pytest.approx(apart[name].value), name
    synapses = 2 * WIDTH * WIDTH + 3 * WIDTH
    by_hand = (shared["synops_exact"].value or 0) / synapses
    assert shared["spikes_per_synapse"].value == pytest.approx(by_hand)


def test_where_neither_can_be_told_steps_tells_it() -> None:
    """At one time step all layers ran once: three calls may be three steps as well."""
    found = measured(Chain(shared=True, steps=1))
    for name in ("spikes_per_synapse", "modelled_few_bit_twin", "modelled_hierarchy"):
        assert found[name].value is None
        assert "steps: tells T" in found[name].reasons[0]
    told = measured(Chain(shared=True, steps=1), Neurons(steps=1))
    assert told["neuron_updates"].detail["layers"][0]["neurons"] == 3 * WIDTH
    assert told["spikes_per_synapse"].value


class Within(nn.Module):
    """Two layers of neurons that go through [N, T, F] in one call each."""

    def __init__(self) -> None:
        """Weights."""
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two, self.head = nn.Linear(2, WIDTH), nn.Linear(WIDTH, 3), nn.Linear(3, 2)
        self.spike1, self.spike2 = Walk(), Walk()

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 2]."""
        now = self.spike1(self.one(rows.unflatten(1, (STEPS, 2))).abs())
        answer: Tensor = self.head(self.spike2(8 * self.two(now).abs())).mean(1)
        return answer


class Walk(nn.Module):
    """Neurons with time behind the batch."""

    def forward(self, current: Tensor) -> Tensor:
        """Spikes."""
        potential, out = torch.zeros(()), []
        for now in current.unbind(1):
            potential = potential / 2 + now
            out.append((potential >= 1).float())
            potential = potential * (1 - out[-1])
        return torch.stack(out, 1)


def test_time_within_a_call_of_ones_own_neuron_is_no_single_step() -> None:
    """Where a call may hold several steps, nothing rests on the one found until it is told."""
    found = measured(Within())
    for name in ("spikes_per_synapse", "modelled_few_bit_twin", "break_even_compute"):
        assert found[name].value is None
        assert "steps: tells T" in found[name].reasons[0]
    told = measured(Within(), Neurons(steps=STEPS))
    assert told["spikes_per_synapse"].value


def test_a_batch_axis_that_is_taken_for_time_is_refused() -> None:
    """A model written for [T, N, ...] that is given [N, T, ...] mixes its samples."""

    class First(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.neurons, self.two = nn.Linear(2, 6), neuron.IFNode(), nn.Linear(6, 3)

        def forward(self, rows: Tensor) -> Tensor:
            steps = [self.two(self.neurons(8 * self.one(now))) for now in rows]
            return torch.stack(steps).mean(0)

    inputs = ROWS.unflatten(1, (STEPS, 2))[:3]
    with pytest.raises(CountError, match="takes the batch axis for time"):
        spikes.measure(First(), [inputs])
    assert spikes.measure(First(), [Inputs.of(inputs.transpose(0, 1), 1)])[0].value is not None


def test_neurons_that_never_run_are_no_time() -> None:
    """A part that is left over in a model takes no axis for anything."""

    class Left(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.neurons = nn.Linear(2, 6), neuron.IFNode()

        def forward(self, rows: Tensor) -> Tensor:
            found: Tensor = self.one(rows)
            return found

    found = {it.name: it for it in spikes.measure(Left(), [torch.rand(3, 2)])}
    assert found["macs_effective"].value == 12


class Recurrent(nn.Module):
    """A first state of zeros that is a buffer: no spikes have fed the layer that it goes into."""

    def __init__(self) -> None:
        """Four steps of a state that is no spike."""
        super().__init__()
        torch.manual_seed(0)
        self.one, self.back = nn.Linear(8, 6), nn.Linear(6, 6, bias=False)
        self.neurons, self.head = neuron.IFNode(), nn.Linear(6, 3)
        self.register_buffer("start", torch.zeros(1, 6))

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 3]."""
        state, out = self.start.expand(len(rows), 6), torch.zeros(())
        for _ in range(STEPS):
            state = torch.tanh(self.one(rows) + self.back(state))
            out = out + self.head(self.neurons(3 * state))
        return out


def test_a_state_of_zeros_is_no_spikes() -> None:
    """What spikes feed is the head alone: 18 synapses."""
    found = measured(Recurrent())
    counted = counted_of(found)
    assert counted is not None
    assert counted.spike_macs == STEPS * 18
    assert counted.macs == STEPS * (8 * 6 + 6 * 6)
    by_hand = (found["synops_exact"].value or 0) / 18
    assert found["spikes_per_synapse"].value == pytest.approx(by_hand)
    assert [row["name"] for row in found["synops_exact"].detail["layers"]] == ["head"]
