"""The deep networks of Table 4 and the spiking variants: exact counts, layers, depth."""

from __future__ import annotations

import pytest
import torch
from spikingjelly.activation_based import functional
from torch.utils.flop_counter import FlopCounterMode
from torchinfo import summary

from benchbench import zoo
from benchbench.probes import depth as probe

FACES = torch.rand(2, 1, 48, 48, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "params", "mult_adds", "depth", "layers"),
    [
        ("vgg", 1_765_991, 118.3, 10, "CCPCCPCCPCCPFF"),
        ("resnet34", 5_315_975, 630.7, 33, "3R4R6R3RPF"),
        ("inception", 1_191_807, 155.4, 16, "CIPIIPIIPIIPF"),
        ("mobilenet_v1", 3_213_575, 28.5, 28, "CDDDDD6DDDPF"),
        ("cnn3", 50_481_671, 1242.4, 7, "CPCPCPFFFF"),
        ("shallow_cnn", 21_531_136, 109.0, 5, "CPCPFFF"),
    ],
)
def test_a_network_has_the_figures_of_its_docstring(
    name: str, params: int, mult_adds: float, depth: int, layers: str
) -> None:
    """Parameters exactly, mult-adds to the figure given by torchinfo, layers and depth as built."""
    model = zoo.build(name, {}).eval()
    found = summary(model, input_data=FACES[:1], verbose=0)
    assert sum(parameter.numel() for parameter in model.parameters()) == params
    assert round(found.total_mult_adds / 1e6, 1) == mult_adds
    (shape,) = probe.measure(model, FACES[:1])
    assert (shape.value, shape.detail["layers"]) == (depth, layers)
    assert model(FACES).shape == (2, 7)


@pytest.mark.parametrize("name", ["vgg", "resnet34", "inception", "mobilenet_v1", "conv_snn"])
def test_the_head_follows_the_data(name: str) -> None:
    """FER+ has eight classes."""
    model = zoo.build(name, {}, num_classes=8).eval()
    assert model(FACES).shape == (2, 8)


@pytest.mark.parametrize("mode", ["m", "s"])
def test_the_poisson_encoder_puts_the_first_convolution_into_the_loop(mode: str) -> None:
    """Dense mult-adds at T = 8 are 871.77 M with it and 853.19 M without, in both step modes."""
    for encoder, macs in (("poisson", 871_767_040), ("none", 853_187_584)):
        model = zoo.build("conv_snn", {"T": 8, "encoder": encoder, "step_mode": mode}).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(FACES[:1])
        functional.reset_net(model)
        assert counter.get_total_flops() / 2 == macs
        (shape,) = probe.measure(model, FACES[:1])
        assert (shape.value, shape.detail["layers"]) == (5, "CPCPFFF")


def test_the_poisson_encoder_draws_anew_and_by_seed() -> None:
    """Two passes differ, the same seed gives the same spikes, and their mean is the image."""
    model = zoo.build("conv_snn", {"T": 64, "encoder": "poisson"}).eval()
    first, second = (model.encoder(FACES.expand(64, *FACES.shape)) for _ in range(2))
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(first, second)
    assert float((first.mean(0) - FACES).abs().mean()) < 0.06
    torch.manual_seed(3)
    once = model.encoder(FACES)
    torch.manual_seed(3)
    assert torch.equal(model.encoder(FACES), once)


def test_a_model_that_writes_into_its_input_has_a_depth_too() -> None:
    """An in-place first layer is no error, and the caller's image is left as it was."""
    model = torch.nn.Sequential(
        torch.nn.ReLU(inplace=True), torch.nn.Flatten(), torch.nn.Linear(2304, 7)
    )
    image = -FACES[:1]
    assert probe.measure(model, image)[0].value == 1
    assert torch.equal(image, -FACES[:1])


@pytest.mark.parametrize("steps", [1, 4])
def test_logits_are_what_the_last_neurons_would_be_given(steps: int) -> None:
    """The spiking network without its last neurons: the same weights, the mean of their inputs."""
    torch.manual_seed(0)
    spiking = zoo.build("conv_snn", {"T": steps}).eval()
    logits = zoo.build("conv_snn_logits", {"T": steps}).eval()
    logits.load_state_dict(spiking.state_dict())
    given: list[torch.Tensor] = []
    spiking.fc[-1].register_forward_pre_hook(lambda _, args: given.append(args[0]))
    with torch.no_grad():
        spiking(FACES)
        assert torch.equal(logits(FACES), given[0].mean(0))
    assert given[0].shape == (steps, 2, 7)
