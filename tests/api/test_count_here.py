"""`benchbench.count` on any module: right, and the model is left exactly as it was."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn
from torch.utils._pytree import tree_map

import benchbench
from benchbench import api, zoo

if TYPE_CHECKING:
    from collections.abc import Callable

ZOO: dict[str, dict[str, Any]] = {
    "cnn3": {},
    "conv_snn": {"T": 2},
    "inception": {},
    "mobilenet_v1": {},
    "resnet34": {},
    "shallow_cnn": {},
    "vgg": {},
}


def spiking() -> nn.Module:
    """A spiking network in step mode s, with dropout that keeps its mask."""
    return nn.Sequential(
        layer.Conv2d(1, 2, 3, padding=1),
        layer.BatchNorm2d(2),
        neuron.LIFNode(),
        nn.Flatten(),
        layer.Dropout(0.5),
        layer.Linear(2 * 48 * 48, 7),
        neuron.IFNode(),
    )


def picture(model: nn.Module) -> dict[str, Any]:
    """Everything that a count might change, copied."""
    seen: dict[str, Any] = {}
    for path, module in model.named_modules():
        seen[f"{path}.training"] = module.training
        for key in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
            seen[f"{path}.{key}"] = dict(getattr(module, key))
        memories = getattr(module, "_memories", {})
        seen[f"{path}.memories"] = tree_map(_copied, dict(memories))
    for name, parameter in model.named_parameters():
        grad = None if parameter.grad is None else parameter.grad.clone()
        seen[f"parameter {name}"] = parameter.detach().clone()
        seen[f"grad {name}"] = grad
        seen[f"state {name}"] = (id(parameter), parameter.requires_grad, parameter.device.type)
    for name, buffer in model.named_buffers():
        seen[f"buffer {name}"] = buffer.clone()
    return seen


def _copied(value: object) -> object:
    return value.detach().clone() if isinstance(value, Tensor) else value


def assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Equal to the bit, key by key."""
    assert before.keys() == after.keys()
    for key, old in before.items():
        new = after[key]
        if isinstance(old, Tensor):
            assert torch.equal(old, new), key
        elif isinstance(old, dict):
            assert old.keys() == new.keys(), key
            for inner, value in old.items():
                same = torch.equal(value, new[inner]) if isinstance(value, Tensor) else None
                assert same if same is not None else value == new[inner], (key, inner)
        else:
            assert old == new, key


def fresh(name: str) -> nn.Module:
    """A model of the zoo, or the spiking one."""
    torch.manual_seed(0)
    model: nn.Module = spiking() if name == "spiking" else zoo.build(name, ZOO[name])
    return model


@pytest.mark.slow
@given(
    name=st.sampled_from(["spiking", *ZOO]),
    state=st.sets(st.sampled_from(["train", "ran", "graded", "frozen", "hooked"])),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=6)
def test_a_model_is_left_as_it_was(name: str, state: set[str], seed: int) -> None:
    """Mode, weights, gradients, hooks, buffers, neurons' states and all random numbers stay."""
    model = fresh(name).train("train" in state)
    images = torch.rand(2, 1, 48, 48)
    if "frozen" in state:
        next(model.parameters()).requires_grad_(requires_grad=False)
    if "hooked" in state:
        model.register_forward_hook(lambda *_: None)
    if "ran" in state:  # neurons then hold the graph of their last batch
        model(images)
    if "graded" in state:
        functional.reset_net(model)
        model(images).sum().backward()
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global one is what must not move
    torch.manual_seed(seed)
    numbers = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    before = picture(model)
    counts = benchbench.count(model, images)
    assert counts["params"].value == sum(p.numel() for p in model.parameters())
    assert_same(before, picture(model))
    assert random.getstate() == numbers[0]
    assert (np.random.get_state()[1] == numbers[1]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), numbers[2])


def test_a_reference_gives_what_the_command_line_gives() -> None:
    """The same weights, images and figures in this process and in a worker."""
    here = benchbench.count("conv_snn", set={"T": 2})
    there = api.count_in_worker("conv_snn", {"T": 2}, "synthetic_faces", None, None)
    assert json.dumps(here.to_json()) == json.dumps(there.to_json())


def test_any_module_and_any_shape() -> None:
    """A batch, several batches, an array, a shape, a function; figures by hand."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 5))
    dense = 4 * 3 * 9 * 64 + 256 * 5
    batch = torch.rand(2, 3, 8, 8)
    for inputs in (batch, [batch, batch], batch.numpy(), (3, 8, 8)):
        assert benchbench.count(net, inputs)["macs_dense"].value == dense
    assert benchbench.count(lambda: net, batch)["macs_dense"].value == dense
    assert (
        benchbench.count(nn.Linear, batch[:, 0, 0], set={"in_features": 8, "out_features": 3})[
            "params"
        ].value
        == (8 + 1) * 3
    )
    by_shape = {figure.name for figure in benchbench.count(net, (3, 8, 8)).measurements}
    assert not by_shape & {"synops_exact", "macs_effective", "activation_sparsity"}


def test_what_the_caller_has_set_in_torch_does_no_harm() -> None:
    """The same figures without autograd, in inference mode and under autocast; all stays set."""
    model = spiking()
    images = torch.rand(2, 1, 48, 48)
    plain = benchbench.count(copy.deepcopy(model), images).to_json()
    modes: list[Callable[[], Any]] = [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", torch.bfloat16),
    ]
    for mode in modes:
        with mode():
            assert benchbench.count(model, images).to_json() == plain
    assert torch.is_grad_enabled()
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize(
    ("model", "inputs", "message"),
    [
        (nn.Linear(3, 2), torch.rand(2, 4), r"Linear cannot be run on inputs of shape \(2, 4\)"),
        (nn.Linear(3, 2), "face.png", "inputs: expected a batch"),
        (nn.Linear(3, 2), (3, -1), "inputs: expected a batch"),
        (nn.Conv2d(3, 2, 3), None, "give inputs= that it takes"),
        (lambda: 5, (3,), "returned int, not a torch.nn.Module"),
        ("conv_sn", (3,), "did you mean 'conv_snn'"),
        (nn.LazyLinear(2), (3,), "LazyLinear: weight has no shape before a first batch: run it"),
    ],
)
def test_what_cannot_be_counted_says_what_to_do(model: Any, inputs: Any, message: str) -> None:
    """One sentence, as the public exception."""
    with pytest.raises(benchbench.ModelError, match=message):
        benchbench.count(model, inputs)


def test_a_model_that_cannot_be_copied_is_refused_whole() -> None:
    """The message says that a function helps, and it does."""

    def build() -> nn.Module:
        net = nn.Linear(3, 2)
        net.__dict__["lines"] = (line for line in ())
        return net

    with pytest.raises(benchbench.ModelError, match="give the function that builds it"):
        benchbench.count(build(), (3,))
