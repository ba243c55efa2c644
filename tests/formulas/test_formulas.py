"""Modelled joules: the published costs, the flip of the winner, and the traps of the estimators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from spikingjelly.activation_based import functional
from spikingjelly.activation_based.op_counter import (
    LemaireEnergyConfig,
    SimpleEnergyCostConfig,
    estimate_lemaire_energy,
    estimate_simple_energy,
)

from benchbench import zoo
from benchbench.formulas.base import Counted
from benchbench.formulas.hierarchy import hierarchy_j
from benchbench.formulas.horowitz import COSTS_PJ, compute_j
from benchbench.formulas.thresholds import break_even_density
from benchbench.formulas.yan import few_bit_twin_j as quantised
from benchbench.probes import energy_modelled, operations, spikes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from benchbench.metrics.measurement import Measurement

FACES = torch.rand(2, 1, 48, 48, generator=torch.Generator().manual_seed(0))


def built(name: str, gain: float = 1.0) -> nn.Module:
    """A model of the zoo; `gain` makes the spiking one livelier."""
    torch.manual_seed(0)
    model: nn.Module = zoo.build(name, {}).eval()
    if name == "conv_snn":
        for path in ("static.1", "conv.3"):
            model.get_submodule(path).weight.data *= gain  # type: ignore[operator]
    return model


def figures(
    model: nn.Module, costs: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, Measurement]:
    """What is counted and modelled of a model on two images, by costs that a suite has set."""
    found = {item.name: item for item in operations.measure(model, FACES[:1])}
    found |= {item.name: item for item in spikes.measure(model, [FACES])}
    modelled = energy_modelled.measure(model, [FACES], found, costs or {})
    return found | {item.name: item for item in modelled}


def value(found: dict[str, Measurement], name: str) -> float:
    """A figure that is there."""
    assert found[name].value is not None, found[name].reasons
    assert found[name].method == "modelled"
    return float(found[name].value or 0)


def test_the_winner_flips_with_the_energy_model() -> None:
    """SNN over ReLU twin: 0.51 by arithmetic alone, 2.39 with memory, 3.44 by Lemaire."""
    snn, twin = figures(built("conv_snn", gain=6)), figures(built("shallow_cnn"))
    names = ("modelled_compute_fp32", "modelled_memory", "modelled_lemaire")
    ratios = [value(snn, name) / value(twin, name) for name in names]
    assert ratios == pytest.approx([0.51, 2.39, 3.44], rel=0.1)
    assert 1e3 * value(twin, "modelled_compute_fp32") == pytest.approx(0.503, rel=0.01)
    assert 1e3 * value(twin, "modelled_lemaire") == pytest.approx(11.4, rel=0.01)


def test_the_costs_are_the_published_ones() -> None:
    """Horowitz's picojoules, as SpikingJelly has them too."""
    presets = {
        "fp32": SimpleEnergyCostConfig(),
        "fp16": SimpleEnergyCostConfig(e_mac_pj=1.5, e_ac_pj=0.4),
        "int8": SimpleEnergyCostConfig(e_mac_pj=0.23, e_ac_pj=0.03),
    }
    for precision, preset in presets.items():
        assert COSTS_PJ[precision] == (preset.e_mac_pj, preset.e_ac_pj)


@pytest.mark.parametrize("name", ["conv_snn", "shallow_cnn"])
def test_arithmetic_is_the_peers_less_batch_norms(name: str) -> None:
    """SpikingJelly charges batch norms, pools and each operation of a neuron as well: under 8 %."""
    model = built(name)
    ours = value(figures(model), "modelled_compute_fp32")
    functional.reset_net(model)
    theirs = estimate_simple_energy(model, FACES).energy_compute_pj * 1e-12 / len(FACES)
    functional.reset_net(model)
    assert 0.92 < ours / theirs <= 1


@pytest.mark.filterwarnings("ignore:Lemaire formulas")
def test_a_lemaire_figure_does_not_depend_on_the_batch() -> None:
    """The estimator's own does: its buffers, and so each access, grow with the batch."""
    model, config = built("shallow_cnn"), LemaireEnergyConfig(strict=False)
    one, both = (
        estimate_lemaire_energy(model, batch, config=config).total_pj / len(batch)
        for batch in (FACES[:1], FACES)
    )
    assert both > 1.05 * one
    found = figures(model)
    alone = {item.name: item for item in energy_modelled.measure(model, [FACES[:1]], found, {})}
    assert value(found, "modelled_lemaire") == pytest.approx(value(alone, "modelled_lemaire"))
    assert value(alone, "modelled_lemaire") == pytest.approx(one * 1e-12)


@given(
    st.floats(1e5, 1e7),
    st.floats(1e6, 1e9),
    st.integers(1, 32),
    st.floats(0, 1e5),
)
def test_at_the_break_even_density_both_cost_the_same(
    macs: float, spike_macs: float, steps: int, updates: float
) -> None:
    """Put back into the formula, the density gives the twin's energy."""
    counted = Counted(macs, spike_macs, 0.0, updates, steps)
    density = break_even_density(counted, "compute")
    assert density is not None
    at = compute_j(replace(counted, synops=density * spike_macs), "fp32")
    assert at == pytest.approx(compute_j(Counted(counted.one_pass), "fp32"))


@given(
    st.floats(1e5, 1e7),
    st.floats(1e6, 1e9),
    st.integers(1, 32),
    st.floats(0, 1e5),
    st.floats(1, 1e6),
)
def test_at_the_hierarchy_s_break_even_density_both_cost_the_same(
    macs: float, spike_macs: float, steps: int, updates: float, words: float
) -> None:
    """Put back into the formula, the density gives the energy of the twin with the same weights."""
    counted = Counted(macs, spike_macs, 0.0, updates, steps, words, 3 * words)
    density = break_even_density(counted, "hierarchy")
    assert density is not None
    at = hierarchy_j(replace(counted, synops=density * spike_macs))
    assert at == pytest.approx(hierarchy_j(Counted(counted.one_pass, weights=4 * words)))


def test_break_even_in_the_hierarchy_by_hand() -> None:
    """Conv-SNN at T = 4 may have 28 % of its inputs spike; which side it is on decides who wins."""
    spike_fed = 9 * 128 * 128 + 9216 * 2304 + 2304 * 64 + 64 * 14  # weights
    one_step = 84_934_656 + 21_233_664 + 147_456 + 896  # mult-adds of the spike-fed layers
    updates = 4 * (128 * 48 * 48 + 128 * 24 * 24 + 1152 + 128 + 7)
    saved_pj = one_step * (4.6 + 3) - updates * (0.9 + 2 * 5) - 3 * spike_fed * 5
    twin = figures(built("shallow_cnn"))
    for gain in (0.7, 6):
        snn = figures(built("conv_snn", gain=gain))
        density = value(snn, "break_even_hierarchy")
        assert density == pytest.approx(saved_pj / (4 * one_step * (0.9 + 3)), rel=1e-9)
        assert density == pytest.approx(0.283, abs=0.001)
        wins = value(snn, "modelled_hierarchy") < value(twin, "modelled_hierarchy")
        assert wins == (snn["break_even_hierarchy"].detail["density"] < density)
        assert wins == (gain < 1)


def test_every_figure_says_its_time_steps_and_what_it_saw() -> None:
    """T and the share of the mult-adds, for the estimators of SpikingJelly too."""
    for name, steps in (("conv_snn", 4), ("shallow_cnn", 1)):
        for item in figures(built(name)).values():
            if item.method == "modelled" and item.value is not None:
                assert (item.detail["T"], item.detail["coverage"]) == (steps, 1.0), item.name


def test_break_even_with_memory_is_about_one_over_t() -> None:
    """Where each weight use costs the same, T = 4 must be four times as sparse."""
    found = figures(built("conv_snn"))
    assert 0.24 < value(found, "break_even_memory") < 0.27
    assert value(found, "break_even_compute") > 1


@pytest.mark.parametrize(("steps", "bits"), [(1, 1), (4, 3), (7, 3), (8, 4), (16, 5)])
def test_the_few_bit_twin_has_as_many_levels(steps: int, bits: int) -> None:
    """T time steps can say T + 1 values: ceil(log2(T + 1)) bits."""
    assert quantised(Counted(1.0, 1.0, steps=steps))[1] == bits


def test_break_evens_are_of_the_costs_that_a_suite_has_set() -> None:
    """The figure, and what the table of thresholds has of the formula itself."""
    costs = {"compute_fp32": {"add_pj": 2.0}, "hierarchy": {"sram_pj": 50.0}}
    found, usual = figures(built("conv_snn"), costs), figures(built("conv_snn"))
    for name in ("compute_fp32", "hierarchy"):
        figure = f"break_even_{name.removesuffix('_fp32')}"
        assert value(found, figure) == pytest.approx(found[f"modelled_{name}"].detail["break_even"])
        assert value(found, figure) != pytest.approx(value(usual, figure))


def test_formulas_of_counts_have_the_interval_of_the_spikes() -> None:
    """By hand, over batches of one image: arithmetic, and the movement of spikes as events."""
    model = built("conv_snn", gain=6)
    batches = [FACES[:1], FACES[1:], FACES[:1] / 2]
    found = {item.name: item for item in operations.measure(model, FACES[:1])}
    found |= {item.name: item for item in spikes.measure(model, batches)}
    synops, rate = found["synops_exact"], found["firing_rate"]
    assert synops.low is not None
    assert synops.high is not None
    assert rate.high is not None
    asked = {"movement": {"eta": 1.0}}
    modelled = {it.name: it for it in energy_modelled.measure(model, batches, found, asked)}
    compute, moved = modelled["modelled_compute_fp32"], modelled["modelled_movement"]
    a_synop_j = 0.9e-12
    assert compute.value is not None
    assert compute.high == pytest.approx(
        compute.value + a_synop_j * (synops.high - (synops.value or 0))
    )
    assert compute.low == pytest.approx(
        compute.value + a_synop_j * (max(0.0, synops.low) - (synops.value or 0))
    )
    assert compute.n == synops.n == 3
    updates = found["neuron_updates"].value or 0
    assert moved.high == pytest.approx(rate.high * updates * 0.25e-12 * 0.64)


def test_formulas_of_a_network_without_spikes_are_exact() -> None:
    """Its mult-adds are those of every image; where zeros are skipped they are the image's."""
    model = built("shallow_cnn")
    batches = [FACES[:1], FACES[1:]]
    found = {item.name: item for item in operations.measure(model, FACES[:1])}
    found |= {item.name: item for item in spikes.measure(model, batches)}
    modelled = {it.name: it for it in energy_modelled.measure(model, batches, found, {})}
    assert modelled["modelled_compute_fp32"].low is None
    skipped, effective = modelled["modelled_zero_skipping"], found["macs_effective"]
    assert effective.low is not None
    assert skipped.low == pytest.approx(4.6e-12 * effective.low)
    assert skipped.n == 2


def test_a_missing_count_is_no_figure() -> None:
    """Without counts every modelled figure is n/a with the reason, never 0."""
    for figure in energy_modelled.measure(built("shallow_cnn"), [FACES], {}, {}):
        assert figure.value is None
        assert "needs the counts" in figure.reasons[0]


def test_the_hierarchy_by_hand() -> None:
    """The paper's network at T = 4: every term computed here from the architecture alone."""
    found = figures(built("conv_snn", gain=6))
    synops = found["synops_exact"].value or 0
    updates = found["neuron_updates"].value or 0
    macs = 48 * 48 * 9 * 128  # the static convolution, once
    static, spike_fed = 9 * 128, 9 * 128 * 128 + 9216 * 2304 + 2304 * 64 + 64 * 14
    assert static + spike_fed + 2 * 2 * 128 == 21_531_136  # and two batch norms
    by_hand_pj = (
        (macs * 4.6 + (synops + updates) * 0.9)
        + 3 * (macs + synops)
        + 5 * (static + 4 * spike_fed + 2 * updates)
        + 640 * (static + spike_fed)
    )
    assert value(found, "modelled_hierarchy") == pytest.approx(by_hand_pj * 1e-12, rel=1e-9, abs=0)
    detail = found["modelled_hierarchy"].detail
    assert (detail["T"], detail["coverage"]) == (4, 1.0)
    assert detail["parameters"] == {"register_pj": 1.0, "sram_pj": 5.0, "dram_pj": 640.0}
    assert detail["break_even"] == pytest.approx(value(found, "break_even_hierarchy"))


def test_the_hierarchy_of_a_silent_network_is_its_memory() -> None:
    """Without a spike more time steps only cost the fills of registers and the potentials."""
    silent = Counted(1000, 5000, 0, 300, steps=3, weights=10, spike_weights=50)
    longer = replace(silent, steps=6, neuron_updates=600)
    extra_pj = 3 * 50 * 5 + 300 * (2 * 5 + 0.9)
    assert hierarchy_j(longer) - hierarchy_j(silent) == pytest.approx(
        extra_pj * 1e-12, rel=1e-9, abs=0
    )


def test_reuse_takes_most_of_the_memory_s_cost_away() -> None:
    """The same accesses without reuse cost more, for the CNN as for the SNN."""
    for name in ("conv_snn", "shallow_cnn"):
        found = figures(built(name, gain=6))
        least, most = value(found, "modelled_compute_fp32"), value(found, "modelled_memory")
        if name == "shallow_cnn":
            assert found["modelled_hierarchy"].detail["T"] == 1
        assert least < value(found, "modelled_hierarchy")
        weights_pj = 640 * sum(layer["params"] for layer in found["macs_dense"].detail["layers"])
        assert value(found, "modelled_hierarchy") - weights_pj * 1e-12 < most
