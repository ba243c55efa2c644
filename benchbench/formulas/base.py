"""What every formula works from: counts of one sample."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a field of a dataclass
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["PJ", "Counted", "Part", "Unknown"]

PJ = 1e-12  # joules

Part = Literal["compute", "memory", "movement", "state", "encoding"]
"""What a formula charges for: arithmetic, accesses to weights and activations, their way over a
chip, the potentials of neurons, the conversion of inputs."""

Unknown = Literal["steps", "twin", "fetches", "spikes"]
"""What may not be known of a network: its time steps, what its ReLU twin would do, how often its
weights are fetched, how many spikes it sends."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the formulas need, per sample.

    Attributes:
        macs: Dense mult-adds of layers that are fed by anything but spikes.
        spike_macs: Dense mult-adds of layers that are fed by spikes, over all time steps.
        synops: Accumulates that real spikes trigger.
        neuron_updates: Spiking neurons times time steps.
        steps: Time steps; 1 for a network without time.
        weights: Words of weights of layers that are fed by anything but spikes.
        spike_weights: Words of weights of layers that are fed by spikes.
        spikes: Spikes that the neurons send, over all time steps.
        later_macs: Mult-adds of `macs` that belong to further time steps than the first: all but
            one of the runs of a layer inside the loop over time.
        later_words: Words of `weights` that are fetched again at further time steps.
        unknown: What is not known of it, each with the reason; what rests on that is not given.
    """

    macs: float
    spike_macs: float = 0.0
    synops: float = 0.0
    neuron_updates: float = 0.0
    steps: int = 1
    weights: float = 0.0
    spike_weights: float = 0.0
    spikes: float = 0.0
    later_macs: float = 0.0
    later_words: float = 0.0
    unknown: Mapping[Unknown, str] = field(default_factory=dict)

    @property
    def one_pass(self) -> float:
        """Mult-adds of the same layers run once, as a ReLU network would."""
        return self.macs - self.later_macs + self.spike_macs / self.steps

    @property
    def neurons(self) -> float:
        """Spiking neurons."""
        return self.neuron_updates / self.steps
