"""Time steps of neurons of one's own: found in every layout, asked for, or told."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from fixtures_neurons import Surrogate
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

from benchbench.frameworks import Neurons, neuron_facts

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
    """One neuron behind two layers of one size runs twice as often as they do: T is theirs.

    Where they run once each, its two calls may be two time steps; `steps:` says how many.
    """

    class Shared(nn.Module):
        def __init__(self, steps: int) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.steps = steps
            self.one, self.two, self.step = nn.Linear(6, 6), nn.Linear(6, 6), Surrogate(kit.step)

        def forward(self, inputs: Tensor) -> Tensor:
            steps = [self.step(self.two(self.step(self.one(inputs)))) for _ in range(self.steps)]
            return torch.stack(steps).mean(0)

    found = kit.measured(Shared(4), torch.rand(4, 6))["firing_rate"].detail["layers"]
    assert (found[0]["steps"], found[0]["neurons"]) == (4, 12)
    asked = kit.measured(Shared(1), torch.rand(4, 6))["neuron_updates"]
    assert any("step 2" in reason and "steps: tells T" in reason for reason in asked.reasons)
    told = kit.measured(Shared(1), torch.rand(4, 6), told=Neurons(steps=1))
    (row,) = told["firing_rate"].detail["layers"]
    assert (row["steps"], row["neurons"]) == (1, 12)


def test_facts_name_each_step_mode_of_one_class() -> None:
    """Neither the last neuron's step mode alone, nor that of each neuron again."""
    nodes = [neuron.IFNode(step_mode=mode) for mode in ("s", "m", "s")]
    fact = neuron_facts(nn.Sequential(*nodes), torch.device("cpu"))["IFNode"]
    assert [part.partition(",")[0] for part in fact.split("; ")] == ["step mode s", "step mode m"]
