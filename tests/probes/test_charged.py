"""What is charged as what: spikes of two signs, and energies of which too little is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import Tensor, nn

from benchbench.frameworks import Neurons
from benchbench.probes import energy_modelled, operations, spikes
from benchbench.probes.counting.firing import find_neurons

if TYPE_CHECKING:
    from benchbench import Measurement

ROWS = torch.rand(2, 6, 8, generator=torch.Generator().manual_seed(1))


def measured(model: nn.Module) -> dict[str, Measurement]:
    """Figures of operations and spikes by name."""
    found = [*operations.measure(model, ROWS[:1]), *spikes.measure(model, [ROWS])]
    return {figure.name: figure for figure in found}


class Ternary(nn.Module):
    """Neurons that fire +1 and -1, and a linear layer behind them."""

    def __init__(self, sign: float) -> None:
        """Spikes of one sign, or of both."""
        super().__init__()
        torch.manual_seed(0)
        self.up, self.down = neuron.IFNode(v_threshold=0.5), neuron.IFNode(v_threshold=0.5)
        self.fc, self.sign = nn.Linear(8, 5), sign

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 5]."""
        return self.fc(self.up(rows) + self.sign * self.down(1 - rows))


def test_ternary_spikes_are_charged_as_mult_adds_and_named() -> None:
    """Spikes of -1, 0 and 1 are no binary ones; the layer that they feed is named."""
    ternary, binary = measured(Ternary(-1.0)), measured(Ternary(1.0))
    assert ternary["synops_exact"].value == 0
    assert any(reason.endswith(": fc") for reason in ternary["synops_exact"].reasons)
    assert ternary["macs_effective"].value == binary["macs_effective"].value
    assert binary["synops_exact"].value == binary["macs_effective"].value > 0


class Signs(nn.Module):
    """Neurons of one's own of three levels."""

    def forward(self, current: Tensor) -> Tensor:
        """-1, 0 and 1."""
        return torch.sign(current) * (current.abs() > 0.3)


def test_ternary_neurons_of_ones_own_are_charged_as_mult_adds_and_named() -> None:
    """They are named by `spiking:`; what they feed is no layer of accumulates."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), Signs(), nn.Linear(16, 5))
    find_neurons(model, Neurons(("Signs",)), lambda: [ROWS])
    levels = model[:2](ROWS)
    assert set(levels.unique().tolist()) == {-1.0, 0.0, 1.0}
    figures = measured(model)
    assert figures["synops_exact"].value == 0
    assert any(reason.endswith(": 2") for reason in figures["synops_exact"].reasons)
    fired = int((levels != 0).sum())
    assert figures["macs_effective"].value == 6 * 8 * 16 + fired * 5 / len(ROWS)
    assert figures["firing_rate"].value == pytest.approx(fired / levels.numel())


@pytest.mark.parametrize(
    ("model", "seen"),
    [
        (nn.LSTM(8, 4, batch_first=True), 0.0),
        (nn.GRU(8, 4, 2, batch_first=True, bidirectional=True), 0.0),
        ("mixed", 0.5),
        ("mostly", 0.8),
    ],
)
def test_an_estimator_that_sees_too_little_says_nothing(model: Any, seen: float) -> None:
    """Below three quarters of the mult-adds the estimators' energies are n/a, with the share."""

    class Mixed(nn.Module):
        def __init__(self, times: int) -> None:
            super().__init__()
            self.fc, self.other = nn.Linear(8, 8 * times), nn.Parameter(torch.rand(8 * times, 8))

        def forward(self, rows: Tensor) -> Tensor:
            out: Tensor = self.fc(rows)
            return out @ self.other if len(self.other) == 8 else out[..., :16] @ self.other[:16]

    if isinstance(model, str):
        model = Mixed(1 if model == "mixed" else 8)
    figures = measured(model)
    modelled = energy_modelled.measure(model, [ROWS], figures, {})
    found = {figure.name: figure for figure in modelled}
    for name in ("modelled_memory", "modelled_lemaire"):
        if seen < 0.75:
            assert found[name].value is None
            assert f"sees {100 * seen:.1f} % of the dense mult-adds" in found[name].reasons[0]
        else:
            assert found[name].value
            assert f"covers {100 * seen:.1f} %" in found[name].reasons[0]


class Own(nn.Module):
    """Neurons of one's own without a memory: 1 where the current reaches the threshold."""

    def forward(self, current: Tensor) -> Tensor:
        """0 and 1."""
        return (current > 0.3).to(current.dtype)


@pytest.mark.parametrize(
    ("neurons", "unseen"),
    [
        (neuron.IFNode, {}),
        (neuron.LIAFNode, {}),  # a LIFNode made further
        (neuron.ParametricLIFNode, {"modelled_lemaire": "IFNode and LIFNode"}),
        (Own, {"modelled_lemaire": "IFNode", "modelled_memory": "BaseNode"}),
    ],
)
def test_an_estimator_that_leaves_the_neurons_out_says_nothing(
    neurons: Any, unseen: dict[str, str]
) -> None:
    """Else the network whose neurons SpikingJelly does not know would look cheaper."""
    torch.manual_seed(0)
    given = (torch.relu, True) if neurons is neuron.LIAFNode else ()
    model = nn.Sequential(nn.Linear(8, 16), neurons(*given), nn.Linear(16, 5))
    if neurons is Own:
        find_neurons(model, Neurons(("Own",), steps=1), lambda: [ROWS])
    modelled = energy_modelled.measure(model, [ROWS], measured(model), {})
    found = {figure.name: figure for figure in modelled}
    for name in ("modelled_memory", "modelled_lemaire"):
        if name in unseen:
            assert found[name].value is None
            assert f"knows SpikingJelly's {unseen[name]}" in found[name].reasons[0]
            assert found[name].reasons[0].endswith("the states of '1' cost nothing in it")
        else:
            assert found[name].value
    assert found["modelled_hierarchy"].value
