"""NeuroBench's own harness and our export of the same networks on the same samples, by figure."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import benchbench
from benchbench import zoo
from benchbench.report.exports.neurobench import results_of
from benchbench.results.schema import CellResult

pytestmark = pytest.mark.peers
STATIC = ("Footprint", "ParameterCount", "ConnectionSparsity")
WORKLOAD = ("ActivationSparsity", "SynapticOperations")


def harness(model: Any, samples: Tensor) -> dict[str, Any]:
    """What NeuroBench says of a wrapped model on some samples, as its benchmark returns it."""
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics import static, workload

    loader = DataLoader(
        TensorDataset(samples, torch.zeros(len(samples), dtype=torch.int64)), len(samples)
    )
    metrics = [
        [getattr(static, name) for name in STATIC],
        [getattr(workload, name) for name in WORKLOAD],
    ]
    with torch.no_grad():
        found: dict[str, Any] = Benchmark(model, loader, [], [], metrics).run(quiet=True)
    return found


def ours(model: nn.Module, samples: Tensor, **told: Any) -> dict[str, Any]:
    """Our export of the same."""
    found = benchbench.count(model, samples, **told)
    return results_of(CellResult("a", "a", "cpu", "ok", measurements=found.by_name))


def alike(mine: dict[str, Any], theirs: dict[str, Any], *, but: tuple[str, ...] = ()) -> None:
    """Every figure, with its type."""
    assert {*mine} == {*theirs}
    for name, value in theirs.items():
        if name in but:
            continue
        if isinstance(value, dict):
            for part, number in value.items():
                assert mine[name][part] == pytest.approx(float(number), rel=1e-6), (name, part)
        else:
            assert mine[name] == pytest.approx(float(value), rel=1e-6, abs=1e-12), name
            assert isinstance(mine[name], int) == isinstance(value, int), name


def test_the_convolutional_snn() -> None:
    """SpikingJelly's, one time step a call: all figures but those of weights that are 0."""
    pytest.importorskip("neurobench")
    from neurobench.models import TorchModel
    from spikingjelly.activation_based import functional, neuron

    torch.manual_seed(0)
    model = zoo.build("conv_snn", {"step_mode": "s", "T": 2}).double().eval()
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data.mul_(8)
    for parameter in model.parameters():  # theirs leaves out what happens to be 0
        parameter.data[parameter == 0] = 1e-9
    samples = torch.rand(2, 1, 48, 48, generator=torch.Generator().manual_seed(1)).double()
    mine = ours(model, samples)
    functional.reset_net(model)
    peer = TorchModel(model)
    peer.add_activation_module(neuron.BaseNode)
    theirs = harness(peer, samples)
    alike(mine, theirs, but=("Footprint",))
    # Theirs is of the model after a run, with potentials among its buffers; ours of it at rest.
    assert mine["Footprint"] <= theirs["Footprint"]


class Net(nn.Module):
    """Two leaky layers of snnTorch, as its wrapper in NeuroBench wants them: one step a call."""

    def __init__(self) -> None:
        """Seeded."""
        import snntorch as snn

        super().__init__()
        torch.manual_seed(0)
        self.fc1, self.fc2 = nn.Linear(20, 30, bias=False), nn.Linear(30, 5, bias=False)
        self.lif1 = snn.Leaky(beta=0.9, threshold=0.2, init_hidden=True)
        self.lif2 = snn.Leaky(beta=0.9, threshold=0.2, init_hidden=True, output=True)

    def forward(self, x: Tensor) -> Any:
        """Spikes and potential of the second layer."""
        return self.lif2(self.fc2(self.lif1(self.fc1(x))))


class Looped(nn.Module):
    """The same over the time steps of [N, T, ...]."""

    def __init__(self, net: Net) -> None:
        """Take it over."""
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Spikes [N, T, classes], from rest."""
        from snntorch import utils

        utils.reset(self.net)
        return torch.stack([self.net(x[:, step])[0] for step in range(x.shape[1])], 1)


def test_a_network_of_snntorch() -> None:
    """Events in, five steps: what is counted, and what its harness says."""
    pytest.importorskip("neurobench")
    from neurobench.models import SNNTorchModel

    net = Net().eval()
    samples = (torch.rand(6, 5, 20, generator=torch.Generator().manual_seed(2)) < 0.3).float()
    mine = ours(Looped(net), samples)
    theirs = harness(SNNTorchModel(net), samples)
    alike(mine, theirs, but=("Footprint",))
