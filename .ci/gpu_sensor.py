#!/usr/bin/env python3
"""What a sensor is worth: its counter of energy against its power, integrated, under a load.

Prints one JSON object: joules of the counter, joules of the power (trapezoids over its samples),
their ratio, how often the counter and the power change. Arguments: device, meter.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import torch

from benchbench.errors import MeterError
from benchbench.fingerprint import gpu_uuid
from benchbench.meters import open_meter

if TYPE_CHECKING:
    from benchbench.meters import Meter, Reading

LOAD_S, SIDE, SAMPLE_S = 12.0, 4096, 0.002


def main() -> None:
    """Load the device for twelve seconds, with nothing before it and after it."""
    device, selector = torch.device(sys.argv[1]), sys.argv[2]
    with open_meter(selector, sys.argv[1], gpu_uuid(device)) as meter:
        samples: list[tuple[float, float]] = []
        changes: list[float] = []
        over = threading.Event()
        watchers = [
            threading.Thread(target=_sample, args=(meter, samples, over)),
            threading.Thread(target=_changes, args=(meter, changes, over)),
        ]
        first = meter.wait_for_update()
        for watcher in watchers:
            watcher.start()
        _load(device)
        last = meter.wait_for_update()
        over.set()
        for watcher in watchers:
            watcher.join()
        said = _said(meter, samples, changes, (first, last))
        sys.stdout.write(json.dumps(said, indent=1) + "\n")


def _said(
    meter: Meter,
    samples: list[tuple[float, float]],
    changes: list[float],
    edges: tuple[Reading, Reading],
) -> dict[str, Any]:
    first, last = edges
    counter_j = last.energy_j - first.energy_j
    inside = [(at, watts) for at, watts in samples if first.time_s <= at <= last.time_s]
    power_j = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(inside))
    new = [b[0] for a, b in itertools.pairwise(inside) if a[1] != b[1]]
    return {
        "sensor": meter.name,
        "provenance": meter.provenance,
        "seconds": last.time_s - first.time_s,
        "counter_j": counter_j,
        "power_integrated_j": power_j or "n/a: the sensor gives no power",
        "counter_over_power": counter_j / power_j if power_j else "n/a",
        "counter_changes_every_ms": _every_ms(changes),
        "power_changes_every_ms": _every_ms(new),
        "samples_of_power": len(inside),
    }


def _every_ms(times: list[float]) -> float | str:
    steps = [1000 * (b - a) for a, b in itertools.pairwise(times)]
    return statistics.median(steps) if steps else "n/a"


def _sample(meter: Meter, samples: list[tuple[float, float]], over: threading.Event) -> None:
    while not over.wait(SAMPLE_S):
        try:
            samples.append((time.perf_counter(), meter.power_w()))
        except MeterError:
            return


def _changes(meter: Meter, changes: list[float], over: threading.Event) -> None:
    while not over.is_set():
        changes.append(meter.wait_for_update().time_s)


def _load(device: torch.device) -> None:
    """Half of the time matrix products, half of it rest, by turns of a second."""
    side = SIDE if device.type == "cuda" else SIDE // 8
    a = torch.rand(side, side, device=device)
    end = time.perf_counter() + LOAD_S
    while time.perf_counter() < end:
        pause = time.perf_counter() + 1
        while time.perf_counter() < pause:
            a = (a @ a).clamp(0, 1)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
        time.sleep(1)


if __name__ == "__main__":
    main()
