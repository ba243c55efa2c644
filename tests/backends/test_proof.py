"""A model that is executed in another way is proved to be the same, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import Tensor, nn

from benchbench import zoo
from benchbench.backends import BACKENDS, Execution
from benchbench.backends.executed import Executed, executed
from benchbench.backends.proof import BOUNDS, Proof
from benchbench.backends.proving import prove
from benchbench.data.inputs import Inputs
from benchbench.frameworks import Neurons
from benchbench.probes import execution
from benchbench.training.loss import loss_of
from benchbench.worker.in_process import prepare

CPU = torch.device("cpu")


class Net(nn.Module):
    """A small spiking network with everything in it that is changed: pools, norms, dropout."""

    def __init__(self) -> None:
        """Build it."""
        super().__init__()

        def fire() -> nn.Module:
            found: nn.Module = neuron.LIFNode(
                v_threshold=0.1, surrogate_function=surrogate.ATan(), step_mode="m"
            )
            return found

        self.static = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.rest = nn.Sequential(
            fire(),
            layer.MaxPool2d(2, step_mode="m"),
            layer.Flatten(step_mode="m"),
            layer.Dropout(0.5, step_mode="m"),
            layer.Linear(8 * 36, 64, step_mode="m"),
            fire(),
            layer.Linear(64, 7, step_mode="m"),
            fire(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Rates [N, 7]."""
        current = self.static(images)
        found: Tensor = self.rest(current.expand(4, *current.shape)).mean(0)
        return found


def proof_of(how: Executed, *, trains: bool = True) -> Proof:
    """The proof on sixteen drawn images."""
    draw = torch.Generator().manual_seed(1)
    images, labels = torch.rand(16, 1, 12, 12, generator=draw), torch.arange(16) % 7
    batch = (Inputs.of(images), labels)
    loss = loss_of("mse", how.model, 0.1) if trains else None
    return prove(how, batch, loss, "", 0)


def net() -> nn.Module:
    """The network with the weights of seed 0."""
    torch.manual_seed(0)
    return Net()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_is_the_native_model(backend: str) -> None:
    """In float32: spikes equal, outputs and gradients within bounds, and there are spikes."""
    proof = proof_of(
        executed(net(), Execution(backend, 32, "channels_last"), CPU),  # type: ignore[arg-type]
        trains=backend != "events",
    )
    assert not proof.fault
    assert proof.output < 1e-5
    assert proof.share == (None if backend == "compiled" else 1.0)
    assert [*proof.rates] == ["rest.0", "rest.5", "rest.7"]
    assert all(rate > 0 for rate in proof.rates.values())
    if backend != "events":
        assert proof.gradient is not None
        assert proof.gradient < 1e-5


def test_bfloat16_is_within_its_bounds_and_not_equal() -> None:
    """Rounded products flip some spikes: the proof tells how many."""
    proof = proof_of(executed(net(), Execution("fused", "bf16", "channels_last"), CPU))
    assert not proof.fault
    assert proof.share is not None
    assert BOUNDS["bf16"].spikes <= proof.share < 1


@pytest.mark.parametrize("precision", [32, "bf16"])
@pytest.mark.parametrize("what", ["spikes", "outputs", "gradients"])
def test_a_wrong_backend_is_found(what: str, precision: Any) -> None:
    """Spikes that are late, outputs that are scaled, gradients that are: each is told."""
    how = executed(net(), Execution("fused", precision, "channels_last"), CPU)
    wrong = how.model.rest[5 if what == "spikes" else 7]  # type: ignore[index]
    right = wrong.forward

    def forward(x: Tensor) -> Tensor:
        found: Tensor = right(x)
        if what == "spikes":
            return found.roll(1, 0)
        if what == "outputs":
            return found * 1.5
        return 2 * found - found.detach()

    how.forwards[wrong] = forward
    wrong.forward = forward
    assert what in proof_of(how).fault


def test_outputs_of_few_spikes_may_differ_by_the_flips_that_are_allowed() -> None:
    """One flip in a thousand is a tenth of the norm at 10 % spikes, and never more than a half.

    Drawn spikes say the same as the formula: a share of them flipped, over their norm.
    """

    def most(precision: Any, *rates: float) -> float:
        layers = {str(i): rate for i, rate in enumerate(rates)}
        return Proof(BOUNDS[precision], 0.0, 0.0, rates=layers).most_output

    assert most(32) == most(32, 0.1, 0.0) == BOUNDS[32].outputs
    assert most(32, 0.5, 0.1) == pytest.approx(0.1)
    assert most(32, 0.1, 1.0) == pytest.approx(0.001**0.5)
    assert most(32, 0.1, 1e-5) == 0.5
    assert most("bf16", 0.1) == BOUNDS["bf16"].outputs
    draw = torch.Generator().manual_seed(1)
    spikes = torch.rand(1_000_000, generator=draw) < 0.1
    flipped = torch.rand(1_000_000, generator=draw) < 0.001
    apart = (spikes ^ flipped).double() - spikes.double()
    assert float(apart.norm() / spikes.double().norm()) == pytest.approx(most(32, 0.1), rel=0.05)


def test_a_layer_that_hardly_fires_is_not_refused_for_one_flip() -> None:
    """What an untrained conv-SNN had: nothing wrong but the order of a sum. Two wrong are wrong."""
    few = {"last": 0.01}
    assert not Proof(BOUNDS[32], 0.176, 0.1, rates=few).fault
    assert "at most 31.6 % may" in Proof(BOUNDS[32], 0.4, 0.1, rates=few).fault
    assert "at most 2 % may" in Proof(BOUNDS[32], 0.176, 0.1).fault


def test_the_model_is_left_as_it_was() -> None:
    """Weights, batch norms, mode, gradients and random numbers, after the proof of a training."""
    model = net().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with executed(model, Execution("fused", 32, "channels_last"), CPU) as how:
        torch.manual_seed(5)
        expected = torch.rand(3)
        torch.manual_seed(5)
        proof_of(how)
        assert torch.equal(torch.rand(3), expected)
    assert not model.training
    assert all(torch.equal(before[name], it) for name, it in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any("forward" in module.__dict__ for module in model.modules())
    assert model.static[0].weight.is_contiguous()  # type: ignore[index, union-attr]
    assert [module.p for module in model.modules() if isinstance(module, layer.Dropout)] == [0.5]


class Counted(nn.Module):
    """Counts its batches in an int, as Brevitas' quantisers do."""

    def __init__(self) -> None:
        """Begin."""
        super().__init__()
        self.linear, self.norm, self.counter = nn.Linear(144, 7), nn.BatchNorm1d(7), 0

    def forward(self, x: Tensor) -> Tensor:
        """Count, and answer."""
        self.counter += 1
        found: Tensor = self.norm(self.linear(x.flatten(1)))
        return found


def test_counters_and_frozen_parts_are_left_as_they_were() -> None:
    """What is no buffer as well, and a part that evaluates while the rest trains."""
    model = Counted().train()
    model.norm.eval()
    proof_of(executed(model, Execution("fused", "bf16", "channels_last"), CPU))
    assert (model.counter, model.training, model.norm.training) == (0, True, False)


class Sign(nn.Module):
    """Activations of one bit, with the gradient of the identity."""

    def forward(self, x: Tensor) -> Tensor:
        """-1 or 1."""
        return x + (x.sign() - x).detach()


def test_layers_that_jump_are_trained_in_bfloat16_and_not_timed_there() -> None:
    """Their outputs differ by more than the bound, as natively with weights that are rounded."""
    torch.manual_seed(3)
    layers = [part for _ in range(8) for part in (nn.Linear(144, 144), Sign())]
    model = nn.Sequential(nn.Flatten(), *layers, nn.Linear(144, 7))
    how = executed(model, Execution("fused", "bf16", "channels_last"), CPU)
    before = [weight.detach().clone() for weight in model.parameters()]
    proof = proof_of(how)
    assert proof.output > BOUNDS["bf16"].outputs
    assert proof.rounding is not None
    assert proof.most_output == 2 * proof.rounding
    assert not proof.fault
    assert all(map(torch.equal, before, model.parameters()))
    inferred = proof_of(how, trains=False)
    assert inferred.rounding is None
    assert "its outputs differ by" in inferred.fault


def test_a_model_without_neurons_has_no_spikes_to_compare() -> None:
    """Its outputs and gradients are."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(144, 7))
    proof = proof_of(executed(model, Execution("fused", "bf16", "channels_last"), CPU))
    assert proof.share is None
    assert not proof.fault
    assert 0 < proof.output < 0.05


def test_without_a_compiler_it_is_native_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a failure; what really runs is told."""
    monkeypatch.setattr(
        "benchbench.backends.executed.why_no_compiler", lambda _: "InvalidCxxCompiler: none found"
    )
    how = executed(net(), Execution("fused", 32, "channels_last"), CPU)
    assert how.execution.backend == "native"
    assert "InvalidCxxCompiler" in how.facts["backend"]
    assert not proof_of(how).fault


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"T": 1}, id="T1"),
        pytest.param({"T": 8}, id="T8", marks=pytest.mark.thorough),
        pytest.param({"T": 4, "encoder": "poisson"}, id="Poisson"),
    ],
)
def test_the_papers_network_is_itself(given: dict[str, Any]) -> None:
    """Table 1's network and its variants, fused: 99.9 % of the spikes of the whole network."""
    torch.manual_seed(0)
    model: nn.Module = zoo.build("conv_snn", {**given, "v_threshold": 0.2})
    how = executed(model, Execution("fused", 32, "channels_last"), CPU)
    draw = torch.Generator().manual_seed(1)
    batch = (Inputs.of(torch.rand(2, 1, 48, 48, generator=draw)), torch.tensor([1, 5]))
    proof = prove(how, batch, loss_of("mse", model, 0.1), "", 0)
    assert not proof.fault
    assert proof.share is not None
    assert proof.share >= 0.999
    assert len(proof.rates) == 5
    assert min(proof.rates.values()) > 0


def test_a_silent_model_has_no_norm_and_says_so() -> None:
    """A spike where natively there is none: refused with a reason, and no figure is infinite."""
    silent = Proof(BOUNDS["bf16"], float("inf"), 0.25, gradient=float("inf"), gradient_largest=1.0)
    assert "outputs differ" in silent.fault
    _, outputs, gradients = execution.measure(silent)
    assert outputs.value is None
    assert gradients.value is None
    assert "all 0" in outputs.reasons[0]


def test_a_step_for_anothers_harness_is_executed_as_it_is_asked_for() -> None:
    """The fixture's step runs by the backend that is named, once it is proved, and says so."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, 16), nn.ReLU(), nn.Linear(16, 7))
    changes = {"precision": "bf16", "batch_size": 2, "images": 4}
    step = prepare(model, "train", {}, Path(), "cpu", changes, Neurons())  # type: ignore[arg-type]
    assert step.info["precision"].startswith("bf16")
    step.run()
