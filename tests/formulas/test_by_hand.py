"""Every formula on a network of two layers, worked by hand.

The network: a first layer of 1,000 mult-adds and 10 words of weights that is fed with an image, and
a second one of 200 mult-adds and 20 words a time step that is fed with spikes, over T = 4; 60 of
its 800 accumulates are triggered; 50 neurons are updated at each of the four steps.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from benchbench.formulas.base import Counted
from benchbench.formulas.hierarchy import hierarchy_j
from benchbench.formulas.horowitz import compute_j
from benchbench.formulas.registry import own
from benchbench.formulas.sata import sata_j
from benchbench.formulas.thresholds import break_even_density, break_even_of
from benchbench.formulas.yan import bits_of, few_bit_twin_j, movement_j, twin_movement_j

NETWORK = Counted(
    macs=1000,
    spike_macs=800,
    synops=60,
    neuron_updates=200,
    steps=4,
    weights=10,
    spike_weights=20,
    spikes=15,
)
PICO = 1e-12


@pytest.mark.parametrize(
    ("precision", "by_hand_pj"),
    [
        ("fp32", 1000 * 4.6 + 260 * 0.9),  # 4834
        ("fp16", 1000 * 1.5 + 260 * 0.4),  # 1604
        ("int8", 1000 * 0.23 + 260 * 0.03),  # 237.8
    ],
)
def test_arithmetic_alone(precision: str, by_hand_pj: float) -> None:
    """A mult-add, and one accumulate a SynOp and a neuron update, at Horowitz' costs."""
    assert compute_j(NETWORK, precision) == pytest.approx(by_hand_pj * PICO, rel=1e-12, abs=0)


def test_one_pass_is_the_twins_work() -> None:
    """The spike-fed layers once, not over all time steps."""
    assert NETWORK.one_pass == 1000 + 800 / 4


def test_the_hierarchy_reads_weights_once_and_fills_registers_at_each_step() -> None:
    """Registers 1 pJ three times an operation, SRAM 5 pJ, DRAM 640 pJ a word."""
    arithmetic = 4834
    registers = 3 * (1000 + 60) * 1.0  # 3180
    sram = (10 + 4 * 20 + 2 * 200) * 5.0  # 2450
    dram = (10 + 20) * 640.0  # 19200
    wanted = arithmetic + registers + sram + dram
    assert hierarchy_j(NETWORK) == pytest.approx(wanted * PICO, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("steps", "bits", "by_hand_pj"),
    [
        (1, 1, 1000 * 0.23 + 800 * 0.03),
        (3, 2, 1000 * 0.23 + 800 / 3 * 2 * 0.03),
        (4, 3, 1000 * 0.23 + 800 / 4 * 3 * 0.03),
        (8, 4, 1000 * 0.23 + 800 / 8 * 4 * 0.03),
    ],
)
def test_the_few_bit_twin(steps: int, bits: int, by_hand_pj: float) -> None:
    """A weight is added for each bit of an activation; the image is multiplied."""
    joules, found = few_bit_twin_j(replace(NETWORK, steps=steps))
    assert found == bits
    assert joules == pytest.approx(by_hand_pj * PICO, rel=1e-12, abs=0)


@pytest.mark.parametrize(("steps", "ratio"), [(1, 1.0), (3, 1.5), (7, 7 / 3), (15, 3.75)])
def test_where_every_input_is_a_spike_the_twin_has_yans_ratio(steps: int, ratio: float) -> None:
    """T over its bits; a network of one time step is its twin of one bit."""
    dense = Counted(0.0, 800.0, synops=800.0, steps=steps)
    assert compute_j(dense, "int8") / few_bit_twin_j(dense)[0] == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("threshold", "by_hand"),
    [
        # (what the twin costs - what does not depend on spikes) / what a SynOp costs
        ("compute", (1200 * 4.6 - 1000 * 4.6 - 200 * 0.9) / (800 * 0.9)),
        (
            "memory",
            (1200 * (4.6 + 99.84) - 1000 * (4.6 + 99.84) - 200 * (0.9 + 2 * 99.84))
            / (800 * (0.9 + 99.84)),
        ),
        (
            "hierarchy",
            (1200 * 7.6 - 1000 * 7.6 - 3 * 20 * 5 - 200 * (0.9 + 2 * 5)) / (800 * 3.9),
        ),
    ],
)
def test_the_density_at_which_both_cost_the_same(threshold: str, by_hand: float) -> None:
    """At that density, and no other, the network costs what its ReLU twin costs."""
    found = break_even_density(NETWORK, threshold)  # type: ignore[arg-type]
    assert found == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("threshold", ["compute", "memory", "hierarchy"])
def test_without_spike_fed_layers_there_is_no_threshold(threshold: str) -> None:
    """A convolutional network has no density of spikes."""
    assert break_even_density(Counted(1000.0), threshold) is None  # type: ignore[arg-type]


def test_at_the_threshold_the_arithmetic_of_both_is_equal() -> None:
    """The threshold is put back into the formula that it is of."""
    density = break_even_density(NETWORK, "compute")
    assert density is not None
    there = replace(NETWORK, synops=density * NETWORK.spike_macs)
    assert compute_j(there, "fp32") == pytest.approx(
        compute_j(Counted(NETWORK.one_pass), "fp32"), rel=1e-9, abs=0
    )


def test_satas_operations() -> None:
    """A mult-add multiplies and accumulates, a spike ands and accumulates, a neuron is updated."""
    mult_adds = 1000 * (0.239 + 0.0389)
    accumulates = 60 * (0.0389 + 0.000794)
    updates = 200 * (0.00967 + 0.00309 + 2 * 0.00172 + 3 * 0.0301)
    wanted = mult_adds + accumulates + updates
    assert sata_j(NETWORK) == pytest.approx(wanted * PICO, rel=1e-12, abs=0)
    dearer = sata_j(NETWORK, register_pj=1.0) - sata_j(NETWORK)
    assert dearer == pytest.approx(200 * 3 * (1 - 0.0301) * PICO, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("spikes", "bits"),
    [
        (15, 15 * 12),
        (16, 16 * 12),
        (17, 200),
        (200, 200),
    ],  # events, or all of 50 neurons at 4 steps
)
def test_spikes_move_as_events_or_all_bits_whichever_is_less(spikes: float, bits: float) -> None:
    """A bit over a hop costs 0.25 pJ, as an event twelve times that; over 0.64 hops."""
    found = movement_j(replace(NETWORK, spikes=spikes))
    assert found == pytest.approx(bits * 0.25 * 0.64 * PICO, rel=1e-12, abs=0)
    assert movement_j(NETWORK, hops=2, eta=1, dense_pj=3) == pytest.approx(
        15 * 6 * PICO, rel=1e-12, abs=0
    )


@pytest.mark.parametrize(("steps", "ratio"), [(3, 1.5), (7, 7 / 3), (15, 3.75)])
def test_the_dense_regime_is_yans(steps: int, ratio: float) -> None:
    """Where all bits are sent, T bits stand against ceil(log2(T + 1)) of the quantised twin."""
    busy = replace(NETWORK, steps=steps, neuron_updates=50 * steps, spikes=50 * steps)
    assert bits_of(steps) * ratio == pytest.approx(steps)
    assert movement_j(busy) / twin_movement_j(busy) == pytest.approx(ratio, rel=1e-12)


def test_the_density_that_a_formula_would_need_is_that_of_the_thresholds() -> None:
    """Put back into the formula, network and twin cost the same; two are known by hand."""
    formulas = {formula.name: formula for formula in own() if formula.basis.kind == "counts"}
    twin = Counted(NETWORK.one_pass, weights=30)
    for name, formula in formulas.items():
        density = break_even_of(partial(formula.joules, **formula.basis.parameters), NETWORK)
        if density is None:
            assert name == "movement"
            continue
        there = replace(NETWORK, synops=density * NETWORK.spike_macs)
        assert formula.joules(there, **formula.basis.parameters) == pytest.approx(
            formula.joules(twin, **formula.basis.parameters), rel=1e-9, abs=0
        )
        if name in {"compute_fp32", "hierarchy"}:
            by_hand = break_even_density(NETWORK, "compute" if "fp32" in name else "hierarchy")
            assert density == pytest.approx(by_hand)


def test_where_spikes_cost_nothing_there_is_no_density() -> None:
    """A formula that does not look at SynOps has no break-even in them."""
    assert break_even_of(movement_j, NETWORK) is None


def test_what_ran_at_every_step_runs_once_in_the_twin() -> None:
    """Of 1,000 mult-adds 600 belong to further steps, and five words are fetched again."""
    looped = replace(NETWORK, later_macs=600, later_words=5)
    assert looped.one_pass == 400 + 800 / 4
    assert hierarchy_j(looped) - hierarchy_j(NETWORK) == pytest.approx(25 * PICO, rel=1e-9, abs=0)
    by_hand = (600 * 4.6 - 1000 * 4.6 - 200 * 0.9) / (800 * 0.9)
    assert break_even_density(looped, "compute") == pytest.approx(by_hand, rel=1e-12)
    hierarchy = (600 * 7.6 - 1000 * 7.6 - (3 * 20 + 5) * 5 - 200 * (0.9 + 2 * 5)) / (800 * 3.9)
    assert break_even_density(looped, "hierarchy") == pytest.approx(hierarchy, rel=1e-12)
    assert break_even_of(hierarchy_j, looped) == pytest.approx(hierarchy, rel=1e-9)


def test_without_a_twin_there_is_no_density() -> None:
    """Where it is not known what the twin does, no formula says when it costs the same."""
    unknown = replace(NETWORK, unknown={"twin": "nobody knows"})
    assert break_even_density(unknown, "compute") is None
    assert break_even_of(hierarchy_j, unknown) is None
