"""SpikingJelly's published table of its estimators, through ours: equal to all printed digits.

All 28 cases are those of `suites/energy_models.yaml`, which quotes the published values; here run
the quickest of three families.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from spikingjelly.activation_based.op_counter import estimate_simple_energy

from benchbench import zoo
from benchbench.data.inputs import Inputs
from benchbench.formulas.registry import own
from benchbench.frameworks import reset
from benchbench.metrics.registry import measured
from benchbench.probes.counting.estimated import estimated, layers_given
from benchbench.suite import loader

if TYPE_CHECKING:
    from types import ModuleType


SUITES = Path(__file__).resolve().parents[2] / "suites"
CASES = ("vgg11_size32", "sew18_size32", "sew34_size32")
ASKED: dict[str, dict[str, float]] = {"neuromc": {}, "spikesim_dense": {}, "spikesim_event": {}}


def _models() -> ModuleType:
    file = SUITES / "models" / "energy_cases.py"
    spec = importlib.util.spec_from_file_location("energy_cases", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _estimated(model: torch.nn.Module, inputs: torch.Tensor, **given: Any) -> dict[str, Any]:
    running = [it for it in own() if it.basis.kind != "counts" and it.is_asked(given)]
    dense = measured("macs_dense", 1, detail={"layers": _layers(model)})
    found = estimated(running, model, Inputs.of(inputs), dense, {}, given)
    return {figure.name: figure for figure in found}


def _layers(model: torch.nn.Module) -> list[dict[str, Any]]:
    convs = [path for path, it in model.named_modules() if isinstance(it, torch.nn.Conv2d)]
    return [{"name": path, "macs_dense": 1 / len(convs), "params": 1} for path in convs]


@pytest.mark.parametrize("case", CASES)
def test_five_estimators_give_the_published_picojoules(case: str) -> None:
    """Simple, Lemaire, NeuroMC and both of SpikeSim, to the twelve digits that are printed."""
    suite, _ = loader.load(str(SUITES / "energy_models.yaml"))
    (table,) = suite.tables
    model = _models().stages(**suite.model(case).set)
    found = _estimated(model, torch.zeros(1, 1), **ASKED)
    assert len(table.rows) == 5
    for row in table.rows:
        figure = found[row.metric]
        assert figure.value is not None, figure.reasons
        assert f"{1e12 * figure.value:.12g}" == f"{row.paper[case]:.12g}", row.metric


def test_the_suite_has_all_cases() -> None:
    """Seven networks at four sizes, five published values each."""
    suite, _ = loader.load(str(SUITES / "energy_models.yaml"))
    assert len(suite.models) == 28
    (table,) = suite.tables
    assert all({*row.paper} == {model.id for model in suite.models} for row in table.rows)


def test_a_convolution_s_arithmetic_is_in_the_simple_estimate() -> None:
    """As SpikingJelly says by itself: in inference mode a convolution would cost it nothing."""
    torch.manual_seed(0)
    model = zoo.build("shallow_cnn", {}).eval()
    image = torch.rand(1, 1, 48, 48)
    found = _estimated(model, image)["modelled_memory"]
    with torch.no_grad():
        wanted = estimate_simple_energy(model, image)
    assert found.value == pytest.approx(float(wanted.energy_total_pj) * 1e-12, rel=1e-9)
    assert wanted.breakdown_pj["mac_pj"] > 0


def test_a_linear_layer_on_crossbars_is_a_convolution_of_one_place() -> None:
    """The layer's energy in SpikeSim is that of the 1x1 convolution with its weights."""
    from benchbench.formulas.layers import Layer
    from benchbench.formulas.spikesim import COSTS, spikesim_j

    linear = torch.nn.Linear(96, 40).eval()
    conv = torch.nn.Conv2d(96, 40, 1).eval()
    spikes = (torch.rand(3, 96, generator=torch.Generator().manual_seed(0)) < 0.2).float()
    neuron = Layer("n", None, "neuron", None)
    for mode in ("dense", "event"):
        with torch.no_grad():
            one, other = (
                spikesim_j([Layer("w", module, "weights", given), neuron], mode, **COSTS)  # type: ignore[arg-type]
                for module, given in ((linear, spikes), (conv, spikes[:, :, None, None]))
            )
        assert one == other > 0
    with pytest.raises(Exception, match="end in spiking neurons"):
        spikesim_j([Layer("w", linear, "weights", spikes)], "dense", **COSTS)


def test_layers_are_seen_with_what_they_are_given() -> None:
    """In their order, each with its own input; the model is left without a hook."""
    model = zoo.build("conv_snn", {"T": 2}).eval()
    reset(model)
    with torch.no_grad():
        layers = layers_given(model, Inputs.of(torch.rand(1, 1, 48, 48)))
    reset(model)
    kinds = [layer.kind for layer in layers]
    assert kinds.count("weights") == 5
    assert kinds.count("norm") == 2
    assert kinds.count("neuron") == 5
    assert layers[0].given.shape[-3:] == (1, 48, 48)
    assert not any(module._forward_pre_hooks for module in model.modules())
