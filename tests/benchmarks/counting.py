"""What counting costs, in units of the import that nothing can do without.

``make bench`` prints how often longer ``benchbench count`` takes, as a command with its own worker,
than a bare ``import torch, spikingjelly.activation_based.neuron``; the two take turns, so that the
noise of a shared machine falls on both alike. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from rich.console import Console

ROUNDS = 5
MODELS = ("vgg", "conv_snn")
BARE = (sys.executable, "-c", "import torch, spikingjelly.activation_based.neuron")


def main() -> None:
    """Print the median of the paired ratios of each model, and their range."""
    commands = {name: (sys.executable, "-m", "benchbench", "count", name) for name in MODELS}
    for command in (BARE, *commands.values()):  # what is compiled and drawn once, before
        _seconds(command)
    ratios: dict[str, list[float]] = {name: [] for name in MODELS}
    for _ in range(ROUNDS):
        bare_s = _seconds(BARE)
        for name, command in commands.items():
            ratios[name].append(_seconds(command) / bare_s)
    console = Console()
    for name, found in ratios.items():
        console.print(
            f"benchbench count {name}: {statistics.median(found):.2f} x the import of torch and "
            f"spikingjelly ({min(found):.2f} to {max(found):.2f}, n = {len(found)})"
        )


def _seconds(command: tuple[str, ...]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
