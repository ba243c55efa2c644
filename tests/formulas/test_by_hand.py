"""Every formula on a network of two layers, worked by hand.

The network: a first layer of 1,000 mult-adds and 10 words of weights that is fed with an image, and
a second one of 200 mult-adds and 20 words a time step that is fed with spikes, over T = 4; 60 of
its 800 accumulates are triggered; 50 neurons are updated at each of the four steps.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchbench.formulas.base import Counted
from benchbench.formulas.hierarchy import hierarchy_j
from benchbench.formulas.horowitz import compute_j
from benchbench.formulas.thresholds import break_even_density
from benchbench.formulas.yan import quantised_twin_j

NETWORK = Counted(
    macs=1000,
    spike_macs=800,
    synops=60,
    neuron_updates=200,
    steps=4,
    weights=10,
    spike_weights=20,
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
    assert compute_j(NETWORK, precision) == pytest.approx(by_hand_pj * PICO, rel=1e-12)


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
    assert hierarchy_j(NETWORK) == pytest.approx(wanted * PICO, rel=1e-12)


@pytest.mark.parametrize(
    ("steps", "bits", "by_hand_pj"),
    [
        (1, 1, (1000 + 800 / 1) * (0.2 / 64 + 0.03 / 8)),
        (3, 2, (1000 + 800 / 3) * (0.2 / 16 + 0.03 / 4)),
        (4, 3, (1000 + 800 / 4) * (0.2 * 9 / 64 + 0.03 * 3 / 8)),
        (8, 4, (1000 + 800 / 8) * (0.2 / 4 + 0.03 / 2)),
    ],
)
def test_the_quantised_twin(steps: int, bits: int, by_hand_pj: float) -> None:
    """A multiplier goes with the square of the bits, an adder with the bits."""
    joules, found = quantised_twin_j(replace(NETWORK, steps=steps))
    assert found == bits
    assert joules == pytest.approx(by_hand_pj * PICO, rel=1e-12)


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
    assert compute_j(there, "fp32") == pytest.approx(compute_j(Counted(NETWORK.one_pass), "fp32"))
