"""Neurons that send several spikes at once, and modules whose outputs are no spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

from benchbench.frameworks import Neurons
from benchbench.probes import energy_modelled, operations, spikes
from benchbench.probes.counting.firing import find_neurons
from benchbench.probes.counting.hooks import watch
from benchbench.probes.spikes import time_steps

if TYPE_CHECKING:
    from benchbench import Measurement

ROWS = torch.rand(4, 8, generator=torch.Generator().manual_seed(0)) * 3
NAMED = Neurons(("Levels",))


class Levels(nn.Module):
    """Puts out the same values each time, of eight neurons."""

    def __init__(self, *values: float) -> None:
        """What the first neurons put out; the others are silent."""
        super().__init__()
        self.values = values

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 8]."""
        out = torch.zeros_like(rows)
        out[:, : len(self.values)] = torch.tensor(self.values)
        return out


def measured(model: nn.Module, told: Neurons | None = None) -> dict[str, Measurement]:
    """What is counted and modelled, by name."""
    find_neurons(model, told or Neurons(), lambda: [ROWS])
    found = {it.name: it for it in operations.measure(model, ROWS[:1])}
    found |= {it.name: it for it in spikes.measure(model, [ROWS])}
    asked: dict[str, Any] = {"movement": {"eta": 1.0}}
    return found | {it.name: it for it in energy_modelled.measure(model, [ROWS], found, asked)}


@pytest.mark.parametrize(
    ("values", "sent"),
    [
        ((1.0, 3.0, 2.0), 6),  # as many as each says
        ((1.0, -1.0), 2),  # of two signs
        ((0.5, 0.5, 0.5), 3),  # of one height
        ((2.0, 2.0), 2),  # of one height, of a module that was named
    ],
)
def test_spikes_by_hand(values: tuple[float, ...], sent: int) -> None:
    """Firing rate and movement are of all spikes, sparsity of outputs that are not zero."""
    found = measured(nn.Sequential(Levels(*values), nn.Linear(8, 3)), NAMED)
    assert found["firing_rate"].value == pytest.approx(sent / 8)
    assert found["firing_rate"].detail["layers"][0]["spikes"] == sent
    assert found["activation_sparsity"].value == pytest.approx(1 - len(values) / 8)
    moved_j = min(sent, 8) * 0.25e-12 * 0.64
    assert found["modelled_movement"].value == pytest.approx(moved_j, rel=1e-9, abs=0)


def test_outputs_of_many_values_are_no_spikes() -> None:
    """Firing rate and movement are n/a, and the module is named; its updates are there."""
    found = measured(nn.Sequential(Levels(0.5, 0.25), nn.Linear(8, 3)), NAMED)
    for name in ("firing_rate", "modelled_movement"):
        assert found[name].value is None
        assert "the outputs of 0 are no spikes" in found[name].reasons[0]
    assert found["neuron_updates"].value == 8
    assert found["activation_sparsity"].value == pytest.approx(0.75)
    assert found["modelled_compute_fp32"].value == pytest.approx((24 * 4.6 + 8 * 0.9) * 1e-12)
    assert time_steps(found) == "1"


def test_a_framework_s_neurons_of_several_levels() -> None:
    """SpikingJelly's ILIF nodes put out 0 to 4: each is as many spikes, whatever they are."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), neuron.ILIFNode(), nn.Linear(16, 3)).eval()
    model[0].weight.data.mul_(6)
    with torch.no_grad():
        sent = float(model[:2](ROWS).sum()) / len(ROWS)
    model[1].reset()
    found = measured(model)
    assert found["firing_rate"].value == pytest.approx(sent / 16)
    assert sent / 16 > 1 - (found["activation_sparsity"].value or 0)
    twos = nn.Sequential(neuron.ILIFNode())
    with watch({"0": twos[0]}) as activity, torch.no_grad():
        assert set(twos.eval()(torch.full((1, 5), 2.0)).unique().tolist()) == {2.0}
    assert activity["0"].spikes == 10
