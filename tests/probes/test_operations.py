"""The paper's figures, and four counters that must agree."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest
import torch
from spikingjelly.activation_based import base, functional, layer, neuron
from torch import Tensor, nn

from benchbench import Measurement, zoo
from benchbench.errors import CountError
from benchbench.probes import operations
from benchbench.probes.counting import agreement, crosscheck
from benchbench.probes.counting.macs import Tally

FACE = torch.rand(1, 1, 48, 48, generator=torch.Generator().manual_seed(1))


def measured(model: nn.Module, example: Tensor = FACE) -> dict[str, Measurement]:
    """The probe's figures by name."""
    return {figure.name: figure for figure in operations.measure(model, example)}


@pytest.mark.parametrize(
    ("name", "settings", "dense", "valid", "torchinfo"),
    [
        # Table 3: 427.92 M. By hand: 2,654,208 + 4 (84,934,656 + 21,233,664 + 147,456 + 896).
        ("conv_snn", {"step_mode": "m"}, 427_920_896, 409_235_456, 427_922_176),
        ("conv_snn", {"step_mode": "s"}, 427_920_896, 409_235_456, 427_922_176),
        ("conv_snn", {"T": 8}, 853_187_584, 815_889_920, 853_189_888),
        ("conv_snn", {"T": 1}, 108_970_880, 104_244_608, 108_971_392),
        ("cnn3", {}, 1_241_583_104, 1_104_015_872, 1_242_365_447),
        ("shallow_cnn", {}, 108_970_880, 104_244_608, 108_971_392),
    ],
)
def test_zoo(name: str, settings: dict[str, Any], dense: int, valid: int, torchinfo: int) -> None:
    """Each model takes exactly the multiply-accumulates that four counters find."""
    figures = measured(zoo.build(name, settings))
    assert figures["macs_dense"].value == dense
    assert figures["macs_valid"].value == valid
    assert figures["macs_torchinfo"].value == torchinfo
    rows = figures["macs_dense"].detail["layers"]
    assert sum(row["macs_dense"] for row in rows) == dense
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert {tuple(row["counters"]) for row in rows} == {
        ("benchbench", "FlopCounterMode / 2", "fvcore", "torchinfo")
    }


def test_rows_are_the_layers() -> None:
    """Each layer has its path, kind, operations and parameters."""
    rows = measured(zoo.build("conv_snn", {}))["macs_dense"].detail["layers"]
    assert [(row["name"], row["kind"], row["macs_dense"], row["params"]) for row in rows] == [
        ("static.0", "conv", 2_654_208, 1_152),
        ("conv.2", "conv", 4 * 84_934_656, 147_456),
        ("fc.2", "linear", 4 * 21_233_664, 21_233_664),
        ("fc.5", "linear", 4 * 147_456, 147_456),
        ("fc.7", "linear", 4 * 896, 896),
    ]


def test_a_parametrised_weight_is_the_layer_s_own() -> None:
    """Its parameters stand one module further in: they count, and the rows add up to the model."""
    model = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 2)))
    rows = {item.name: item for item in operations.measure(model, torch.rand(2, 4))}
    (row,) = rows["macs_dense"].detail["layers"]
    assert row["params"] == sum(p.numel() for p in model.parameters()) == 4 * 2 + 2 + 2


def test_torchinfo_adds_biases_and_norms() -> None:
    """What torchinfo adds to the multiply-accumulates is accounted for to the last one."""
    figures = measured(zoo.build("cnn3", {}))
    total, dense = figures["macs_torchinfo"], figures["macs_dense"]
    assert total.value == dense.value + sum(total.detail["added"].values())
    assert total.detail["added"]["conv.1"] == 512
    assert total.detail["added"]["conv.0"] == 256 * 48 * 48


def test_per_sample() -> None:
    """A larger batch gives the same figures."""
    model = zoo.build("conv_snn", {"T": 2})
    few, many = measured(model), measured(model, FACE.expand(3, 1, 48, 48))
    assert {name: f.value for name, f in few.items()} == {n: f.value for n, f in many.items()}


def lie(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make one counter wrong by one multiply-accumulate in the layer ``fc.5``."""

    def more(figures: Any) -> Any:
        figures["fc.5"] += 1
        return figures

    if liar == "benchbench":
        own = agreement.Counter._record

        def record(self: Any, weight: Any, kind: str, tally: Tally, values: Any) -> None:
            more = Tally(macs_dense=weight.weight == "fc.5.weight")
            own(self, weight, kind, tally + more, values)

        monkeypatch.setattr(agreement.Counter, "_record", record)
    elif liar == "FlopCounterMode / 2":
        torch_macs = agreement.torch_macs
        monkeypatch.setattr(agreement, "torch_macs", lambda *args: more(torch_macs(*args)))
    elif liar == "fvcore":
        fvcore = agreement.fvcore_macs
        monkeypatch.setattr(agreement, "fvcore_macs", lambda *args: (more(fvcore(*args)[0]), ""))
    else:
        info = agreement.torchinfo_macs

        def summary(*args: Any) -> crosscheck.TorchInfo:
            found = info(*args)
            more(found.layers)
            return found

        monkeypatch.setattr(agreement, "torchinfo_macs", summary)


@pytest.mark.parametrize("liar", ["benchbench", "FlopCounterMode / 2", "fvcore", "torchinfo"])
def test_a_lie_names_the_layer(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A counter that is wrong by one stops the probe, which names layer and figures."""
    model = zoo.build("conv_snn", {"T": 1})
    lie(liar, monkeypatch)
    with pytest.raises(CountError) as caught:
        operations.measure(model, FACE)
    assert "layer 'fc.5': counters of dense mult-adds disagree" in str(caught.value)
    assert f"{liar} 147,457" in str(caught.value)
    assert "147,456" in str(caught.value)


def test_model_is_given_back() -> None:
    """Weights, modes, neurons and gradients are as before."""
    model = zoo.build("conv_snn", {"T": 2})
    model.fc[1].eval()
    model(FACE).sum().backward()
    functional.reset_net(model)
    before = copy.deepcopy(model.state_dict())
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    state = torch.random.get_rng_state()
    measured(model)
    assert model.training
    assert not model.fc[1].training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    pairs = zip(gradients, model.parameters(), strict=True)
    assert all(torch.equal(gradient, parameter.grad) for gradient, parameter in pairs)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.step_mode == model.conv[0].step_mode == "m"
    assert model.conv[0].v == 0.0
    assert torch.equal(state, torch.random.get_rng_state())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_leftover_state_does_not_matter() -> None:
    """A model that has just trained, and kept its graph, gives the same figures."""
    model = zoo.build("conv_snn", {"T": 2})
    expected = measured(model)["macs_dense"].value
    model(FACE)
    assert measured(model)["macs_dense"].value == expected
    assert measured(model)["macs_torchinfo"].value is not None


def test_torchinfo_has_no_memory_of_classes() -> None:
    """Two models of one class in one process have each its own figures."""
    two, eight = (zoo.build("conv_snn", {"T": steps}) for steps in (2, 8))
    assert measured(two)["macs_torchinfo"].value == 215_288_320
    assert measured(eight)["macs_torchinfo"].value == 853_189_888
    assert not crosscheck.torchinfo.torchinfo._cached_forward_pass


class OnlySeveral(nn.Module, base.MultiStepModule):
    """A spiking model that knows step mode ``m`` alone."""

    def __init__(self) -> None:
        """One layer."""
        super().__init__()
        self.step_mode = "m"
        self.linear = layer.Linear(9, 2, step_mode="m")
        self.fire = neuron.LIFNode(step_mode="m")

    def forward(self, images: Tensor) -> Tensor:
        """Rates [N, 2]."""
        rates: Tensor = self.fire(self.linear(images.flatten(1).expand(2, -1, -1))).mean(0)
        return rates


def test_torchinfo_is_missing_with_a_reason() -> None:
    """Where step mode s cannot be had, torchinfo's figure is n/a and the others stand."""
    figures = measured(OnlySeveral(), torch.rand(1, 1, 3, 3))
    assert figures["macs_dense"].value == 2 * 18
    assert figures["macs_torchinfo"].value is None
    assert "step mode" in figures["macs_torchinfo"].reasons[0]


def test_torchinfo_of_other_work_is_missing() -> None:
    """A model that does less in step mode s has no torchinfo figure."""

    class Forgetful(OnlySeveral):
        def supported_step_mode(self) -> tuple[str, ...]:
            return ("s", "m")

        def forward(self, images: Tensor) -> Tensor:
            flat = images.flatten(1)
            if self.step_mode == "s":
                return self.fire(self.linear(flat))
            return super().forward(images)

    figures = measured(Forgetful(), torch.rand(1, 1, 3, 3))
    assert figures["macs_torchinfo"].value is None
    assert "other work" in figures["macs_torchinfo"].reasons[0]


@pytest.mark.parametrize(
    ("model", "example", "dense"),
    [
        (
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
            torch.rand(3, 5, 8),
            5 * 8 * (24 + 8 + 32) + 2 * 5 * 5 * 8,
        ),
        (nn.LSTM(8, 4, batch_first=True), torch.rand(3, 5, 8), 5 * (8 * 16 + 4 * 16)),
        (nn.Sequential(nn.ConvTranspose2d(2, 3, 3, stride=2)), torch.rand(2, 2, 4, 4), 864),
        (nn.utils.parametrizations.weight_norm(nn.Linear(4, 2)), torch.rand(2, 5, 4), 40),
    ],
)
def test_where_torchinfo_is_wrong(model: nn.Module, example: Tensor, dense: int) -> None:
    """Layers that torchinfo has no right formula for make its figure invalid, ours stands."""
    figures = measured(model, example)
    assert figures["macs_dense"].value == dense
    assert not figures["macs_torchinfo"].valid
    assert "no right formula for layer" in figures["macs_torchinfo"].reasons[0]


def test_no_noise(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is printed, logged or warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measured(zoo.build("conv_snn", {"T": 1}))
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_a_layer_is_told_from_a_number() -> None:
    """In a `Sequential` its name is one."""
    assert operations._layers(["3"]) == "layer '3'"
    assert operations._layers(["3", "fc"]) == "layers '3', 'fc'"
