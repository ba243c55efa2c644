"""One stateless neuron of a framework behind several layers of one width is several of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn

from benchbench.frameworks import Neurons
from benchbench.probes import energy_modelled, operations, spikes, spikes_per_synapse
from benchbench.probes.counting.firing import find_neurons

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench import Measurement

ROWS = 2 * torch.rand(4, 8, generator=torch.Generator().manual_seed(0))
STEPS, WIDTH = 4, 8
RESTING = (
    "spikes_per_synapse",
    "modelled_few_bit_twin",
    "break_even_compute",
    "firing_rate",
)


def norse_cell() -> nn.Module:
    """A neuron that is given its state, and gives it back."""
    norse = pytest.importorskip("norse.torch", reason="Norse is not installed: [frameworks]")
    cell: nn.Module = norse.LIFCell(norse.LIFParameters(v_th=torch.as_tensor(0.1)))
    return cell


def snntorch_cell() -> nn.Module:
    """The same of snnTorch."""
    snntorch = pytest.importorskip("snntorch", reason="snnTorch is not installed: [frameworks]")
    cell: nn.Module = snntorch.Leaky(beta=0.9, threshold=0.3)
    return cell


class Chain(nn.Module):
    """Three layers of one width, whose neurons are three or one; and a head."""

    def __init__(
        self,
        cell: Callable[[], nn.Module],
        *,
        shared: bool,
        steps: int = STEPS,
        at_once: bool = False,
        copied: bool = False,
    ) -> None:
        """Run layer by layer over all steps, or step by step; hand on the state or its copy."""
        super().__init__()
        torch.manual_seed(0)
        self.steps, self.at_once, self.copied = steps, at_once, copied
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(3))
        one = cell()
        self.cells = nn.ModuleList(one if shared else cell() for _ in range(3))
        self.head = nn.Linear(WIDTH, 3)

    def fire(self, index: int, current: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Spikes and the state after them."""
        cell: Any = self.cells[index]
        if state is None and hasattr(cell, "init_leaky"):
            state = cell.init_leaky()
        spikes, state = cell(current, state)
        if self.copied:
            state = state.clone() if isinstance(state, Tensor) else type(state)(*map(clone, state))
        return spikes, state

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 3]."""
        if self.at_once:
            x = torch.stack([rows] * self.steps)
            for index, layer in enumerate(self.layers):
                currents, state, out = 4 * layer(x).abs(), None, []
                for now in currents:
                    fired, state = self.fire(index, now, state)
                    out.append(fired)
                x = torch.stack(out)
            answer: Tensor = self.head(x).mean(0)
            return answer
        states, answers = [None] * 3, []
        for _ in range(self.steps):
            now = rows
            for index, layer in enumerate(self.layers):
                now, states[index] = self.fire(index, 4 * layer(now).abs(), states[index])
            answers.append(self.head(now))
        return torch.stack(answers).mean(0)


def clone(part: Tensor) -> Tensor:
    """Another tensor of the same numbers."""
    return part.clone()


def measured(model: nn.Module, told: Neurons | None = None) -> dict[str, Measurement]:
    """What is counted and modelled, by name."""
    find_neurons(model, told or Neurons(), lambda: [ROWS])
    found = {it.name: it for it in operations.measure(model, ROWS[:1])}
    found |= {it.name: it for it in spikes.measure(model, [ROWS])}
    found |= {it.name: it for it in energy_modelled.measure(model, [ROWS], found, {})}
    return found | {it.name: it for it in spikes_per_synapse.measure([ROWS], found)}


@pytest.mark.parametrize("cell", [norse_cell, snntorch_cell])
@pytest.mark.parametrize("how", ["step by step", "layer by layer", "copied states"])
def test_a_shared_cell_is_counted_as_a_cell_each(cell: Callable[[], nn.Module], how: str) -> None:
    """T is 4 and not 12, and what rests on it is the same, however states are handed on."""
    made = {"at_once": how == "layer by layer", "copied": how == "copied states"}
    apart, shared = (measured(Chain(cell, shared=it, **made)) for it in (False, True))
    (row,) = shared["neuron_updates"].detail["layers"]
    assert (row["steps"], row["neurons"]) == (STEPS, 3 * WIDTH)
    for name in RESTING:
        assert apart[name].value is not None, name
        assert shared[name].value == pytest.approx(apart[name].value), name


@pytest.mark.parametrize("cell", [norse_cell, snntorch_cell])
def test_where_neither_can_be_told_steps_tells_it(cell: Callable[[], nn.Module]) -> None:
    """Three calls that hand no state on, of layers that ran once, may be three steps."""
    found = measured(Chain(cell, shared=True, steps=1))
    for name in RESTING[:3]:
        assert found[name].value is None
        assert "steps: tells T" in found[name].reasons[0]
    told = measured(Chain(cell, shared=True, steps=1), Neurons(steps=1))
    assert told["neuron_updates"].detail["layers"][0]["neurons"] == 3 * WIDTH
    assert told["spikes_per_synapse"].value
