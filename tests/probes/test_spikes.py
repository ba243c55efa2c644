"""Operations that spikes trigger: exact, the same however they are counted, equal to the peers'."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn

from benchbench import Measurement, zoo
from benchbench.frameworks import spiking_layers
from benchbench.probes import spikes


def faces(count: int, seed: int = 1) -> Tensor:
    """Random images [count, 1, 48, 48] in [0, 1]."""
    return torch.rand(count, 1, 48, 48, generator=torch.Generator().manual_seed(seed))


def lively(**options: Any) -> Any:
    """The spiking network with weights so large that every layer fires."""
    torch.manual_seed(0)
    model = zoo.build("conv_snn", options)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data.mul_(8)
    return model


def measured(model: nn.Module, *batches: Tensor) -> dict[str, Measurement]:
    """The probe's figures by name."""
    return {figure.name: figure for figure in spikes.measure(model, batches)}


def values(model: nn.Module, *batches: Tensor) -> dict[str, Any]:
    """The probe's values and the rows behind them, rows of one layer by its name."""
    return {
        name: (figure.value, {row["name"]: row for row in figure.detail["layers"]})
        for name, figure in measured(model, *batches).items()
    }


class SmallNet(nn.Module):
    """Convolution, neurons and a linear layer, run `steps` times."""

    def __init__(self, steps: int, stride: int, groups: int, *, pool: bool) -> None:
        """Layers in step mode s."""
        super().__init__()
        self.steps = steps
        self.net = nn.Sequential(
            layer.Conv2d(1, 4, 3, padding=1),
            neuron.IFNode(),
            layer.Conv2d(4, 4, 3, stride=stride, padding=1, groups=groups),
            neuron.LIFNode(v_threshold=0.3),
            layer.MaxPool2d(2) if pool else nn.Identity(),
            layer.Flatten(),
            layer.Linear((12 // stride // (2 if pool else 1)) ** 2 * 4, 3),
            neuron.LIFNode(v_threshold=0.1),
        )
        self.net[0].weight.data.mul_(4)

    def forward(self, images: Tensor) -> Tensor:
        """Rates [N, 3]."""
        if self.net[1].step_mode == "m":
            rates: Tensor = self.net(images.expand(self.steps, *images.shape)).mean(0)
            return rates
        return torch.stack([self.net(images) for _ in range(self.steps)]).mean(0)


@settings(max_examples=8, deadline=None)
@given(
    steps=st.integers(1, 3),
    stride=st.sampled_from([1, 2]),
    groups=st.sampled_from([1, 2, 4]),
    pool=st.booleans(),
    cuts=st.lists(st.integers(1, 4), max_size=2, unique=True),
)
def test_however_it_is_counted(
    *, steps: int, stride: int, groups: int, pool: bool, cuts: list[int]
) -> None:
    """Figures do not depend on step mode, on the batches' sizes or on earlier calls."""
    torch.manual_seed(0)
    model = SmallNet(steps, stride, groups, pool=pool)
    images = torch.rand(5, 1, 12, 12)
    images[2] = 0  # blank
    expected = values(model, images)
    assert values(model, images) == expected
    cuts = sorted(cuts)
    pieces = [images[a:b] for a, b in zip([0, *cuts], [*cuts, 5], strict=True)]
    assert values(model, *pieces) == expected
    functional.set_step_mode(model, "m")
    assert values(model, *pieces) == expected


@pytest.mark.parametrize("mode", ["m", "s"])
def test_conv_snn_agrees_with_itself(mode: str) -> None:
    """The spiking network has the same exact figures in both step modes and any split."""
    reference = values(lively(step_mode="s"), faces(3))
    model = lively(step_mode=mode)
    assert values(model, faces(3)) == reference
    assert values(model, faces(3)[:1], faces(3)[1:]) == reference


@pytest.mark.parametrize("mode", ["m", "s"])
def test_every_layer_is_told(mode: str) -> None:
    """Rates, neurons, updates and densities stand for each layer and add up."""
    figures = measured(lively(step_mode=mode), faces(2))
    rates = {row["name"]: row for row in figures["firing_rate"].detail["layers"]}
    assert {name: row["neurons"] for name, row in rates.items()} == {
        "conv.0": 294_912,
        "conv.4": 73_728,
        "fc.3": 1_152,
        "fc.6": 128,
        "fc.8": 7,
    }
    neurons = sum(row["neurons"] for row in rates.values())
    assert figures["neuron_updates"].value == 4 * neurons
    fired = sum(row["spikes"] for row in rates.values())
    assert figures["firing_rate"].value == pytest.approx(fired / (4 * neurons))
    assert figures["activation_sparsity"].value == pytest.approx(1 - fired / (4 * neurons))
    assert figures["activation_sparsity"].detail["over"] == "spiking layers"
    fed = [row["name"] for row in figures["synops_exact"].detail["layers"]]
    assert fed == ["conv.2", "fc.2", "fc.5", "fc.7"]
    assert all(row["rate"] > 0 for row in rates.values())
    assert all(figure.n == 2 and figure.reasons == () for figure in figures.values())


def test_rate_and_exact_differ_by_padding_alone() -> None:
    """In linear layers input rate times dense operations is exact; at borders it is not."""
    figures = measured(lively(), faces(2))
    exact, rate = (
        {row["name"]: row["synops"] for row in figures[name].detail["layers"]}
        for name in ("synops_exact", "synops_rate")
    )
    for name in ("fc.2", "fc.5", "fc.7"):
        assert exact[name] == pytest.approx(rate[name])
    assert exact["conv.2"] < rate["conv.2"]


def test_blank_image_does_not_make_the_first_layer_free() -> None:
    """The image layer stays a multiplying one when some of the images are blank."""
    model, blank = lively(T=2), torch.zeros(1, 1, 48, 48)
    alone, beside = measured(model, faces(1)), measured(model, faces(1), blank)
    rows = beside["synops_exact"].detail["layers"]
    assert "static.0" not in [row["name"] for row in rows]
    first = beside["macs_effective"].detail["layers"][0]
    assert (first["name"], first["binary"]) == ("static.0", False)
    image_layer = alone["macs_effective"].detail["layers"][0]
    assert first["macs_effective"] == image_layer["macs_effective"] / 2


def test_interval() -> None:
    """The interval is Student's over batches of one size, and absent otherwise."""
    model = lively(T=2)
    batches = [faces(2, seed) for seed in (1, 2, 3)]
    single = [measured(model, batch)["synops_exact"].value for batch in batches]
    figure = measured(model, *batches)["synops_exact"]
    low, high = stats.t.interval(
        0.95, 2, loc=sum(single) / 3, scale=stats.sem(torch.tensor(single, dtype=torch.float64))
    )
    assert (figure.low, figure.high) == pytest.approx((low, high))
    assert figure.n == 6
    for batches in ([faces(2)], [faces(2), faces(1)]):
        figure = measured(model, *batches)["synops_exact"]
        assert (figure.low, figure.high) == (None, None)


@pytest.mark.parametrize("name", ["shallow_cnn", "cnn3"])
def test_cnn(name: str) -> None:
    """A network without spikes has sparsity over its ReLU layers and no synaptic operations."""
    model = zoo.build(name, {})
    figures = measured(model, faces(2))
    for missing in ("firing_rate", "synops_exact", "synops_rate", "neuron_updates"):
        assert figures[missing].value is None
        assert figures[missing].reasons == ("the model has no spiking neurons",)
    sparsity = figures["activation_sparsity"]
    assert sparsity.detail["over"] == "ReLU layers"
    assert 0.2 < sparsity.value < 0.8
    relus = [n for n, module in model.named_modules() if isinstance(module, nn.ReLU)]
    assert [row["name"] for row in sparsity.detail["layers"]] == relus
    assert figures["macs_effective"].value > 0


def test_effective_of_a_relu_by_hand() -> None:
    """A ReLU network's effective operations leave its zeros out."""
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2, bias=False))
    data = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    hidden = int((model[0](data) > 0).sum())
    figures = measured(model, data)
    assert figures["macs_effective"].value == pytest.approx((6 * 3 * 4 + hidden * 2) / 6)
    assert figures["activation_sparsity"].value == pytest.approx(1 - hidden / 24)


def test_silent_layers_are_named() -> None:
    """Layers that never fire on these images are named beside every figure."""
    torch.manual_seed(0)
    figures = measured(zoo.build("conv_snn", {}), faces(1))
    for name in ("firing_rate", "synops_exact", "activation_sparsity"):
        assert figures[name].reasons == ("fc.6 never fired", "fc.8 never fired")
        assert figures[name].valid


@pytest.mark.parametrize("name", ["conv_snn", "shallow_cnn"])
@pytest.mark.parametrize("where", ["weight", "image"])
def test_not_a_number(name: str, where: str) -> None:
    """What is not finite makes every figure n/a, with a reason that says where or what."""
    model, images = zoo.build(name, {}), faces(1)
    if where == "image":
        images[0, 0, 0, 0] = torch.nan
    else:
        model.fc[7].weight.data.fill_(torch.nan)
    for figure in measured(model, images).values():
        assert figure.value is None
        assert "not finite" in figure.reasons[0]
    functional.reset_net(model)
    with torch.inference_mode():
        model(faces(1))  # not broken by the early end


def test_what_is_a_spiking_layer() -> None:
    """SpikingJelly's firing neurons of every family are found, and nothing else is."""
    model = nn.Sequential(
        nn.ReLU(),
        neuron.ParametricLIFNode(),
        neuron.PSN(T=2),
        neuron.NonSpikingLIFNode(),
        nn.Sequential(neuron.GatedLIFNode(T=2)),
    )
    assert list(spiking_layers(model)) == ["1", "2", "4.0"]


def test_neurons_that_know_all_steps_only() -> None:
    """Neurons without step mode s have their time steps told from their neurons."""
    model = nn.Sequential(layer.Linear(3, 5, step_mode="m"), neuron.PSN(T=2))
    figures = measured(nn.Sequential(OverTime(), model), torch.rand(4, 3))
    assert figures["firing_rate"].detail["layers"][0]["neurons"] == 5
    assert figures["neuron_updates"].value == 10


class OverTime(nn.Module):
    """Repeats its input for two time steps."""

    def forward(self, rows: Tensor) -> Tensor:
        """[N, C] to [T, N, C]."""
        return rows.expand(2, *rows.shape)


def test_nothing_to_count() -> None:
    """No images, and no activations, are reasons and not zeros."""
    assert {f.reasons for f in spikes.measure(lively(T=1), [])} == {("there are no images",)}
    figures = measured(nn.Sequential(nn.Linear(3, 2)), torch.rand(2, 3))
    assert figures["activation_sparsity"].value is None
    assert figures["macs_effective"].value == 6


def test_model_is_given_back() -> None:
    """Mode and neurons are as before, and the figures are those of eval mode."""
    model = lively(T=2)
    trained = measured(model, faces(2))["synops_exact"].value
    assert model.training
    assert model.conv[0].v == 0.0
    assert measured(model.eval(), faces(2))["synops_exact"].value == trained
    assert not model.training


@pytest.mark.parametrize("mode", ["m", "s"])
def test_equals_spikingjelly(mode: str) -> None:
    """Exact synaptic operations are those of SpikingJelly's SynOpCounter."""
    from spikingjelly.activation_based.op_counter import DispatchCounterMode, SynOpCounter

    model, batch = lively(step_mode=mode, T=3).eval(), faces(2)
    ours = measured(model, batch)["synops_exact"].value
    counter = SynOpCounter()
    # Not in inference mode: it has no rule for the composite operations that arrive there, and
    # says 0.
    with torch.no_grad(), DispatchCounterMode([counter], strict=False):
        model(batch)
    assert ours == counter.get_total() / len(batch)
    assert ours > 0


@pytest.mark.peers
def test_equals_neurobench() -> None:
    """Exact synaptic operations are NeuroBench's Effective_ACs, the rest its Effective_MACs."""
    pytest.importorskip("neurobench")
    from neurobench.metrics.workload import SynapticOperations
    from neurobench.models import TorchModel

    # Its sums are of floats: in single precision they stop being exact at 2^24. And it leaves out
    # weights that happen to be zero; 21 million random ones in single precision have some.
    model, batch = lively(step_mode="s", T=3).double(), faces(2).double()
    for parameter in model.parameters():
        parameter.data[parameter == 0] = 1e-9
    figures = measured(model, batch)
    functional.reset_net(model)
    peer = TorchModel(model)
    peer.register_hooks()
    with torch.no_grad():
        outputs = peer(batch)
        found = SynapticOperations()(peer, outputs, (batch, torch.zeros(2)))
    peer.cleanup_hooks()
    exact, effective = figures["synops_exact"].value, figures["macs_effective"].value
    assert float(found["Effective_ACs"]) == exact
    assert float(found["Effective_MACs"]) == effective - exact
    from benchbench.probes import operations

    functional.reset_net(model)
    dense = {figure.name: figure.value for figure in operations.measure(model, batch)}
    assert float(found["Dense"]) == dense["macs_valid"]
