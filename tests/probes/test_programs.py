"""Models that are not run as they were written, and what packs or gathers its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor, nn

import benchbench
from benchbench.errors import CountError
from benchbench.probes import operations, size, spikes
from benchbench.probes.counting.context import countable
from benchbench.probes.counting.counter import Counter

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench import Measurement

ROWS = torch.rand(2, 6, 8, generator=torch.Generator().manual_seed(1))
NET = 6 * 8 * 16 + 6 * 16 * 5  # of `Net`, a sample of six rows


class Net(nn.Module):
    """Two linear layers."""

    def __init__(self) -> None:
        """8 to 16 to 5 features."""
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 5)

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 8] to [N, L, 5]."""
        return self.two(torch.relu(self.one(rows)))


def measured(model: nn.Module, batch: Tensor = ROWS) -> dict[str, Measurement]:
    """Figures of size, operations and spikes by name."""
    found = [*size.measure(model), *operations.measure(model, batch[:1])]
    return {figure.name: figure for figure in (*found, *spikes.measure(model, [batch]))}


PROGRAMS: dict[str, Callable[[], nn.Module]] = {
    "scripted": lambda: torch.jit.script(Net()),
    "traced": lambda: torch.jit.trace(Net(), ROWS),
    "frozen": lambda: torch.jit.freeze(torch.jit.script(Net().eval())),
    "inside": lambda: nn.Sequential(torch.jit.script(Net())),
    "exported": lambda: torch.export.export(Net(), (ROWS[:1],)).module(),
}


@pytest.mark.filterwarnings("ignore")  # PyTorch calls TorchScript deprecated
@pytest.mark.parametrize("how", PROGRAMS)
def test_a_program_is_refused_with_what_to_give(how: str) -> None:
    """TorchScript and exported programs run no hooks of their layers: the module is asked for."""
    model = PROGRAMS[how]()
    where = "'0'" if how == "inside" else r"'\(the model\)'"
    given = "exported from" if how == "exported" else "scripted or traced from"
    with (
        pytest.raises(CountError, match=rf"layer {where} is .*give the module that .*{given}"),
        countable(model),
    ):
        pass


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", ["scripted", "frozen", "inside"])
def test_the_parameters_of_a_program_are_not_guessed(how: str) -> None:
    """A frozen program has none left, as constants of its own: no figure, never 0."""
    for figure in size.measure(PROGRAMS[how]()):
        assert figure.value is None
        assert "count the module that it was scripted or traced from" in figure.reasons[0]


@pytest.mark.parametrize("inside", [False, True])
def test_a_compiled_module_is_counted_as_it_was_written(
    inside: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Nothing is compiled for a count, and the figures are the module's."""

    def compiler(*_: object) -> Any:
        raise AssertionError("a count compiles")

    model = torch.compile(Net(), backend=compiler)
    figures = measured(nn.Sequential(model) if inside else model)
    plain = measured(Net())
    assert figures["macs_dense"].value == plain["macs_dense"].value == NET
    assert figures["params"].value == plain["params"].value
    assert "shapes" not in figures["macs_dense"].detail  # the pass without a counter


class Bag(nn.Module):
    """Words' vectors summed up, and a linear layer."""

    def __init__(self, mode: str, *, weighted: bool = False) -> None:
        """Twelve words."""
        super().__init__()
        self.words, self.head = nn.EmbeddingBag(12, 8, mode=mode), nn.Linear(8, 5)
        self.weighted = weighted

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, F] to [N, 5]."""
        ids = (rows.flatten(1) * 12).long()
        told = {"per_sample_weights": rows.flatten(1)} if self.weighted else {}
        return self.head(self.words(ids, **told))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_a_bag_of_words_gathers_and_multiplies_nothing(mode: str) -> None:
    """An embedding bag has no mult-adds, as an embedding has none; its table is named."""
    figure = measured(Bag(mode))["macs_dense"]
    assert figure.value == 8 * 5
    assert "no product with these parameters was counted: words.weight" in figure.reasons


def test_a_bag_with_weights_of_its_own_is_refused() -> None:
    """Rows times weights are products, for which there is no rule."""
    with pytest.raises(CountError, match=r"_embedding_bag.* no rule .* as matmul, einsum"):
        measured(Bag("sum", weighted=True))


@pytest.mark.parametrize(
    ("conv", "batch", "real"),
    [
        (nn.Conv1d(6, 5, 3, dtype=torch.complex64), (2, 6, 8), 5 * 6 * 3 * 6),
        (nn.Conv2d(2, 3, 3, padding=1, dtype=torch.complex64), (2, 2, 4, 4), 3 * 2 * 9 * 16),
    ],
)
def test_a_complex_convolution_is_three_real_ones(
    conv: nn.Module, batch: tuple[int, ...], real: int
) -> None:
    """PyTorch runs Gauss's three products in place of four, and they count as real mult-adds."""
    figures = measured(conv, torch.rand(batch, dtype=torch.complex64))
    assert figures["macs_dense"].value == 3 * real


@pytest.mark.parametrize("kept", [1, 2])
def test_tied_weights_are_one_weight_and_each_use_counts(kept: int) -> None:
    """A head that is its embedding has its parameters once, and its work as often as it runs."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.head = nn.Embedding(12, 8), nn.Linear(8, 12, bias=False)
            self.head.weight = self.words.weight

        def forward(self, ids: Tensor) -> Tensor:
            logits: Tensor = self.head(self.words(ids))
            return logits if kept == 1 else self.head(logits @ self.words.weight)

    figures = measured(Tied(), torch.randint(12, (2, 6)))
    assert figures["params"].value == 12 * 8
    assert figures["macs_dense"].value == 6 * 8 * 12 * (1 if kept == 1 else 3)
    assert not any("no product" in reason for reason in figures["macs_dense"].reasons)


def test_views_of_one_vector_are_told_apart() -> None:
    """Weights that share a storage have each its own name, zeros and products."""
    net = Net()
    flat = nn.utils.parameters_to_vector(net.parameters()).detach().clone()
    nn.utils.vector_to_parameters(flat, net.parameters())
    net.two.weight.data[:2] = 0
    with countable(net), Counter(net) as counter:
        net(ROWS[:1])
    assert [(layer.name, layer.weight) for layer in counter.layers()] == [
        ("one", "one.weight"),
        ("two", "two.weight"),
    ]
    assert counter.fed == {"one.weight", "two.weight"}
    assert counter.zeros() == (2 * 16, 8 * 16 + 16 * 5)


class Whole(nn.Module):
    """A matrix that is cut into two layers, and used whole too."""

    def __init__(self) -> None:
        """Two parameters in one storage."""
        super().__init__()
        flat = torch.rand(12, 8)
        self.upper, self.lower = nn.Parameter(flat[:5]), nn.Parameter(flat[5:])
        self.flat = flat

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 8] to [N, L, 12]."""
        return rows @ self.upper.t() @ self.upper @ self.flat.t()


def test_a_product_with_several_parameters_at_once_feeds_them_all() -> None:
    """What spans two views is a weight still, of both."""
    model = Whole()
    with countable(model), Counter(model) as counter:
        model(ROWS[:1])
    assert counter.fed == {"upper", "lower"}
    assert sum(layer.tally.macs_dense for layer in counter.layers()) == 6 * 8 * (5 + 5 + 12)


@pytest.mark.skipif(not hasattr(torch, "_grouped_mm"), reason="this PyTorch has no _grouped_mm")
@pytest.mark.parametrize("left_over", [0, 2])
def test_each_row_meets_one_expert(left_over: int) -> None:
    """A mixture's product counts every row once, not once an expert; rows of none are refused."""

    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.rand(3, 8, 16))

        def forward(self, rows: Tensor) -> Tensor:
            flat = rows.flatten(0, 1)
            ends = [len(flat) // 3, len(flat) // 2, len(flat) - left_over]
            offsets = torch.tensor(ends, dtype=torch.int32)
            return torch._grouped_mm(flat, self.weight, offs=offsets)

    if left_over:
        with pytest.raises(CountError, match="_grouped_mm"):
            measured(Experts())
        return
    figures = measured(Experts())
    assert figures["macs_dense"].value == 6 * 8 * 16
    assert figures["weight_sparsity"].n == 3 * 8 * 16
    assert not any("no product" in reason for reason in figures["macs_dense"].reasons)


def test_a_batch_size_that_is_fixed_says_what_to_do() -> None:
    """One sample of the batch is run alone, and that is told."""

    class Fixed(nn.Module):
        def forward(self, rows: Tensor) -> Tensor:
            return rows.view(2, 48) @ torch.ones(48, 1)

    with pytest.raises(benchbench.ModelError, match="one sample of them"):
        benchbench.count(Fixed(), ROWS)
