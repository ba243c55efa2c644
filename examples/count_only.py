"""Count only: parameters, mult-adds and spikes of a model, layer by layer; no clock is read.

Run it: ``python examples/count_only.py``. On the command line: ``benchbench count conv_snn``.
"""

from __future__ import annotations

import torch
from spikingjelly.activation_based import neuron
from torch import nn

import benchbench


def spiking() -> nn.Module:
    """A layer of integrate-and-fire neurons between two linear ones."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32), neuron.IFNode(v_threshold=0.1), nn.Linear(32, 10)
    )


if __name__ == "__main__":
    torch.manual_seed(0)
    counts = benchbench.count(spiking(), torch.rand(16, 1, 8, 8))
    for name in ("params", "macs_dense", "synops_exact", "firing_rate"):
        found = counts[name]
        print(f"{name}: {found.value:.6g} ({found.method})")
    print(counts.layers())
