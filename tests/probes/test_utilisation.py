"""Busy share and peak memory, each on the device that it belongs to."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchbench.meters import NullMeter
from benchbench.meters.simulated import Curve, SimulatedMeter, VirtualClock
from benchbench.probes import utilisation
from benchbench.probes.metering.window import Window

WINDOW = Window("train", 10, 160, 1.0, 6.0)


def test_gpu_run_has_no_rss() -> None:
    """On a GPU the busy share and the peak memory are given, and the RSS is `n/a`."""
    meter = SimulatedMeter(Curve([(0.0, 100.0)]), 0.02, VirtualClock(), busy_share=0.9)
    busy, memory, rss = utilisation.measure(meter, WINDOW, device_peak_bytes=5 << 20, rss_bytes=7)
    assert (busy.name, busy.value, busy.provenance) == ("train_gpu_busy", 0.9, "simulated")
    assert (memory.name, memory.value, memory.unit) == ("train_gpu_memory", 5 << 20, "B")
    assert memory.provenance == "real"
    assert rss.value is None
    assert "used a GPU" in rss.reasons[0]


def test_cpu_run_has_no_gpu_figures() -> None:
    """On a CPU the RSS is given, and the GPU's figures are `n/a`, whatever the meter could say."""
    meter = SimulatedMeter(Curve([(0.0, 100.0)]), 0.02, VirtualClock())
    busy, memory, rss = utilisation.measure(
        meter, WINDOW, device_peak_bytes=None, rss_bytes=7 << 20
    )
    assert busy.reasons == memory.reasons == ("this run used no GPU",)
    assert busy.value is memory.value is None
    assert (rss.name, rss.value) == ("train_rss", 7 << 20)


def test_missing_sensor_is_a_reason() -> None:
    """Without a sensor the busy share is `n/a` with the sensor's reason; the memory is not."""
    busy, memory, _ = utilisation.measure(
        NullMeter("no NVML"), WINDOW, device_peak_bytes=5, rss_bytes=None
    )
    assert (busy.value, busy.reasons) == (None, ("no NVML",))
    assert memory.value == 5


@pytest.mark.parametrize("share", [1.01, -0.5, 655.35])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """A garbled percentage is no figure."""
    meter = SimulatedMeter(Curve([(0.0, 100.0)]), 0.02, VirtualClock(), busy_share=share)
    busy = utilisation.measure(meter, WINDOW, device_peak_bytes=5, rss_bytes=None)[0]
    assert busy.value is None
    assert f"says {100 * share:g} %, which no share is" in busy.reasons[0]


def test_unread_rss_is_a_reason() -> None:
    """A CPU run whose memory nobody read has a reason in its place."""
    rss = utilisation.measure(NullMeter("none"), WINDOW, device_peak_bytes=None, rss_bytes=None)[-1]
    assert rss.value is None
    assert rss.reasons


def test_peak_rss_stays_after_memory_is_freed() -> None:
    """The peak counts memory that was touched and given back."""
    before = utilisation.peak_rss_bytes()
    block = bytearray(b"x") * (64 << 20)
    del block
    after = utilisation.peak_rss_bytes()
    assert after >= before
    assert after > 64 << 20


def test_peak_rss_is_not_inherited() -> None:
    """A process started by a large one reports its own peak, not its parent's."""
    code = (
        "import subprocess, sys; block = bytearray(b'x') * (300 << 20); subprocess.run([sys"
        ".executable, '-c', 'from benchbench.probes import utilisation as o; "
        "print(o.peak_rss_bytes())'], check=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1 << 20 < int(done.stdout) < 200 << 20
