"""Networks whose work depends on the sample: what is of one pass is not made up from the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

import benchbench
from benchbench.probes import energy_modelled, operations, spikes, spikes_per_synapse
from benchbench.probes.spikes import time_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench import Measurement

# The first value of a sample is the number of its time steps.
SHORT, LONG = torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([[3.0, 0, 0, 0]])


class Early(nn.Module):
    """Stops after as many time steps as its input says; every neuron fires at each of them."""

    def __init__(self) -> None:
        """Six neurons between two linear layers."""
        super().__init__()
        self.one, self.neurons, self.two = nn.Linear(4, 6), neuron.IFNode(), nn.Linear(6, 2)
        self.one.weight.data.zero_()
        self.one.bias.data.fill_(1.5)

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 2]."""
        current = self.one(rows)
        out: Tensor = sum(self.two(self.neurons(current)) for _ in range(int(rows[0, 0])))
        return out


class Branch(nn.Module):
    """Has a further layer for long samples."""

    def __init__(self) -> None:
        """Two linear layers, one of which does not always run."""
        super().__init__()
        self.one, self.more = nn.Linear(4, 6), nn.Linear(6, 6)

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 6]."""
        hidden: Tensor = torch.relu(self.one(rows))
        return self.more(hidden) if rows[0, 0] > 1 else hidden


def measured(model: nn.Module, batches: Sequence[Tensor]) -> dict[str, Measurement]:
    """What is counted and modelled, by name."""
    found = {it.name: it for it in operations.measure(model, batches[0][:1])}
    found |= {it.name: it for it in spikes.measure(model, batches)}
    found |= {it.name: it for it in energy_modelled.measure(model, batches, found, {})}
    return found | {it.name: it for it in spikes_per_synapse.measure(batches, found)}


@pytest.mark.parametrize("batches", [[SHORT, LONG], [LONG, SHORT]])
def test_time_steps_that_depend_on_the_sample_have_no_one_pass(batches: list[Tensor]) -> None:
    """The order of the samples changes nothing: energies are means, break-evens are n/a."""
    found = measured(Early(), batches)
    names = ("spikes_per_synapse", "modelled_few_bit_twin", "break_even_compute")
    for name in (*names, "modelled_hierarchy"):
        assert found[name].value is None
        assert "depends on the sample" in found[name].reasons[0]
    # 24 mult-adds of the first layer; at two steps in the mean six updates and twelve accumulates.
    by_hand_pj = 24 * 4.6 + (2 * 6 + 2 * 12) * 0.9
    compute = found["modelled_compute_fp32"]
    assert compute.value == pytest.approx(by_hand_pj * 1e-12, rel=1e-9, abs=0)
    assert "T" not in compute.detail
    assert found["firing_rate"].detail["layers"][0]["neurons"] == 6
    assert time_steps(found) == "1 to 3"


def test_the_same_time_steps_for_every_sample_are_no_such_network() -> None:
    """Three steps of each: 36 mult-adds of spikes, 12 a pass."""
    found = measured(Early(), [LONG, LONG])
    assert found["spikes_per_synapse"].value == 3
    assert found["macs_effective"].reasons == ()


@pytest.mark.parametrize(("batches", "first"), [([SHORT, LONG], 24), ([LONG, SHORT], 60)])
def test_dense_mult_adds_of_the_first_sample_alone_are_not_compared(
    batches: list[Tensor], first: int
) -> None:
    """Also where the first sample leaves out a layer that another one runs; energy is the mean."""
    counts = benchbench.count(Branch(), batches)
    dense = counts["macs_dense"]
    assert dense.value == first
    assert not dense.valid
    assert (
        "of the first sample alone: how much more has to do depends on the sample"
        in dense.reasons[-1]
    )
    assert [it.name for it in counts.measurements].count("macs_dense") == 1
    assert counts["modelled_compute_fp32"].value == pytest.approx(42 * 4.6e-12, rel=1e-9, abs=0)
    assert counts["modelled_hierarchy"].value is None
