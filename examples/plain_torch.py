"""A plain torch network, counted and timed: how many samples a second, and how sure that is.

Run it: ``python examples/plain_torch.py``. The windows are short, so that it ends within a minute;
`benchbench.Settings()` by itself is what a figure for others should be measured with.
"""

from __future__ import annotations

import tempfile

from torch import nn

import benchbench

SHORT = benchbench.Settings(
    batch_size=16,
    threads=1,
    repeats=2,
    window_s=0.3,
    window_iterations=2,
    warmup_s=0.1,
    warmup_cap_s=0.5,
    idle_s=0,
    images=16,
)


def network(width: int = 32) -> nn.Module:
    """Two linear layers for drawn faces [N, 1, 48, 48]."""
    return nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, width), nn.ReLU(), nn.Linear(width, 7))


if __name__ == "__main__":  # each measurement is a process of its own, which imports this file
    with tempfile.TemporaryDirectory() as folder:
        suite = benchbench.Suite(models=[network], settings=SHORT)
        results = benchbench.run(suite, out=folder, device="cpu")
        for name in ("params", "macs_dense", "infer_fps", "train_fps"):
            found = results.figure("network", name)
            between = "" if found.low is None else f", 95 % in {found.low:.6g} .. {found.high:.6g}"
            print(f"{name}: {found.value:.6g} ({found.method}, n={found.n}{between})")
