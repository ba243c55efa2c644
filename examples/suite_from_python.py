"""A suite from Python: models, settings, a table; run, shown, and read again from its folder.

Run it: ``python examples/suite_from_python.py``. The same names are the keys of a suite's file.
"""

from __future__ import annotations

import tempfile

from spikingjelly.activation_based import neuron
from torch import nn

import benchbench


def spiking(width: int = 16) -> nn.Module:
    """A layer of integrate-and-fire neurons, one time step, for drawn faces [N, 1, 48, 48]."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(48 * 48, width), neuron.IFNode(v_threshold=0.1), nn.Linear(width, 7)
    )


def dense(width: int = 16) -> nn.Module:
    """The same layers with ReLU."""
    return nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, width), nn.ReLU(), nn.Linear(width, 7))


if __name__ == "__main__":
    short = benchbench.Settings(
        phases=("infer",),
        batch_size=4,
        threads=1,
        repeats=1,
        window_s=0.2,
        window_iterations=2,
        warmup_s=0.1,
        warmup_cap_s=0.3,
        idle_s=0,
        images=8,
    )
    suite = benchbench.Suite(
        name="twins",
        title="Spikes against ReLU",
        models=[
            benchbench.Model("snn", spiking, label="Spiking"),
            benchbench.Model("twin", dense, label="ReLU twin"),
        ],
        settings=short,
    )
    with tempfile.TemporaryDirectory() as folder:
        results = benchbench.load(benchbench.run(suite, out=folder, device="cpu").folder)
        for model in results.suite.models:
            fps, rate = (results.figure(model.id, it) for it in ("infer_fps", "firing_rate"))
            spikes = "n/a" if rate.value is None else f"{rate.value:.3f}"
            print(f"{model.title}: {fps.value:.0f} fps, firing rate {spikes}")
