"""The ReLU twin runs each layer once, also one that the network runs at every time step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn

from benchbench.probes import energy_modelled, operations, spikes
from benchbench.probes.counting.one_pass import later, runs_of_layer
from benchbench.probes.energy_modelled import counted_of

if TYPE_CHECKING:
    from benchbench import Measurement

STEPS = 4
IMAGES = torch.rand(2, 1, 6, 6, generator=torch.Generator().manual_seed(0))
# A convolution of 2 x 1 x 3 x 3 weights at 4 x 4 places, and a linear layer of 32 to 3, one pass.
CONV, HEAD = 2 * 9 * 16, 32 * 3


class Looped(nn.Module):
    """A convolution, neurons and a linear layer; the convolution in the loop, or before it."""

    def __init__(self, *, inside: bool, mode: str = "s") -> None:
        """Of one step mode."""
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.head = layer.Conv2d(1, 2, 3), layer.Linear(32, 3)
        self.neurons, self.flat = neuron.IFNode(v_threshold=0.05), layer.Flatten()
        self.inside = inside
        functional.set_step_mode(self, mode)
        if not inside:
            self.conv.step_mode = "s"

    def forward(self, images: Tensor) -> Tensor:
        """Rates [N, 3]."""
        several = self.neurons.step_mode == "m"
        if several and self.inside:
            current = self.conv(images.repeat(STEPS, 1, 1, 1, 1))
        elif several:
            current = self.conv(images).repeat(STEPS, 1, 1, 1, 1)
        if several:
            rates: Tensor = self.head(self.flat(self.neurons(current))).mean(0)
            return rates
        before = None if self.inside else self.conv(images)
        steps = []
        for _ in range(STEPS):
            current = self.conv(images) if before is None else before
            steps.append(self.head(self.flat(self.neurons(current))))
        return torch.stack(steps).mean(0)


def measured(model: nn.Module, batch: Tensor = IMAGES) -> dict[str, Measurement]:
    """What is counted and modelled, by name."""
    found = {it.name: it for it in operations.measure(model, batch[:1])}
    found |= {it.name: it for it in spikes.measure(model, [batch])}
    return found | {it.name: it for it in energy_modelled.measure(model, [batch], found, {})}


@pytest.mark.parametrize("mode", ["s", "m"])
@pytest.mark.parametrize("inside", [True, False])
def test_the_twin_runs_a_first_convolution_once_wherever_it_stands(
    *, inside: bool, mode: str
) -> None:
    """Break-even and few-bit twin by hand; in the loop the network pays for it T times."""
    found = measured(Looped(inside=inside, mode=mode))
    counted = counted_of(found)
    assert counted is not None
    runs = STEPS if inside else 1
    assert counted.macs == runs * CONV
    assert counted.one_pass == CONV + HEAD
    assert counted.later_words == (runs - 1) * (18 + 2)  # weights and biases of the convolution
    by_hand_pj = CONV * 0.23 + HEAD * 3 * 0.03  # the image is multiplied, three bits are added
    assert found["modelled_few_bit_twin"].value == pytest.approx(
        by_hand_pj * 1e-12, rel=1e-9, abs=0
    )
    saved_pj = (CONV + HEAD - runs * CONV) * 4.6 - STEPS * 32 * 0.9
    density = saved_pj / (STEPS * HEAD * 0.9)
    assert found["break_even_compute"].value == pytest.approx(density)
    detail = found["modelled_compute_fp32"].detail
    assert detail["break_even"] == pytest.approx(density)
    assert inside == (density < 0)


def test_weights_in_the_loop_go_to_registers_at_every_step() -> None:
    """SRAM is read T times for a convolution in the loop; DRAM once, as for one before it."""
    pj = {
        inside: 1e12 * (measured(Looped(inside=inside))["modelled_hierarchy"].value or 0)
        for inside in (True, False)
    }
    again = (STEPS - 1) * (CONV * (4.6 + 3) + (18 + 2) * 5)
    assert pj[True] - pj[False] == pytest.approx(again)
    found = measured(Looped(inside=True))
    detail = found["modelled_hierarchy"].detail
    assert detail["break_even"] == pytest.approx(found["break_even_hierarchy"].value)


class Functional(nn.Module):
    """All time steps of a functional layer in one call, time behind the batch."""

    def __init__(self) -> None:
        """A weight of the model itself."""
        super().__init__()
        torch.manual_seed(0)
        self.weight = nn.Parameter(torch.rand(5, 8))
        self.neurons, self.head = neuron.IFNode(step_mode="m"), layer.Linear(5, 3, step_mode="m")

    def forward(self, rows: Tensor) -> Tensor:
        """[N, T, 8] to [N, 3]."""
        current = nn.functional.linear(rows, self.weight).transpose(0, 1)
        rates: Tensor = self.head(self.neurons(current)).mean(0)
        return rates


def test_where_it_cannot_be_told_there_is_no_twin() -> None:
    """The reason names the layer; what the network itself costs is there."""
    found = measured(Functional(), torch.rand(2, STEPS, 8))
    for name in ("modelled_few_bit_twin", "break_even_compute", "modelled_hierarchy"):
        assert found[name].value is None
        assert "weight" in found[name].reasons[0]
        assert "T = 4" in found[name].reasons[0]
    compute = found["modelled_compute_fp32"]
    assert compute.value
    assert compute.detail["break_even"] is None


def row(kind: str = "conv", **columns: Any) -> dict[str, Any]:
    """A row of a layer that ran once, of 100 mult-adds and 7 words."""
    usual = {"name": "a", "macs_dense": 100, "params": 7, "runs": 1, "calls": 1, "lead": 1}
    return {**usual, "kind": kind, "shape_in": (3, 8, 8), **columns}


@pytest.mark.parametrize(
    ("told", "runs"),
    [
        (row(), 1),
        (row(runs=4, calls=4), 4),
        (row(runs=4, calls=None, lead=None), 4),  # functional, in the loop
        (row(lead=4, shape_in=(4, 3, 8, 8)), 4),  # [T, N, ...] or [T * N, ...]
        (row(lead=9, shape_in=(9, 3, 8, 8)), 1),  # patches in the batch, before the loop
        (row(lead=8, shape_in=(8, 3, 8, 8)), None),  # patches, or two of them at each step
        (row(runs=4, calls=4, lead=4), None),
        (row(runs=2, calls=2), None),  # shared by two places, or run every other step
        (row(runs=8, calls=8), None),
        (row(calls=None, lead=None), None),
        (row(runs=4, calls=1), 4),  # its own loop over time
        (row(shape_in=(4, 8, 8)), 1),  # four channels are no time
        (row(shape_in=(3, 4)), None),
        (row("linear", shape_in=(4,)), 1),
        (row("linear", shape_in=(4, 8)), None),  # [N, T, F], or four tokens
        (row("linear", shape_in=(5, 8)), 1),
        (row("weights", calls=None, lead=None), 1),
        (row("matmul", calls=None, lead=None), None),
        ({"name": "a", "kind": "conv"}, None),
    ],
)
def test_how_often_a_layer_ran(told: dict[str, Any], runs: int | None) -> None:
    """Once, or at each of four steps; where that could be either, neither is said."""
    assert runs_of_layer(told, 4) == runs
    assert runs_of_layer(told, 1) == 1


def test_what_belongs_to_further_steps() -> None:
    """Three quarters of what four runs did, and three further fetches; nothing of what ran once."""
    rows = [row(), row(runs=4, calls=4), row(runs=2, name="b"), row(runs=2, name="c", params=0)]
    assert later(rows, 4, "macs_dense") == (75, ("b", "c"))
    assert later(rows, 4, "params") == (21, ("b",))
