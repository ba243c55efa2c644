"""What the harness costs: its window against a hand-written loop over the same step, interleaved.

``make bench`` prints the ratio of the two throughputs with an interval, and that of a window whose
sensor is watched (four of the kernel's counters, every 50 ms) to one without. What watching costs
is less than these windows can resolve: so it is watched twenty times as often as well, and a
twentieth of that cost is printed. In between two readings a step has swept the caches either way.
(A window here is a few tenths of a second, so that starting and ending the watch, once a window,
weighs far more in the direct figure than in a window of ten seconds.)
The loop is written as anybody would write it, without a line of ours; it runs on a copy of the same
weights. Windows are short and alternate, so that the noise of a shared machine falls on both alike.
Nothing is asserted: the machine is shared.
"""

from __future__ import annotations

import copy
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from rich.console import Console
from scipy import stats
from torch import nn

from benchbench import zoo
from benchbench.backends.native import training_step
from benchbench.data import load
from benchbench.data.batches import batches_of
from benchbench.meters.rapl import RaplMeter
from benchbench.probes.metering.sampler import CONDITION_S, PERIOD_S, Watch
from benchbench.probes.throughput import WarmUp, run_window
from benchbench.running.child import WORKER_ENVIRONMENT
from benchbench.suite.schema import Settings
from benchbench.training.loss import loss_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.data.batches import Batch

ROUNDS, ITERATIONS, OFTEN = 160, 3, 20


def main() -> None:
    """Print the median ratio over interleaved pairs, with its interval."""
    settings = Settings(window_s=1e-9, window_iterations=ITERATIONS)
    torch.manual_seed(0)
    model: nn.Module = zoo.build("shallow_cnn", {})
    batches = batches_of(load("synthetic_faces"), settings.batch_size, 8, torch.device("cpu"))
    hand = _hand_written(copy.deepcopy(model), batches)
    step = training_step(model, batches, loss_of("auto", model, 0.1), 1e-3)
    warm = WarmUp(1.0, 1, 1.0, None, steady=True)

    def ours() -> float:
        return run_window("train", step, _nothing, settings, warm).seconds

    _print("throughput, harness : hand-written loop", _ratios(ours, hand))
    with tempfile.TemporaryDirectory() as folder:
        _simulate_rapl(Path(folder))
        with RaplMeter() as meter:

            def watched(often: int) -> float:
                watch = Watch(meter, PERIOD_S / often, CONDITION_S / often).start()
                seconds = ours()
                watch.stop()
                return seconds

            what = "throughput, sensor watched : not watched"
            _print(what, _ratios(partial(watched, 1), ours))
            ratios = _ratios(partial(watched, OFTEN), ours)
            _print(f"the same, watched {OFTEN} times as often", ratios)
            _print(f"which is, once in {OFTEN} times", [ratio ** (1 / OFTEN) for ratio in ratios])


def _ratios(ours: Callable[[], float], other: Callable[[], float]) -> list[float]:
    """Throughput of the first over the second, a ratio a pair, interleaved."""
    ratios = []
    for turn in range(-2, ROUNDS):  # the first two are the warm-up
        first, second = (ours, other) if turn % 2 else (other, ours)
        seconds = {first: first(), second: second()}
        if turn >= 0:
            ratios.append(seconds[other] / seconds[ours])
    return sorted(ratios)


def _print(what: str, ratios: list[float]) -> None:
    # The interval of a median needs no distribution: order statistics of a fair coin.
    low = int(stats.binom.ppf(0.025, ROUNDS, 0.5)) - 1
    Console(width=160).print(
        f"{what} = {statistics.median(ratios):.4f} [{ratios[low]:.4f}, {ratios[-1 - low]:.4f}] "
        f"(median of {ROUNDS} interleaved pairs with its 95 % interval)"
    )


def _simulate_rapl(folder: Path) -> None:
    """Kernel files of two packages with memory: what costs is that they are read."""
    for package in range(2):
        for part, name in (("", f"package-{package}"), (":0", "dram")):
            zone = folder / "class" / "powercap" / f"intel-rapl:{package}{part}"
            zone.mkdir(parents=True)
            (zone / "name").write_text(name)
            (zone / "energy_uj").write_text("1000000")
            (zone / "max_energy_range_uj").write_text("262143328850")
    os.environ["BENCHBENCH_SYSFS"] = str(folder)


def _hand_written(model: nn.Module, given: Sequence[Batch]) -> Callable[[], float]:
    """The loop that everybody writes."""
    batches = [(inputs.args[0], labels) for inputs, labels in given]
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    turn = 0

    def run() -> float:
        nonlocal turn
        start = time.perf_counter()
        for _ in range(ITERATIONS):
            images, labels = batches[turn % len(batches)]
            turn += 1
            optimizer.zero_grad()
            criterion(model(images), labels).backward()
            optimizer.step()
        return time.perf_counter() - start

    return run


def _nothing() -> None:
    """On a CPU there is nothing to wait for."""


if __name__ == "__main__":
    if not os.environ.keys() >= WORKER_ENVIRONMENT.keys():  # the allocator of a worker
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | WORKER_ENVIRONMENT)  # noqa: S606
    main()
