"""A weight stays a weight, and nothing is left out in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from spikingjelly.activation_based import layer, neuron
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from benchbench.errors import CountError
from benchbench.probes import energy_modelled, operations, spikes

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench import Measurement

IMAGES = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(1))
FIRST, SECOND = 6 * 6 * 4 * 9, 4 * 6 * 6 * 5  # mult-adds of the two layers of `Spiking`


def measured(model: nn.Module, images: Tensor = IMAGES) -> dict[str, Measurement]:
    """Figures of operations and spikes by name."""
    figures = [*operations.measure(model, images[:1]), *spikes.measure(model, [images])]
    return {figure.name: figure for figure in figures}


class Spiking(nn.Module):
    """A convolution of the image, neurons, and a linear layer whose weight may be made anew."""

    def __init__(self, make: Callable[[Tensor], Tensor] | None = None) -> None:
        """The same weights each time."""
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 4, 3)
        self.fire = neuron.IFNode(v_threshold=0.3)
        self.fc = nn.Linear(4 * 6 * 6, 5, bias=False)
        self.register_buffer("mask", (torch.rand_like(self.fc.weight) > 0.5).float())
        self.scale = nn.Parameter(torch.tensor(0.01))
        self.make = make

    def forward(self, images: Tensor) -> Tensor:
        """Currents [N, 5]."""
        fired = self.fire(self.conv(images)).flatten(1)
        if self.make is None:
            return self.fc(fired)
        return linear(fired, self.make(self.fc.weight))


def with_(change: Callable[[nn.Module], object]) -> Spiking:
    """The model with its linear layer changed."""
    model = Spiking()
    change(model.fc)
    return model


def masked() -> Spiking:
    """A mask in a buffer of the model's."""
    model = Spiking()
    model.make = lambda weight: weight * model.mask
    return model


def learned_scale() -> Spiking:
    """Quantised by a scale that is a parameter, which comes first."""
    model = Spiking()
    model.make = lambda weight: model.scale * (weight / model.scale).round()
    return model


def in_a_buffer(fc: nn.Module) -> None:
    """The weight is no parameter."""
    weight = fc.weight.data.clone()
    del fc.weight
    fc.register_buffer("weight", weight)


def plain(fc: nn.Module) -> None:
    """The weight is a plain tensor among the attributes."""
    weight = fc.weight.data.clone()
    del fc.weight
    fc.weight = weight


MADE: dict[str, Callable[[], nn.Module]] = {
    "pruned": lambda: with_(lambda fc: prune.l1_unstructured(fc, "weight", 0.5)),
    "masked": masked,
    "masked anew": lambda: Spiking(lambda weight: weight * (torch.rand_like(weight) > 0.5)),
    "spectral norm": lambda: with_(parametrizations.spectral_norm),
    "orthogonal": lambda: with_(parametrizations.orthogonal),
    "weight norm": lambda: with_(parametrizations.weight_norm),
    "old weight norm": lambda: with_(weight_norm),
    "old spectral norm": lambda: with_(spectral_norm),
    "fake-quantised": lambda: Spiking(
        lambda weight: torch.fake_quantize_per_tensor_affine(weight, 0.01, 0, -128, 127)
    ),
    "fake-quantised by channel": lambda: Spiking(
        lambda weight: torch.fake_quantize_per_channel_affine(
            weight, weight.abs().amax(1) / 127, torch.zeros(5, dtype=torch.int32), 0, -128, 127
        )
    ),
    "scale made in the pass": lambda: Spiking(lambda weight: (weight / torch.tensor(0.01)).round()),
    "learned scale": learned_scale,
    "signs": lambda: Spiking(torch.sign),
    "buffer": lambda: with_(in_a_buffer),
    "plain tensor": lambda: with_(plain),
}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # the old norms are deprecated
@pytest.mark.parametrize("how", MADE)
def test_a_weight_stays_a_weight(how: str) -> None:
    """Whatever a weight is made of, the spikes that meet it cause the same synaptic operations."""
    torch.manual_seed(0)
    figures, plain = measured(MADE[how]()), measured(Spiking())
    assert figures["synops_exact"].value == plain["synops_exact"].value > 0
    rows = figures["macs_dense"].detail["layers"]
    product = [row for row in rows if row["kind"] == "linear" and row["macs_dense"] == SECOND]
    assert product
    made = sum(row["macs_dense"] for row in rows if row["kind"] == "weights")
    assert figures["macs_dense"].value == FIRST + SECOND + made


@pytest.mark.parametrize("how", ["pruned", "masked"])
def test_sparsity_is_of_the_weight_as_it_runs(how: str) -> None:
    """A mask's zeros are the weight's zeros."""
    model = MADE[how]()
    mask = model.mask if how == "masked" else model.fc.weight_mask
    zeros = int((mask == 0).sum())
    assert zeros > 200
    found = measured(model)["weight_sparsity"].value
    assert found == pytest.approx(zeros / (mask.numel() + 36))


def test_sparsity_of_no_weight_is_missing() -> None:
    """Biases and norms are no weights, and a third at 0 is a third."""
    model = nn.Sequential(nn.Linear(6, 2), nn.BatchNorm1d(2))
    model[0].weight.data.fill_(1)
    model[0].weight.data[:, :2] = 0
    nn.init.zeros_(model[0].bias)
    figures = measured(model, torch.rand(2, 6))
    assert figures["weight_sparsity"].value == pytest.approx(1 / 3)
    assert measured(nn.ReLU(), torch.rand(2, 6))["weight_sparsity"].value is None


class Adapted(nn.Module):
    """A low-rank product added to a weight (LoRA)."""

    def __init__(self) -> None:
        """A weight and its two factors."""
        super().__init__()
        self.fc = nn.Linear(64, 5)
        self.down, self.up = nn.Parameter(torch.rand(2, 64)), nn.Parameter(torch.rand(5, 2))

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, 5]."""
        return linear(images.flatten(1), self.fc.weight + self.up @ self.down)


def test_a_weight_put_together_at_run_time_is_told() -> None:
    """Products of weights alone are counted, told beside the figure, and give a weight."""
    figure = measured(Adapted())["macs_dense"]
    assert {(row["kind"], row["macs_dense"]) for row in figure.detail["layers"]} == {
        ("weights", 5 * 2 * 64),
        ("linear", 5 * 64),
    }
    assert "weights are made from weights" in figure.reasons[0]
    assert "fed" not in figure.reasons[0]


class Functional(nn.Module):
    """Whatever a function does with an image [N, 64] and a weight [64, 5]."""

    def __init__(self, run: Callable[[Tensor, Tensor], Tensor], **options: Any) -> None:
        """One weight."""
        super().__init__()
        self.weight = nn.Parameter(torch.rand(64, 5, **options))
        self.run = run

    def forward(self, images: Tensor) -> Tensor:
        """What the function gives."""
        return self.run(images.flatten(1), self.weight)


@torch.library.custom_op("benchbench_test::multiply", mutates_args=())
def custom(rows: Tensor, weight: Tensor) -> Tensor:
    """An operator of somebody's own."""
    return rows @ weight


REFUSED: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], str]] = {
    "custom": (custom, "an operator of 'benchbench_test'"),
    "broadcast": (lambda x, w: (x[:, :, None] * w).sum(1), "a product by broadcasting"),
    "broadcast mean": (lambda x, w: (w * x.unsqueeze(2)).mean(dim=1), "a product by broadcasting"),
    "broadcast of one": (lambda x, w: (x[:1, None] * w.t()).sum(-1), "a product by broadcasting"),
    "with a shift": (lambda x, w: (x[:1, None] * w.t() + 1).sum(-1), "a product by broadcasting"),
    "in place": (
        lambda x, w: x[:1, None].repeat(1, 5, 1).mul_(w.t()).sum(-1),
        "a product by broadcasting",
    ),
    "expanded": (
        lambda x, w: (x[:1, None].expand(1, 5, 64) * w.t()).sum(-1),
        "a product by broadcasting",
    ),
    "held out before": (
        lambda x, w: (x[None] * torch.ones(5, 1, 1) * w.t()[:, None]).sum(-1),
        "a product by broadcasting",
    ),
    "of a constant": (
        lambda x, w: (x[:, None] * torch.ones(5, 64)).sum(-1) * w.sum(0),
        "a product by broadcasting",
    ),
    "pooled": (
        lambda x, w: nn.functional.avg_pool1d(x[:1, None] * w.t(), 64),
        "a product by broadcasting",
    ),
    "cumulated": (
        lambda x, w: torch.cumsum(x[:1, None] * w.t(), -1)[..., -1],
        "a product by broadcasting",
    ),
    "fft": (lambda x, w: torch.fft.rfft(x).abs() @ w[:33], "aten._fft_r2c"),
    "sparse": (lambda x, w: torch.sparse.mm(x.to_sparse(), w), "sparse"),
    "complex": (lambda x, w: (x.to(torch.complex64) @ w.to(torch.complex64)).real, "complex"),
    "distances": (lambda x, w: torch.cdist(x, w.t()), "aten._cdist_forward"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_cannot_be_seen_is_refused(how: str) -> None:
    """What may hold a product that no rule knows is refused, with its name."""
    run, reason = REFUSED[how]
    with pytest.raises(CountError, match=reason):
        measured(Functional(run))


class Scaled(nn.Module):
    """A linear layer, and what scales and shifts it channel by channel."""

    def __init__(self) -> None:
        """Norms and factors."""
        super().__init__()
        self.fc, self.norm, self.batch = nn.Linear(64, 5), nn.LayerNorm(5), nn.BatchNorm1d(5)
        self.scale, self.shift = nn.Parameter(torch.rand(5)), nn.Parameter(torch.rand(5))
        self.places = nn.Parameter(torch.rand(3, 5))

    def forward(self, images: Tensor) -> Tensor:
        """[N]: the mean over three places and over channels."""
        rows = self.norm(self.batch(self.fc(images.flatten(1)))) * self.scale + self.shift
        steps = (rows.repeat(3, 1, 1) * self.scale).mean(0)  # three time steps
        there = torch.stack([rows, steps, rows], 1) * self.places
        return (there * rows.mean(-1)[:, None, None]).sum((1, 2))


def test_a_scale_and_a_shift_are_no_product() -> None:
    """Norms, layer scales and biases before a sum are counted as before, of one sample too."""
    assert measured(Scaled())["macs_dense"].value == 64 * 5


class HeldOut(nn.Module):
    """An image held out over four time steps by a constant, pooled, and what counts of it."""

    def __init__(self, constant: Tensor) -> None:
        """In step mode m."""
        super().__init__()
        self.constant = constant.tolist()
        self.pool, self.conv = layer.AvgPool2d(2, step_mode="m"), layer.Conv2d(1, 3, 3)
        self.conv.step_mode = "m"
        self.fire, self.fc = neuron.IFNode(v_threshold=0.1, step_mode="m"), nn.Linear(12, 2)

    def forward(self, images: Tensor) -> Tensor:
        """The mean over time."""
        steps = images.unsqueeze(0) * torch.tensor(self.constant).view(4, 1, 1, 1, 1)
        return self.fc(self.fire(self.conv(self.pool(steps))).flatten(2)).mean(0)


@pytest.mark.parametrize("constant", [torch.ones(4), 2.0 ** -torch.arange(4)])
@pytest.mark.parametrize("images", [1, 3])
def test_an_image_held_out_by_a_constant_is_no_product(constant: Tensor, images: int) -> None:
    """Repeated or weighted over time, of one sample and of several; a pool comes after."""
    assert measured(HeldOut(constant), IMAGES[:images])["macs_dense"].value == 528


@pytest.mark.parametrize(
    "run",
    [
        lambda x, w: (x @ torch.ones(64, 5)) * w.sum(0) + 0 * w[:1],
        lambda x, w: torch.from_numpy(x.numpy() @ w.numpy()),
    ],
)
def test_parameters_that_fed_no_product_are_named(run: Any) -> None:
    """A matrix that no counted product was fed with stands beside the figure."""
    figure = measured(Functional(run))["macs_dense"]
    assert "no product with these parameters was counted: weight" in figure.reasons


class Attention(nn.Module):
    """Attention by einsum."""

    def __init__(self) -> None:
        """One projection."""
        super().__init__()
        self.qkv = nn.Linear(8, 24)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 8, 8]."""
        q, k, v = self.qkv(images.squeeze(1)).chunk(3, -1)
        scores = torch.einsum("bqd,bkd->bqk", q, k).softmax(-1)
        return torch.einsum("bqk,bkd->bqd", scores, v)


class Unused(nn.Module):
    """One of two layers is run for nothing."""

    def __init__(self) -> None:
        """Two layers."""
        super().__init__()
        self.used, self.box = nn.Linear(64, 5), nn.Sequential(nn.Linear(64, 3))

    def forward(self, images: Tensor) -> Tensor:
        """[N, 5]."""
        self.box(images.flatten(1))
        return self.used(images.flatten(1))


class Delayed(nn.Module):
    """Neurons that fire one step late: what the last step is fed reaches no output."""

    def __init__(self) -> None:
        """A layer before the neurons, in a box, and one behind them."""
        super().__init__()
        torch.manual_seed(0)
        self.box, self.out = nn.Sequential(nn.Linear(8, 6)), nn.Linear(6, 2)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 1, T, 8] to [N, 2]."""
        potential, total = torch.zeros(len(images), 6), torch.zeros(len(images), 2)
        for row in images.squeeze(1).unbind(1):
            spikes = (potential > 0.3).float()
            total = total + self.out(spikes)
            potential = 0.9 * potential * (1 - spikes) + self.box(row)
        return total


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("make", "dense", "blind"),
    [
        (Attention, 8 * 8 * 24 + 2 * 8 * 8 * 8, "fvcore"),
        (Unused, 64 * 8, "fvcore"),
        (Delayed, 8 * (8 * 6 + 6 * 2), "fvcore"),
        (lambda: nn.Sequential(nn.Flatten(), weight_norm(nn.Linear(64, 5))), 320, "torchinfo"),
    ],
)
def test_who_cannot_see_has_no_vote(make: Any, dense: int, blind: str) -> None:
    """A counter that does not know an operation stops nothing, and is named."""
    figure = measured(make())["macs_dense"]
    assert figure.value == dense
    assert any(reason.startswith(f"{blind} does not see") for reason in figure.reasons)
    layers = figure.detail["layers"]
    assert any(blind not in row["counters"] for row in layers)
    assert all("FlopCounterMode / 2" in row["counters"] for row in layers)


class Pooled(nn.Module):
    """A linear layer behind neurons, and something between them."""

    def __init__(self, between: nn.Module, size: int) -> None:
        """Layers."""
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(
            nn.Conv2d(1, 4, 3), neuron.IFNode(v_threshold=0.2), between, nn.Flatten()
        )
        self.fc = nn.Linear(size, 5)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 5]."""
        return self.fc(self.net(images))


class Halved(nn.Module):
    """Half of everything."""

    def forward(self, values: Tensor) -> Tensor:
        """The same shape."""
        return values / 2


@pytest.mark.parametrize(("between", "size"), [(nn.AvgPool2d(2), 36), (Halved(), 144)])
def test_spikes_that_are_none_any_more_are_named(between: nn.Module, size: int) -> None:
    """Layers that pooled or scaled spikes feed are charged as mult-adds, and named."""
    figures = measured(Pooled(between, size))
    assert figures["synops_exact"].value == 0
    assert any(reason.endswith(": fc") for reason in figures["synops_exact"].reasons)
    whole = measured(Pooled(nn.MaxPool2d(2), 36))["synops_exact"]
    assert whole.value > 0
    assert not whole.reasons


class SpikeAttention(nn.Module):
    """Attention of spikes without a softmax."""

    def __init__(self) -> None:
        """Neurons before the products."""
        super().__init__()
        self.fire = neuron.IFNode(v_threshold=0.5)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 8, 8]."""
        fired = self.fire(images.squeeze(1) * 2)
        return (fired @ fired.transpose(1, 2)) @ fired


def test_the_two_products_of_attention_are_two_rows() -> None:
    """Spikes times spikes are synaptic operations; what comes out of that is none."""
    figures = measured(SpikeAttention())
    rows = {row["name"] for row in figures["macs_dense"].detail["layers"]}
    assert rows == {":matmul", ":matmul.2"}
    assert [row["name"] for row in figures["synops_exact"].detail["layers"]] == [":matmul"]
    assert figures["synops_exact"].reasons[0].endswith(": :matmul.2")


class Remembering(nn.Module):
    """A layer with a state that nobody resets."""

    def __init__(self, decay: float) -> None:
        """Layers."""
        super().__init__()
        self.fc, self.out, self.decay, self.state = nn.Linear(64, 9), nn.Linear(9, 5), decay, 0.0
        nn.init.constant_(self.fc.weight, 0.01)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 5]."""
        self.state = self.state * self.decay + self.fc(images.flatten(1)).mean()
        return self.out((self.state.expand(len(images), 9) > 0.8).float())


def test_a_state_between_batches_is_refused() -> None:
    """A model that remembers the batch before has no figures, one that does not has."""
    with pytest.raises(CountError, match="keeps a state between batches"):
        spikes.measure(Remembering(1.0), [IMAGES, IMAGES, IMAGES])
    assert spikes.measure(Remembering(0.0), [IMAGES, IMAGES, IMAGES])


@pytest.mark.parametrize(
    "make",
    [
        lambda: neuron.PSN(2),
        lambda: neuron.MaskedPSN(2, 2, step_mode="m"),
        lambda: neuron.SlidingPSN(2, step_mode="m"),
    ],
)
def test_neurons_without_a_step_mode(make: Any) -> None:
    """A parallel neuron, which takes all steps at once, multiplies its [T, T] with them."""

    class Parallel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.fire, self.out = nn.Linear(64, 9), make(), layer.Linear(9, 5)

        def forward(self, images: Tensor) -> Tensor:
            now = self.fc(images.flatten(1))
            return self.out(self.fire(now.expand(2, *now.shape).contiguous())).mean(0)

    figure = measured(Parallel())["macs_dense"]
    products = {row["name"]: row["macs_dense"] for row in figure.detail["layers"]}
    assert products == {"fc": 64 * 9, "fire": 2 * 2 * 9, "out": 2 * 9 * 5}


def test_fetches_of_weights_that_are_no_parameters_are_not_modelled_as_none() -> None:
    """A weight in a buffer is fetched from memory like any other, and nobody knows its size."""
    model = with_(in_a_buffer)
    modelled = energy_modelled.measure(model, [IMAGES], measured(model), {})
    found = {figure.name: figure for figure in modelled}["modelled_hierarchy"]
    assert found.value is None
    assert "the weights of fc are no parameters" in found.reasons[0]
    plain = energy_modelled.measure(Spiking(), [IMAGES], measured(Spiking()), {})
    assert {figure.name: figure for figure in plain}["modelled_hierarchy"].value


class LowRank(nn.Module):
    """A weight to which a product of two small ones is added."""

    def __init__(self) -> None:
        """Rank 2."""
        super().__init__()
        self.a, self.b = nn.Parameter(torch.randn(2, 36)), nn.Parameter(torch.randn(10, 2))

    def forward(self, weight: Tensor) -> Tensor:
        """The sum."""
        return weight + self.b @ self.a


class Queries(nn.Module):
    """Learned queries, repeated for each sample before they are projected."""

    def __init__(self) -> None:
        """Three queries of four numbers."""
        super().__init__()
        self.queries, self.own = nn.Parameter(torch.randn(3, 4)), nn.Linear(4, 5, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Queries times data, [N, 3, 2]."""
        return self.own(self.queries.expand(len(x), 3, 4).contiguous()) @ x


@pytest.mark.parametrize("sizes", [(1,), (4,), (16, 16, 16), (2, 5)])
def test_weights_of_weights_cost_a_sample_the_same_in_any_batch(
    sizes: tuple[int, ...],
) -> None:
    """They are made once a pass, and a sample is charged one, as dense mult-adds do."""
    low, queries = nn.Linear(36, 10), Queries()
    parametrize.register_parametrization(low, "weight", LowRank())
    for model, shape, of_data, of_weights in (
        (low, (36,), 360, 720),
        (queries, (5, 2), 30, 60),
    ):
        found = {
            it.name: it
            for it in spikes.measure(model, [torch.rand(n, *shape) + 0.1 for n in sizes])
        }
        effective = found["macs_effective"]
        assert effective.value == of_data + of_weights
        rows = {row["name"]: row for row in effective.detail["layers"]}
        (made,) = (row for name, row in rows.items() if name.endswith(":weights"))
        assert made["macs_effective"] == made["macs_dense"] == of_weights
        if len({*sizes}) < len(sizes):
            assert effective.low == effective.high == effective.value
