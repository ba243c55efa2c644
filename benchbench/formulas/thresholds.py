"""The density of spikes at which a spiking network costs what its ReLU twin does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from benchbench.formulas.base import PJ
from benchbench.formulas.hierarchy import hierarchy_j
from benchbench.formulas.horowitz import arithmetic_j

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchbench.formulas.base import Counted

__all__ = ["PUBLISHED", "Published", "Threshold", "break_even_density", "break_even_of"]

Threshold = Literal["compute", "memory", "hierarchy"]

MEMORY_PJ_PER_BYTE = 24.96  # SpikingJelly's default for memory: 3.12 pJ a bit
WORD_BYTES = 4


def break_even_density(
    counted: Counted, model: Threshold, costs: Mapping[str, float] | None = None
) -> float | None:
    """Share of non-zero inputs of the spike-fed layers at which the SNN costs what its twin does.

    The twin has the same layers, ReLU and T = 1. Below this share the SNN is cheaper.
    "compute" is arithmetic alone (fp32); with "memory" each weight use, and each neuron's state
    read and written, costs a word; "hierarchy" is `benchbench.formulas.hierarchy`, where both fetch
    the same weights from DRAM, so that it drops out, and the SNN fills registers once a
    time step.

    Args:
        counted: Counts of the spiking network.
        model: What is charged for.
        costs: Parameters of that formula, in place of its source's; "memory" has none.

    Returns:
        A share; above 1 the SNN always wins, below 0 never. None without spike-fed layers, or where
        the twin is not known.
    """
    formulas: dict[Threshold, Callable[..., float]] = {
        "compute": arithmetic_j,
        "memory": _with_memory_j,
        "hierarchy": hierarchy_j,
    }
    return break_even_of(partial(formulas[model], **(costs or {})), counted)


def _with_memory_j(counted: Counted) -> float:
    """Arithmetic in fp32, and a word for each operation and for a potential's read and write."""
    words = counted.macs + counted.synops + 2 * counted.neuron_updates
    return arithmetic_j(counted) + PJ * words * WORD_BYTES * MEMORY_PJ_PER_BYTE


def break_even_of(joules: Callable[[Counted], float], counted: Counted) -> float | None:
    """The density of spikes at which a formula charges a network what it charges its ReLU twin.

    Args:
        joules: A formula that is linear in the SynOps.
        counted: Counts of the spiking network; its twin has the same layers and words, and runs
            once.

    Returns:
        A share, as `break_even_density`; None where spikes cost nothing in it, or where the twin is
        not known.
    """
    if "twin" in counted.unknown:
        return None
    twin = _twin(counted)
    silent_j = joules(replace(counted, synops=0.0))
    slope_j = joules(replace(counted, synops=counted.spike_macs)) - silent_j
    return (joules(twin) - silent_j) / slope_j if slope_j > 0 else None


def _twin(counted: Counted) -> Counted:
    words = counted.weights + counted.spike_weights
    return type(counted)(counted.one_pass, weights=words)


@dataclass(frozen=True, slots=True)
class Published:
    """A break-even that was published.

    Attributes:
        source: Whose.
        figure: What it is of: ``spikes_per_synapse`` (an inference) or ``firing_rate`` (a neuron
            and time step).
        low: Below it the spiking network wins.
        high: Above it the other one does; between the two it depends on the hardware.
        valid: Conditions that it is for.
        steps: The time steps that it is for; empty where it says none.
        second_hand: Whether we have not read it in the original.
    """

    source: str
    figure: Literal["spikes_per_synapse", "firing_rate"]
    low: float
    high: float
    valid: str
    steps: tuple[int, ...] = ()
    second_hand: bool = False


PUBLISHED = (
    Published(
        "Davidson & Furber 2021 (doi:10.3389/fnins.2021.651141)",
        "spikes_per_synapse",
        1.72,
        1.72,
        "rate-coded, against the network that it was converted from",
        second_hand=True,
    ),
    Published(
        "Dampfhoffer et al. 2023 (IEEE TETCI 7(3):731-741)",
        "spikes_per_synapse",
        0.15,
        1.38,
        "IF neurons, with memory accesses; by how much of the weights is reused",
    ),
    Published(
        "Yan et al. 2024, v1 (arXiv:2409.08290v1)",
        "spikes_per_synapse",
        0.42,
        0.42,
        "against the quantised twin",
        second_hand=True,
    ),
    Published(
        "Yan et al. 2025, v3 (arXiv:2409.08290v3)",
        "firing_rate",
        0.064,
        0.064,
        "typical neuromorphic hardware, against the quantised twin, T of 5 to 10",
        tuple(range(5, 11)),
    ),
    Published(
        "Yan et al. 2026, v4 (arXiv:2409.08290v4)",
        "firing_rate",
        0.057,
        0.057,
        "typical neuromorphic hardware, against the quantised twin, T = 5",
        (5,),
    ),
)
