"""What every formula works from: counts of one sample."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PJ", "Counted"]

PJ = 1e-12  # joules


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
    """

    macs: float
    spike_macs: float = 0.0
    synops: float = 0.0
    neuron_updates: float = 0.0
    steps: int = 1
    weights: float = 0.0
    spike_weights: float = 0.0

    @property
    def one_pass(self) -> float:
        """Mult-adds of the same layers run once, as a ReLU network would."""
        return self.macs + self.spike_macs / self.steps
