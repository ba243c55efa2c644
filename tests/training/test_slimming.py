"""Network Slimming: what is cut, that it was nothing, and that it loads again."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch
import torch_pruning
from spikingjelly.activation_based import functional
from torch import nn

from benchbench import zoo
from benchbench.errors import ModelError
from benchbench.suite.training import Slim
from benchbench.training.slimming import NORMS, add_l1_subgradient, gammas, prune
from benchbench.training.weights import load_weights, save_weights

if TYPE_CHECKING:
    from pathlib import Path

FACES = torch.rand(4, 1, 48, 48, generator=torch.Generator().manual_seed(0))
ZOO = ("vgg", "resnet34", "mobilenet_v1", "inception", "conv_snn")


def uneven(name: str) -> nn.Module:
    """A model whose batch norms have scales, shifts and statistics of their own."""
    torch.manual_seed(0)
    model: nn.Module = zoo.build(name, {}).eval()
    for module in model.modules():
        if isinstance(module, NORMS):
            module.weight.data.uniform_(0.05, 1)
            module.bias.data.normal_(0, 0.1)
            module.running_mean.normal_(0, 0.1)
        elif isinstance(module, nn.Linear) and name == "conv_snn":
            module.weight.data.mul_(8)  # so that every spiking layer fires
    return model


def outputs(model: nn.Module) -> torch.Tensor:
    """Of a freshly reset model."""
    functional.reset_net(model)
    with torch.no_grad():
        out: torch.Tensor = model.eval()(FACES)
    functional.reset_net(model)
    return out


@pytest.mark.parametrize("name", ZOO)
def test_half_the_channels_go_and_it_still_runs(name: str) -> None:
    """Parameters fall below half, the head is whole, and the model itself is left as it was."""
    model = uneven(name)
    before = outputs(model)
    smaller, rate = prune(model, FACES[:1], Slim(ratio=0.5))
    assert rate == 0.5
    assert torch.equal(outputs(model), before)
    assert outputs(smaller).shape == (4, 7)
    sizes = [sum(p.numel() for p in m.parameters()) for m in (model, smaller)]
    assert sizes[1] < 0.5 * sizes[0]
    assert 0.4 < 1 - len(gammas(smaller)) / len(gammas(model)) < 0.6


@pytest.mark.parametrize("name", ["vgg", "conv_snn", "mobilenet_v1"])
def test_masked_and_cut_agree(name: str) -> None:
    """Channels of scale and shift 0 give the same outputs whether they are there or not."""
    model = uneven(name)
    scales = [m for m in model.modules() if isinstance(m, NORMS)]
    for norm in scales:  # a third of each layer is off, far below all others
        off = torch.arange(len(norm.weight)) % 3 == 0
        norm.weight.data[off] = 0
        norm.bias.data[off] = 0
    share = float((gammas(model) == 0).float().mean())
    smaller, _ = prune(model, FACES[:1], Slim(ratio=share))
    assert len(gammas(smaller)) < 0.75 * len(gammas(model))
    if name == "mobilenet_v1":  # a depthwise channel and its input go together: nearly all are off
        assert (gammas(smaller) == 0).float().mean() < 0.2
    wanted = outputs(model)
    assert wanted.abs().max() > 0
    assert torch.allclose(outputs(smaller), wanted, atol=1e-5)


def test_a_target_is_reached_and_not_by_much() -> None:
    """Parameters and mult-adds come down to the target, within a few channels' worth."""
    model = uneven("vgg")
    smaller, _ = prune(model, FACES[:1], Slim(params=900_000))
    assert 870_000 < sum(p.numel() for p in smaller.parameters()) <= 900_000
    with pytest.raises(ModelError, match="no more than the target"):
        prune(model, FACES[:1], Slim(params=9_000_000))


def test_vgg19_comes_from_71_to_9_6_million() -> None:
    """71,430,855 parameters; a global threshold brings them between 9.5 and 9.7 million."""
    model = uneven("vgg19_fer")
    assert sum(p.numel() for p in model.parameters()) == 71_430_855
    smaller, _ = prune(model, FACES[:1], Slim(params=9_650_000))
    assert 9_500_000 < sum(p.numel() for p in smaller.parameters()) <= 9_650_000


def test_a_layer_whose_scales_are_all_small_is_cut_too() -> None:
    """A sixteenth of it is left, and the rate is what was asked for."""
    model = uneven("vgg")
    last = [m for m in model.modules() if isinstance(m, NORMS)][-1]
    last.weight.data.mul_(1e-4)
    smaller, _ = prune(model, FACES[:1], Slim(ratio=0.5))
    left = [m for m in smaller.modules() if isinstance(m, NORMS)][-1]
    assert left.num_features == round(last.num_features / 16)
    assert 1 - len(gammas(smaller)) / len(gammas(model)) == pytest.approx(0.5, abs=0.01)
    assert outputs(smaller).shape == (4, 7)
    with pytest.raises(ModelError, match="must be left"):
        prune(model, FACES[:1], Slim(ratio=0.95))


def test_our_subgradient_is_torch_prunings() -> None:
    """The L1 term adds the same to every scale's gradient as BNScalePruner.regularize."""
    model = uneven("vgg")
    model(FACES).sum().backward()
    theirs = copy.deepcopy(model)
    for ours, other in zip(model.parameters(), theirs.parameters(), strict=True):
        other.grad = ours.grad.clone()
    pruner = torch_pruning.pruner.BNScalePruner(
        theirs,
        FACES[:1],
        importance=torch_pruning.importance.BNScaleImportance(normalizer=None),
        reg=1e-4,
        ignored_layers=[theirs.fc[-1]],
    )
    pruner.regularize(theirs)
    add_l1_subgradient(model, 1e-4)
    for ours, other in zip(model.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(ours.grad, other.grad, atol=1e-8)


def test_a_model_without_batch_norms_is_refused() -> None:
    """There is no scale to go by."""
    with pytest.raises(ModelError, match="batch norms"):
        prune(nn.Sequential(nn.Flatten(), nn.Linear(2304, 7)), FACES[:1], Slim(ratio=0.5))


@pytest.mark.parametrize("name", ["mobilenet_v1", "conv_snn"])
def test_a_cut_model_loads_without_torch_pruning(tmp_path: Path, name: str) -> None:
    """Architecture and weights come back equal in a process that cannot import torch-pruning."""
    smaller, _ = prune(uneven(name), FACES[:1], Slim(ratio=0.5))
    file, out = tmp_path / "cut.pt", tmp_path / "out.pt"
    save_weights(smaller, file, {"pruned": True})
    code = (
        "import sys; sys.modules['torch_pruning'] = None\n"
        "import torch; from pathlib import Path; from benchbench import zoo\n"
        "from benchbench.training.weights import load_weights\n"
        f"model = zoo.build({name!r}, {{}}).eval(); load_weights(model, Path({str(file)!r}))\n"
        "faces = torch.rand(4, 1, 48, 48, generator=torch.Generator().manual_seed(0))\n"
        f"torch.save(model(faces).detach(), {str(out)!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert torch.allclose(torch.load(out, weights_only=True), outputs(smaller), atol=1e-6)


def test_a_cut_checkpoint_of_another_model_is_a_clear_error(tmp_path: Path) -> None:
    """A missing key, and another architecture, are named."""
    smaller, _ = prune(uneven("vgg"), FACES[:1], Slim(ratio=0.5))
    file = tmp_path / "cut.pt"
    save_weights(smaller, file, {"pruned": True})
    with pytest.raises(ModelError, match="no weights of 'blocks"):
        load_weights(zoo.build("resnet34", {}), file)
    content = torch.load(file, weights_only=True)
    del content["state_dict"]["conv.0.weight"]
    torch.save(content, file)
    with pytest.raises(ModelError, match=r"no weights of 'conv\.0'"):
        load_weights(zoo.build("vgg", {}), file)
