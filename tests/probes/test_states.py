"""A model that remembers what ran before has no counts, and the reason says what to do about it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import benchbench
from benchbench.errors import CountError, ModelError
from benchbench.frameworks import Neurons, resetter
from benchbench.probes import operations, spikes
from benchbench.probes.counting.firing import find_neurons

ROWS = torch.rand(3, 6, 8, generator=torch.Generator().manual_seed(1))
REMEDY = r"keeps a state between batches .* \(reset: METHOD\), or reset it in forward\(\)"


class Carried(nn.Module):
    """A recurrent layer that goes on from where the last batch ended."""

    def __init__(self) -> None:
        """8 features, 4 units."""
        super().__init__()
        torch.manual_seed(0)
        self.gru, self.fc, self.hidden = nn.GRU(8, 4, batch_first=True), nn.Linear(4, 5), None

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 8] to [N, 5]."""
        out, self.hidden = self.gru(rows, self.hidden)
        return self.fc(out[:, -1])

    def forget(self) -> None:
        """Begin anew."""
        self.hidden = None


class Cached(nn.Module):
    """Attention to everything that it ever saw."""

    def __init__(self) -> None:
        """One projection."""
        super().__init__()
        self.fc, self.cache = nn.Linear(8, 8), list[Tensor]()

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 8]."""
        self.cache.append(self.fc(rows))
        keys = torch.cat(self.cache, 1)
        return (rows @ keys.transpose(1, 2)).softmax(-1) @ keys


class Centred(nn.Module):
    """A mean of all batches in a buffer, which eval mode does not hold still."""

    def __init__(self) -> None:
        """Layers of positive outputs, so that the same inputs are zero each time."""
        super().__init__()
        torch.manual_seed(0)
        self.fc = nn.Linear(8, 5)
        self.register_buffer("mean", torch.zeros(5))

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 5]."""
        now = self.fc(rows)
        self.mean.mul_(0.9).add_(0.1 * now.mean((0, 1)))
        return now - self.mean


def test_work_that_grows_with_each_pass_is_called_by_its_cause() -> None:
    """Counters that see different passes disagree: the reason is the state, and no counter."""
    with pytest.raises(CountError, match=f"^the same sample causes other work each time.*{REMEDY}"):
        operations.measure(Cached(), ROWS[:1])


@pytest.mark.parametrize(
    ("make", "what"), [(Carried, "causes other operations"), (Centred, "has another answer")]
)
def test_what_depends_on_what_ran_before_is_refused(make: type[nn.Module], what: str) -> None:
    """Also where the operations of one sample are the same before and after the others."""
    ones = [ROWS[:1], ROWS[1:2], ROWS[2:]]
    with pytest.raises(CountError, match=f"^one image {what} before .*{REMEDY}"):
        spikes.measure(make(), ones)


def test_a_state_of_another_batch_s_size_says_what_to_do() -> None:
    """PyTorch's own words on the sizes are no remedy; with the method that resets it, it counts."""
    with pytest.raises(CountError, match=f"^a batch of 3 cannot be run.*hidden size.*{REMEDY}"):
        spikes.measure(Carried(), [ROWS])
    # The input's 6 x 8 x 12 and, from the second row on, the state's 4 x 12; then the head.
    counted = benchbench.count(Carried(), ROWS, reset="forget")
    assert counted["macs_effective"].value == 6 * 8 * 12 + 5 * 4 * 12 + 4 * 5


def test_what_is_wrong_with_a_sample_is_told_in_the_model_s_own_words() -> None:
    """A token that the table lacks is no state."""
    words = torch.tensor([[1, 2], [3, 12]])
    with pytest.raises(IndexError):
        spikes.measure(nn.Embedding(12, 8), [words])


class Rounding(nn.Module):
    """An answer whose last digit is another in each pass, as sums may be in another order."""

    def __init__(self, step: float) -> None:
        """How far it moves in a pass."""
        super().__init__()
        torch.manual_seed(0)
        self.fc, self.step, self.passes = nn.Linear(8, 5), step, 0

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 5]."""
        self.passes += 1
        return self.fc(rows) * (1 + self.step * self.passes)


def test_a_last_digit_is_no_state() -> None:
    """What rounding alone may change is counted; what is more than that is a state."""
    assert spikes.measure(Rounding(1e-7), [ROWS, ROWS])
    with pytest.raises(CountError, match="one image has another answer before than after"):
        spikes.measure(Rounding(1e-3), [ROWS, ROWS])


class Leaky(nn.Module):
    """A neuron that starts anew where the batch has another size, and at no other time."""

    def __init__(self) -> None:
        """No state yet."""
        super().__init__()
        self.v: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """One step."""
        if self.v is None or self.v.shape != x.shape:
            self.v = torch.zeros_like(x)
        self.v = self.v * 0.95 + x
        spikes = (self.v > 1.0).float()
        self.v = self.v - spikes
        return spikes


class OfItsSize(nn.Module):
    """A network of such neurons, over four steps."""

    def __init__(self) -> None:
        """8 features, 5 classes."""
        super().__init__()
        torch.manual_seed(0)
        self.fc, self.neuron, self.out = nn.Linear(8, 8), Leaky(), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 8] to [N, 5]."""
        total = torch.zeros(len(x), 5)
        for _ in range(4):
            total = total + self.out(self.neuron(self.fc(x)))
        return total

    def forget(self) -> None:
        """Begin anew."""
        self.neuron.v = None


class Hidden(nn.Module):
    """A recurrent cell whose state starts anew at another batch's size."""

    def __init__(self) -> None:
        """8 features, 4 units."""
        super().__init__()
        torch.manual_seed(0)
        self.cell, self.out = nn.RNNCell(8, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 5))
        self.state = torch.zeros(0, 4)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 8] to [N, 5]."""
        if len(self.state) != len(x):
            self.state = torch.zeros(len(x), 4)
        self.state = self.cell(x, self.state).detach()
        return self.out(self.state)


@pytest.mark.parametrize("batches", [1, 4])
def test_a_state_of_the_batch_s_size_is_refused(batches: int) -> None:
    """One sample before and after makes it start anew: the same batch twice does not."""
    rows = [torch.rand(16, 8, generator=torch.Generator().manual_seed(2))] * batches
    with pytest.raises(CountError, match=f"^one batch .* when it is run again: .*{REMEDY}"):
        spikes.measure(Hidden(), rows)
    with pytest.raises(CountError, match=f"^one batch .* when it is run again: .*{REMEDY}"):
        spikes.measure(OfItsSize(), rows)
    found = benchbench.count(OfItsSize(), rows)["firing_rate"]
    assert found.value is None
    assert "keeps a state between batches" in found.reasons[0]
    model = OfItsSize()
    find_neurons(model, Neurons(), lambda: rows)
    with pytest.raises(ModelError, match=REMEDY):  # nor is it timed
        resetter(model)


def test_a_state_of_the_batch_s_size_that_is_reset_is_counted() -> None:
    """With the method that resets it, several batches give what one does."""
    rows = torch.rand(16, 8, generator=torch.Generator().manual_seed(2))
    one, four = (
        benchbench.count(OfItsSize(), [rows] * batches, reset="forget")["firing_rate"].value
        for batches in (1, 4)
    )
    assert one is not None
    assert one > 0
    assert one == four


def test_an_encoder_that_draws_random_numbers_holds_no_state() -> None:
    """The batch is run again with the numbers that it was given."""

    class Poisson(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(8, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc((torch.rand_like(x) < x).float())

    rows = torch.rand(16, 8, generator=torch.Generator().manual_seed(2))
    assert benchbench.count(Poisson(), [rows] * 3)["macs_effective"].value is not None
