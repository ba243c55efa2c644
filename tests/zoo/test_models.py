"""The spiking network of Table 1, the CNN of Table 3 and the ReLU twin."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from spikingjelly.activation_based import functional
from torch import Tensor, nn

from benchbench import zoo


def built(name: str, **settings: Any) -> Any:
    """A model of the zoo with reproducible weights."""
    torch.manual_seed(0)
    return zoo.build(name, settings)


def lively(model: nn.Module) -> nn.Module:
    """The model with weights so large that every spiking layer fires."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data.mul_(8)
    return model.eval()


def images(count: int, seed: int = 1) -> Tensor:
    """Random images [count, 1, 48, 48] in [0, 1]."""
    return torch.rand(count, 1, 48, 48, generator=torch.Generator().manual_seed(seed))


def run(model: nn.Module, batch: Tensor) -> Tensor:
    """Outputs of a freshly reset model without autograd."""
    functional.reset_net(model)
    with torch.inference_mode():
        outputs: Tensor = model(batch)
    return outputs


@pytest.mark.parametrize(
    ("name", "classes", "params"),
    [
        ("conv_snn", 7, 21_531_136),  # Table 1 and Table 3
        ("conv_snn", 8, 21_531_264),
        ("shallow_cnn", 7, 21_531_136),
        ("cnn3", 7, 50_481_671),
    ],
)
def test_parameters(name: str, classes: int, params: int) -> None:
    """Each model has exactly the parameters that its docstring claims."""
    model = built(name, num_classes=classes).eval()
    assert sum(parameter.numel() for parameter in model.parameters()) == params
    assert run(model, images(2)).shape == (2, classes)


def test_layers_are_those_of_table_1() -> None:
    """The spiking network's layers stand in the order of Table 1."""
    model = built("conv_snn")
    kinds = [[type(module).__name__ for module in part] for part in model.children()]
    assert kinds == [
        ["Conv2d", "BatchNorm2d"],
        ["IFNode", "MaxPool2d", "Conv2d", "BatchNorm2d", "IFNode", "MaxPool2d"],
        [
            *("Flatten", "Dropout", "Linear", "LIFNode"),
            *("Dropout", "Linear", "LIFNode"),
            *("Linear", "LIFNode"),
        ],
    ]
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [layer.bias for layer in layers] == [None] * 5


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_step_modes_agree(steps: int) -> None:
    """Both step modes give the same rates from the same weights, before and after a switch."""
    several = lively(built("conv_snn", T=steps, step_mode="m"))
    single = lively(built("conv_snn", T=steps, step_mode="s"))
    assert several.state_dict().keys() == single.state_dict().keys()
    expected = run(several, images(2))
    assert expected.max() > 0
    assert expected.min() >= 0
    assert expected.max() <= 1
    torch.testing.assert_close(expected * steps, (expected * steps).round())
    torch.testing.assert_close(run(single, images(2)), expected)
    functional.set_step_mode(several, "s")
    torch.testing.assert_close(run(several, images(2)), expected)
    functional.set_step_mode(several, "m")
    torch.testing.assert_close(run(several, images(2)), expected)


def test_rates_follow_the_neurons_equations() -> None:
    """The rates are those of the IF and LIF equations written out by hand."""
    model = lively(built("conv_snn", T=3))
    expected = run(model, images(2))
    conv, linear = model.conv[2], [model.fc[i] for i in (2, 5, 7)]
    with torch.inference_mode():
        current = model.static(images(2))
        volts = [torch.zeros(())] * 5
        total = torch.zeros(2, 7)
        for _ in range(3):
            x = current
            for stage in range(2):  # IF: V += X; spike at 1; reset to 0
                if stage == 1:
                    x = model.conv[3].eval()(conv(x[None]))[0]
                charge = volts[stage] + x
                spike = (charge >= 1).float()
                volts[stage] = charge * (1 - spike)
                x = nn.functional.max_pool2d(spike, 2)
            x = x.flatten(1)
            for stage in range(2, 5):  # LIF: V += (X - V) / tau
                charge = volts[stage] + (linear[stage - 2](x) - volts[stage]) / 2.0
                x = (charge >= 1).float()
                volts[stage] = charge * (1 - x)
            total += x
    assert total.max() > 0
    torch.testing.assert_close(total / 3, expected)


@pytest.mark.parametrize("mode", ["m", "s"])
def test_static_convolution_runs_once(mode: str) -> None:
    """The first convolution stands outside the time loop in both step modes."""
    model = built("conv_snn", step_mode=mode).eval()
    calls: list[int] = []
    model.static.register_forward_hook(lambda *_: calls.append(1))
    run(model, images(1))
    assert len(calls) == 1


@pytest.mark.parametrize("mode", ["m", "s"])
def test_trains_before_and_after_inference(mode: str) -> None:
    """Every parameter gets a gradient, also right after inference mode and a reset."""
    model = lively(built("conv_snn", T=2, step_mode=mode))
    run(model, images(2))
    functional.reset_net(model)
    model.train()
    model(images(2)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_time_is_needed() -> None:
    """A network without a time step is refused."""
    with pytest.raises(ValueError, match="T must be at least 1"):
        built("conv_snn", T=0)


def test_twin_has_the_layers_of_the_spiking_network() -> None:
    """The ReLU twin has weights of the same shapes in the same order."""
    spiking, twin = built("conv_snn"), built("shallow_cnn")
    assert [p.shape for p in spiking.parameters()] == [p.shape for p in twin.parameters()]
