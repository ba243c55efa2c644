"""`suites/frameworks.yaml`: one network in four frameworks is one network, to the spike."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
import torch

from benchbench import zoo
from benchbench.data.batches import batches_of
from benchbench.data.embedded import synthetic_events
from benchbench.frameworks import Neurons, reset
from benchbench.probes import energy_modelled, operations, spikes
from benchbench.probes.counting.firing import find_neurons
from benchbench.suite import loader

if TYPE_CHECKING:
    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement

SUITE, FOLDER = loader.load("frameworks")
NEEDS = {"snntorch": "snntorch", "norse": "norse.torch"}
KINDS = {"LIFNode", "Leaky", "LIFBoxCell", "_Lif"}  # what fires in each


def built(name: str) -> nn.Module:
    """A model of the suite with the weights of its seed."""
    if name in NEEDS:
        pytest.importorskip(NEEDS[name], reason=f"{name} is not installed: [frameworks]")
    torch.manual_seed(SUITE.settings.seed)
    net: nn.Module = zoo.build(SUITE.model(name).reference, {}, FOLDER)
    return net.eval()


def events() -> Inputs:
    """A batch of the suite's data, [8, 64, 2, 32, 32]."""
    data = synthetic_events(SUITE.settings.seed).split("train")
    ((inputs, _),) = batches_of(data, 64, 1, torch.device("cpu"))
    return inputs


def by_hooks(net: nn.Module, inputs: Inputs) -> tuple[list[float], float, Tensor]:
    """Spikes of each layer of neurons, accumulates a sample, and the output.

    They are counted by forward hooks that know nothing of benchbench: an event or a spike causes an
    accumulate for each weight that it meets, which is the layer's output were all weights 1.
    """
    fired: dict[str, float] = {}
    fed: list[float] = []
    for name, module in net.named_modules():
        if type(module).__name__ in KINDS:

            def add(_: object, __: object, output: object, name: str = name) -> None:
                found = output[0] if isinstance(output, tuple) else output
                assert isinstance(found, torch.Tensor)
                assert set(found.unique().tolist()) <= {0.0, 1.0}
                fired[name] = fired.get(name, 0.0) + float(found.sum())

            module.register_forward_hook(add)
        elif isinstance(module, torch.nn.Linear | torch.nn.Conv2d):

            def feed(layer: nn.Module, given: tuple[Tensor], _: object) -> None:
                ones = copy.deepcopy(layer).double()
                ones.weight.fill_(1)
                ones.bias.fill_(0)
                fed.append(float(ones.forward(given[0].double()).sum()))

            module.register_forward_hook(feed)
    reset(net)
    with torch.no_grad():
        output = inputs.run(net)
    return [*fired.values()], sum(fed) / len(inputs), output


def test_the_four_are_the_suite_s() -> None:
    """The tests below are of every model of the suite, on its own data."""
    assert [model.id for model in SUITE.models] == ["spikingjelly", "snntorch", "norse", "plain"]
    assert (SUITE.data.source, SUITE.data.time) == ("synthetic_events", "first")
    assert all("v <- " in model.note for model in SUITE.models)
    assert SUITE.settings.train_steps == 0


@pytest.mark.parametrize("name", ["spikingjelly", "snntorch", "norse", "plain"])
def test_its_counts_are_those_of_hooks_and_of_the_plain_one(name: str) -> None:
    """Weights, mult-adds, every spike of every layer and every output are equal."""
    inputs, net = events(), built(name)
    figures = measured(net, inputs)
    plain = by_hooks(built("plain"), inputs)
    assert min(plain[0]) > 0
    ours = by_hooks(built(name), inputs)
    assert ours[:2] == plain[:2]
    assert torch.equal(ours[2], plain[2])
    assert figures["params"] == 8 * 2 * 9 + 8 + 2048 * 10 + 10
    assert figures["macs_dense"] == 8 * (16 * 16 * 8 * 2 * 9 + 2048 * 10)
    assert figures["neuron_updates"] == 8 * (2048 + 10)
    assert figures["synops_exact"] == pytest.approx(plain[1], rel=1e-12)
    rate = sum(plain[0]) / (len(inputs) * 8 * (2048 + 10))
    assert figures["firing_rate"] == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("name", ["snntorch", "norse", "plain"])
def test_an_estimator_of_spikingjelly_s_neurons_says_nothing_of_others(name: str) -> None:
    """The same network in another framework is not cheaper for it: its figure is n/a, and why."""
    inputs = events()
    ours, other = (modelled(built(it), inputs) for it in ("spikingjelly", name))
    for formula in ("modelled_memory", "modelled_lemaire"):
        assert ours[formula].value
        assert other[formula].value is None
        (why,) = other[formula].reasons
        assert why.startswith("its estimator knows SpikingJelly's ")
        assert why.endswith(" alone: the states of 'lif1', 'lif2' cost nothing in it")
    assert ours["modelled_hierarchy"].value == other["modelled_hierarchy"].value


def modelled(net: nn.Module, inputs: Inputs) -> dict[str, Measurement]:
    """Modelled figures by name."""
    find_neurons(net, Neurons(), lambda: [inputs])
    counted = [*operations.measure(net, inputs[:1]), *spikes.measure(net, [inputs])]
    found = {figure.name: figure for figure in counted}
    return {it.name: it for it in energy_modelled.measure(net, [inputs], found, {})}


def measured(net: nn.Module, inputs: Inputs) -> dict[str, float | None]:
    """Figures of the probes, by name, as a worker asks for them."""
    find_neurons(net, Neurons(), lambda: [inputs])
    counted = [*operations.measure(net, inputs[:1]), *spikes.measure(net, [inputs])]
    found: dict[str, float | None] = {figure.name: figure.value for figure in counted}
    found["params"] = sum(parameter.numel() for parameter in net.parameters())
    return found


def test_without_a_framework_its_model_is_one_failed_cell() -> None:
    """The file itself imports none of them."""
    place, _, _ = SUITE.model("norse").reference.rpartition(":")
    text = (FOLDER / place).read_text("utf-8")
    tops = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in tops if any(word in line for word in ("snn", "norse", "spiking"))]
