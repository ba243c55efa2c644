"""Depth: of the whole network, or of none of it; a layer once, however often it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from spikingjelly.activation_based import encoding, neuron
from torch import Tensor, nn

from benchbench.probes import depth

if TYPE_CHECKING:
    from benchbench import Measurement


def told(model: nn.Module, example: Tensor) -> Measurement:
    """The probe's one figure."""
    (figure,) = depth.measure(model, example)
    return figure


class Heavy(nn.Module):
    """Four layers with a step between, which has no gradient; or hidden from autograd."""

    def __init__(self, how: str) -> None:
        """Layers."""
        super().__init__()
        self.how = how
        self.hidden = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))
        self.out = nn.Linear(6, 2)

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 2]."""
        with torch.set_grad_enabled(self.how != "no gradients"):
            for layer in self.hidden:
                rows = layer(rows)
                rows = (rows >= 0).float() if self.how == "no surrogate" else rows.relu()
                rows = rows.detach() if self.how == "detached" else rows
        answer: Tensor = self.out(rows)
        return answer


@pytest.mark.parametrize("how", ["no surrogate", "no gradients", "detached"])
def test_behind_a_cut_there_is_no_depth(how: str) -> None:
    """The layers in front of the cut are named; one layer behind it is not the network."""
    figure = told(Heavy(how), torch.rand(1, 6))
    assert figure.value is None
    assert "the graph is cut behind hidden.0, hidden.1, hidden.2" in figure.reasons[0]
    assert told(Heavy(""), torch.rand(1, 6)).value == 4


def test_an_encoder_between_layers_cuts_it() -> None:
    """Random spikes have no gradient."""
    model = nn.Sequential(nn.Linear(6, 6), nn.Sigmoid(), encoding.PoissonEncoder(), nn.Linear(6, 2))
    assert told(model, torch.rand(1, 6)).value is None


@pytest.mark.parametrize("steps", [2, 7])
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_recurrent_layer_is_as_deep_as_its_layers(kind: type[nn.RNNBase], steps: int) -> None:
    """Three layers between two, of a sequence of any length, in one direction or in both."""

    class Sequence(nn.Module):
        def __init__(self, *, both: bool) -> None:
            super().__init__()
            self.one = nn.Linear(4, 5)
            self.over = kind(5, 3, num_layers=3, batch_first=True, bidirectional=both)
            self.two = nn.Linear(6 if both else 3, 2)

        def forward(self, rows: Tensor) -> Tensor:
            answer: Tensor = self.two(self.over(self.one(rows))[0][:, -1])
            return answer

    for both in (False, True):
        assert told(Sequence(both=both), torch.rand(1, steps, 4)).value == 5


class Again(nn.Module):
    """A recurrent layer by hand, and spiking neurons, over time; frozen weights."""

    def __init__(self, steps: int) -> None:
        """Three layers."""
        super().__init__()
        self.steps = steps
        self.one, self.back, self.two = nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 2)
        self.neurons = neuron.LIFNode()
        self.requires_grad_(requires_grad=False)

    def forward(self, rows: Tensor) -> Tensor:
        """[N, 2]."""
        state, out = torch.zeros(len(rows), 5), torch.zeros(())
        for _ in range(self.steps):
            state = self.neurons(self.one(rows) + self.back(state))
            out = out + self.two(state)
        return out


@pytest.mark.parametrize("steps", [2, 6])
def test_a_layer_counts_once_however_often_it_runs(steps: int) -> None:
    """The longest path goes through all three; parameters stay frozen."""
    model = Again(steps)
    assert told(model, torch.rand(1, 4)).value == 3
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_letters_that_would_leave_a_layer_out_are_not_told() -> None:
    """A transposed convolution has none: the depth is four, and `CCF` would deny it."""
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3),
        nn.ReLU(),
        nn.Conv2d(2, 2, 3),
        nn.ReLU(),
        nn.ConvTranspose2d(2, 1, 3),
        nn.Flatten(),
        nn.Linear(36, 3),
    )
    found = told(model, torch.rand(1, 1, 8, 8))
    assert (found.value, found.detail.get("layers")) == (4, None)
    del model[4]
    model[5] = nn.Linear(32, 3)
    found = told(model, torch.rand(1, 1, 8, 8))
    assert (found.value, found.detail.get("layers")) == (3, "CCF")


def test_branches_and_made_weights_count_as_before() -> None:
    """A shortcut is no deeper; a normed weight, and one of a function, are layers too."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 2, 3, padding=1))
            self.two, self.short = nn.Conv1d(2, 2, 1), nn.Conv1d(2, 2, 1)
            self.head = nn.Parameter(torch.rand(8, 3))

        def forward(self, rows: Tensor) -> Tensor:
            answer: Tensor = self.two(self.one(rows).relu()) + self.short(rows)
            return answer.flatten(1) @ self.head

    assert told(Block(), torch.rand(1, 2, 4)).value == 3
