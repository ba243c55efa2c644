"""NIR graphs that frameworks wrote count as the networks that they were written of."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import benchbench
from benchbench import zoo
from benchbench.errors import ModelError
from benchbench.frameworks import spiking_layers

if TYPE_CHECKING:
    from pathlib import Path

nir = pytest.importorskip("nir", reason="NIR is not installed: [frameworks]")
pytest.importorskip("nirtorch", reason="NIRTorch is not installed: [frameworks]")

# What snnTorch and Norse write graphs with.
pytestmark = pytest.mark.filterwarnings("ignore:nirtorch.extract_nir_graph:DeprecationWarning")

STEPS = 5
COUNTED = ("params", "macs_dense", "synops_exact", "firing_rate", "neuron_updates")


class InTime(nn.Module):
    """The original: its layers once a time step, [N, ...] -> [T, N, ...]."""

    def __init__(self, *layers: nn.Module) -> None:
        """Weights of seed 0, so large that every layer fires."""
        super().__init__()
        self.layers = nn.ModuleList(layers)
        torch.manual_seed(0)
        for layer in layers:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                layer.reset_parameters()
                layer.weight.data.mul_(3)

    def forward(self, inputs: Tensor) -> Tensor:
        """The outputs of all steps."""
        states: dict[int, Any] = {}
        outputs = []
        for _ in range(STEPS):
            given: Any = inputs
            for place, layer in enumerate(self.layers):
                if type(layer).__name__ == "LIFBoxCell":  # Norse's state is passed on
                    given, states[place] = layer(given, states.get(place))
                else:
                    given = layer(given)
            outputs.append(given)
        return torch.stack(outputs)


def of_spikingjelly(file: Path) -> tuple[nn.Module, tuple[int, ...]]:
    """A convolution with IF, a linear layer with LIF neurons."""
    from spikingjelly.activation_based import layer, neuron, nir_exchange

    net = InTime(
        layer.Conv2d(2, 4, 3, padding=1, stride=2),
        neuron.IFNode(),
        layer.Flatten(),
        layer.Linear(64, 16),
        neuron.LIFNode(tau=2.0, decay_input=False),
        layer.Linear(16, 5),
        neuron.LIFNode(tau=3.0, decay_input=True, v_threshold=0.5),
    )
    nir_exchange.export_to_nir(nn.Sequential(*net.layers), torch.rand(1, 2, 8, 8), file)
    return net, (2, 8, 8)


def of_snntorch(file: Path) -> tuple[nn.Module, tuple[int, ...]]:
    """Leaky neurons that are put back to 0: NIR has no other reset."""
    snntorch = pytest.importorskip("snntorch", reason="snnTorch is not installed: [frameworks]")
    from snntorch.export_nir import export_to_nir

    def leaky(beta: float, *shape: int) -> nn.Module:
        neuron: nn.Module = snntorch.Leaky(
            beta=torch.full(shape, beta),
            threshold=torch.ones(shape),
            init_hidden=True,
            reset_mechanism="zero",
        )
        return neuron

    net = InTime(
        nn.Conv2d(2, 4, 3, padding=1, stride=2),
        leaky(0.9, 4, 4, 4),
        nn.Flatten(),
        nn.Linear(64, 16),
        leaky(0.75, 16),
    )
    sample = torch.rand(1, 2, 8, 8)
    nir.write(file, export_to_nir(nn.Sequential(*net.layers), sample, ignore_dims=[0]))
    zoo_reset(net)
    return net, (2, 8, 8)


def of_norse(file: Path) -> tuple[nn.Module, tuple[int, ...]]:
    """Box cells in NIR's time step; Norse 1.1 writes dt / (1 / tau) for tau, which dt=1 undoes."""
    norse = pytest.importorskip("norse.torch", reason="Norse is not installed: [frameworks]")

    def box(tau_s: float, size: int) -> nn.Module:
        parameters = norse.LIFBoxParameters(
            tau_mem_inv=torch.full((size,), 1 / tau_s),
            v_th=torch.full((size,), 0.3),
            v_leak=torch.zeros(size),
        )
        neuron: nn.Module = norse.LIFBoxCell(parameters, dt=1e-4)
        return neuron

    net = InTime(nn.Linear(20, 16), box(2e-4, 16), nn.Linear(16, 5), box(4e-4, 5))
    nir.write(file, norse.to_nir(norse.SequentialState(*net.layers), torch.rand(20), dt=1.0))
    return net, (20,)


def zoo_reset(net: nn.Module) -> None:
    """What the export has run is forgotten."""
    from benchbench.frameworks import reset

    reset(net)


@pytest.mark.parametrize("write", [of_spikingjelly, of_snntorch, of_norse])
def test_a_graph_counts_as_the_network_it_was_written_of(write: Any, tmp_path: Path) -> None:
    """Parameters, mult-adds, spikes and SynOps are equal, to the spike, and so is every output."""
    file = tmp_path / "graph.nir"
    net, shape = write(file)
    inputs = 2 * torch.rand(6, *shape, generator=torch.Generator().manual_seed(1))
    ours = benchbench.count(str(file), inputs, steps=STEPS)
    theirs = benchbench.count(net, inputs)
    for name in COUNTED:
        assert ours[name].value == theirs[name].value, name
    assert ours["synops_exact"].value > 0
    assert not ours.untrained
    zoo_reset(net)
    network = zoo.build(str(file), {}, steps=STEPS)
    with torch.no_grad():
        assert torch.equal(network(inputs), net(inputs))


def written(file: Path, *nodes: Any, names: str = "abcdef", edges: Any = ()) -> str:
    """A graph of nodes in a row from three inputs."""
    ends = {"start": nir.Input({"input": np.array([3])})}
    inside = dict(zip(names, nodes, strict=False))
    last = {"end": nir.Output({"output": np.array([3])})}
    every = {**ends, **inside, **last}
    row = [*every]
    all_edges = [*itertools.pairwise(row), *edges]
    nir.write(file, nir.NIRGraph(every, all_edges, type_check=False))
    return str(file)


def lif(**changes: Any) -> Any:
    """Three LIF neurons that decay by a tenth a step."""
    values = {"tau": 1e-3, "r": 10.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0, **changes}
    return nir.LIF(**{name: np.ones(3) * value for name, value in values.items()})


def test_snntorch_imports_what_spikingjelly_does_not(tmp_path: Path) -> None:
    """Neurons that differ from each other, and a resistance that is neither 1 nor tau / dt."""
    pytest.importorskip("snntorch", reason="snnTorch is not installed: [frameworks]")
    several = lif(tau=np.array([1e-3, 2e-3, 4e-3]), r=np.array([10.0, 20.0, 40.0]))
    for place, node in enumerate((several, lif(r=3.0))):
        network = zoo.build(written(tmp_path / f"{place}.nir", node), {}, steps=STEPS)
        assert [type(it).__name__ for it in spiking_layers(network).values()] == ["Leaky"]
    with torch.no_grad():
        found = network(torch.full((1, 3), 2.0))  # v <- 0.9 v + 0.6: 0.6, 1.14
    assert found[:, 0, 0].tolist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (lambda: nir.Scale(scale=np.ones(3)), r"b \(Scale: no such node\)"),
        (lambda: nir.Delay(delay=np.ones(3)), r"b \(Delay: no such node\)"),
        (lambda: lif(v_leak=0.5), r"b \(LIF: v_leak not supported\)"),
        (lambda: lif(r=3.0, v_reset=0.2), r"b \(LIF: its neuron does not fire as NIR's equations"),
        (lambda: lif(tau=1e-5), r"b \(LIF: its neuron does not fire as NIR's equations say\)"),
        (
            lambda: nir.IF(r=np.ones(3), v_threshold=np.ones(3)),  # snnTorch makes it leak
            r"b \(IF: its neuron does not fire as NIR's equations say\)",
        ),
    ],
)
def test_nodes_that_no_importer_covers_are_named(node: Any, why: str, tmp_path: Path) -> None:
    """Each with its kind and the reason of each importer; nothing else of the graph is."""
    pytest.importorskip("snntorch", reason="snnTorch is not installed: [frameworks]")
    with pytest.raises(ModelError, match=rf"snntorch [\d.]+ does not cover {why}") as caught:
        zoo.build(written(tmp_path / "odd.nir", lif(), node()), {}, steps=STEPS)
    assert "spikingjelly 2" in str(caught.value)
    assert "a (LIF" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_feedback_comes_a_step_later(tmp_path: Path) -> None:
    """A graph with a cycle is run once a step; its spikes feed it in the next one."""
    weight = np.diag([-5.0, -5.0, -5.0]).astype(np.float32)
    nodes, edges = (lif(), nir.Linear(weight=weight)), [("b", "a"), ("a", "end")]
    every = {
        "start": nir.Input({"input": np.array([3])}),
        "a": nodes[0],
        "b": nodes[1],
        "end": nir.Output({"output": np.array([3])}),
    }
    graph = nir.NIRGraph(every, [("start", "a"), ("a", "b"), *edges], type_check=False)
    nir.write(tmp_path / "cycle.nir", graph)
    network = zoo.build(str(tmp_path / "cycle.nir"), {}, steps=9)
    with torch.no_grad():
        found = network(torch.full((2, 3), 1.2))[:, 0, 0].tolist()
    potential, fed, wanted = 0.0, 0.0, []
    for _ in range(9):
        potential = 0.9 * potential + 1.2 - 5 * fed
        fed = float(potential >= 1)
        potential *= 1 - fed
        wanted.append(fed)
    assert found == wanted
    assert 0 < sum(wanted) < 9
    counted = benchbench.count(str(tmp_path / "cycle.nir"), torch.full((2, 3), 1.2), steps=9)
    assert counted["neuron_updates"].value == 27
    assert counted["synops_exact"].value == 9 * sum(wanted)


def test_time_is_where_the_data_has_it(tmp_path: Path) -> None:
    """A batch as large as T is never taken for the time steps, nor a shape for another."""
    file = written(tmp_path / "one.nir", lif())
    sequence = torch.rand(4, 4, 3, generator=torch.Generator().manual_seed(2))
    first = zoo.build(file, {}, time_first=True)
    second = zoo.build(file, {})
    still = zoo.build(file, {}, steps=4)
    with torch.no_grad():
        one = first(sequence)
        zoo_reset(second)
        two = second(sequence.transpose(0, 1))
        assert torch.equal(one, two)
        assert torch.equal(
            still(sequence[0]), first_after_reset(first, sequence[:1].expand(4, 4, 3))
        )
    for network, given, said in (
        (first, sequence[0], r"takes \[T, N, 3\], not \[4, 3\]"),
        (second, sequence[0], "give steps: T"),
        (second, torch.rand(4, 4), r"takes \[N, 3\] or \[N, T, 3\], not \[4, 4\]"),
        (zoo.build(file, {}, steps=2), sequence, "steps: 2 is told, and the data has 4"),
    ):
        with pytest.raises(ModelError, match=said):
            network(given)


def first_after_reset(network: nn.Module, sequence: Tensor) -> Tensor:
    """The outputs from rest."""
    zoo_reset(network)
    found: Tensor = network(sequence)
    return found


def test_a_graph_without_neurons_has_no_time(tmp_path: Path) -> None:
    """It is a layer, run once."""
    file = written(tmp_path / "ann.nir", nir.Linear(weight=np.eye(3, dtype=np.float32)))
    assert torch.equal(zoo.build(file, {})(torch.ones(2, 3)), torch.ones(2, 3))


def test_what_nirtorch_would_wire_wrongly_is_refused(tmp_path: Path) -> None:
    """Two names that it writes alike, names that are no names, nodes that nothing reaches."""
    with pytest.raises(ModelError, match="NIRTorch both calls a_b"):
        zoo.build(_named(tmp_path / "alike.nir", "a.b", "a_b"), {}, steps=1)
    with pytest.raises(ModelError, match="has a node"):
        zoo.build(_named(tmp_path / "code.nir", 'x"); print("run', "b"), {}, steps=1)
    file = tmp_path / "lost.nir"
    every = {
        "start": nir.Input({"input": np.array([3])}),
        "a": lif(),
        "end": nir.Output({"output": np.array([3])}),
        "b": nir.Linear(weight=np.eye(3)),
        "c": lif(),
    }
    edges = [("start", "a"), ("a", "end"), ("b", "c"), ("c", "b")]
    nir.write(file, nir.NIRGraph(every, edges, type_check=False))
    with pytest.raises(ModelError, match="no input reaches: b, c"):
        zoo.build(str(file), {}, steps=1)


def _named(file: Path, *names: str) -> str:
    """LIF neurons of these names in a row."""
    row = ["start", *names, "end"]
    every = {
        "start": nir.Input({"input": np.array([3])}),
        **{name: lif() for name in names},
        "end": nir.Output({"output": np.array([3])}),
    }
    nir.write(file, nir.NIRGraph(every, [*itertools.pairwise(row)], type_check=False))
    return str(file)
