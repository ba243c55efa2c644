"""Two runs compared: what is better, worse, the same, or cannot be compared.

Run it: ``python examples/compare_two_runs.py``. The second network is wider, so its counts are
worse; counts need no interval. On the command line: ``benchbench compare BASE NEW``.
"""

from __future__ import annotations

import tempfile

from torch import nn

import benchbench

COUNTS = benchbench.Settings(repeats=0, images=4, train_steps=0)  # times nothing


def network(width: int = 8) -> nn.Module:
    """Two linear layers for drawn faces [N, 1, 48, 48]."""
    return nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, width), nn.ReLU(), nn.Linear(width, 7))


def measured(width: int, folder: str) -> benchbench.Results:
    """A run of the network with a width."""
    model = benchbench.Model("net", network, set={"width": width})
    suite = benchbench.Suite(name="widths", models=[model], settings=COUNTS)
    return benchbench.run(suite, out=folder, device="cpu")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        base, new = measured(8, place), measured(16, place)
        found = benchbench.compare(base, new)
    frame = found.to_frame()
    print(frame[frame["metric"].isin(["params", "macs_dense"])].to_string(index=False))
    print("worse" if found.worse else "not worse")
