"""What a worker does with a meter, step by step, with `time.sleep` in the place of a network.

Reads one JSON object from its first argument: ``selector``, ``device``, ``uuid``, ``idle_s``,
``window_s``; prints one JSON object with the figures and what is needed to know the true energy.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time

from benchbench.meters import open_meter
from benchbench.probes import energy_metered, utilisation
from benchbench.probes.metering import protocol
from benchbench.probes.metering.sampler import Watch
from benchbench.probes.metering.window import Window

SAMPLES = 100


def main() -> None:
    """Open the meter, take a baseline, one window and a second baseline."""
    spec = {
        "selector": "auto",
        "device": "cuda:0",
        "uuid": None,
        "idle_s": 0.1,
        "window_s": 0.3,
        **json.loads(sys.argv[1]),
    }
    with open_meter(spec["selector"], spec["device"], spec["uuid"]) as meter:
        before = protocol.idle_power(meter, spec["idle_s"])
        watch = Watch(meter).start()
        start = protocol.begin(meter)
        start_s = time.perf_counter()
        time.sleep(spec["window_s"])
        window = Window("infer", 10, SAMPLES, start_s, time.perf_counter())
        figures = energy_metered.finish(meter, start, window, before, stop=watch.stop).figures
        figures += utilisation.measure(meter, window, device_peak_bytes=1 << 20, rss_bytes=None)
        figures = energy_metered.conclude(
            figures, before, protocol.idle_power(meter, spec["idle_s"])
        )
        out = {
            "name": meter.name,
            "provenance": meter.provenance,
            "notes": meter.notes,
            "calls": getattr(meter, "calls", {}),
            "began": start.reading is not None,
            "window": [window.start_s, window.end_s],
            "figures": {figure.name: figure.to_json() for figure in figures},
        }
        if meter.name != "none":
            library = ctypes.CDLL("libnvidia-ml.so.1")
            library.fake_nvml_origin_s.restype = ctypes.c_double
            out["origin_s"] = library.fake_nvml_origin_s()
    sys.stdout.write(json.dumps(out))


if __name__ == "__main__":
    main()
