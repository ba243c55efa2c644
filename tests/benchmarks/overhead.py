"""What the harness costs: its window against a hand-written loop over the same step, interleaved.

``make bench`` prints the ratio of the two throughputs. Nothing is asserted: the machine is shared.
"""

from __future__ import annotations

import statistics
import time

import torch
from rich.console import Console
from torch import nn

from benchbench import zoo
from benchbench.data import load
from benchbench.probes.speed import WarmUp, run_window
from benchbench.steps import batches_of, loss_of, training_step
from benchbench.suite import Settings

ROUNDS, ITERATIONS = 12, 6


def main() -> None:
    """Print the median ratio over interleaved pairs."""
    settings = Settings(window_s=1e-9, window_iterations=ITERATIONS)
    torch.manual_seed(0)
    model: nn.Module = zoo.build("shallow_cnn", {})
    batches = batches_of(load("synthetic_faces"), settings.batch_size, 8, torch.device("cpu"))
    step = training_step(model, batches, loss_of("auto", model, 0.1), 1e-3)
    warm = WarmUp(1.0, 1, 1.0, None, steady=True)
    for _ in range(ITERATIONS):
        step()
    ratios = []
    for turn in range(ROUNDS):
        seconds = {}
        for kind in ("ours", "hand") if turn % 2 else ("hand", "ours"):
            if kind == "ours":
                seconds[kind] = run_window("train", step, _nothing, settings, warm).seconds
            else:
                start = time.perf_counter()
                for _ in range(ITERATIONS):
                    step()
                seconds[kind] = time.perf_counter() - start
        ratios.append(seconds["hand"] / seconds["ours"])
    Console().print(
        f"throughput, harness : hand-written loop = {statistics.median(ratios):.4f} "
        f"(median of {ROUNDS} interleaved pairs, from {min(ratios):.3f} to {max(ratios):.3f})"
    )


def _nothing() -> None:
    """On a CPU there is nothing to wait for."""


if __name__ == "__main__":
    main()
