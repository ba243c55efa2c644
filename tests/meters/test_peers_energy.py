"""The same sensors read by Zeus and by us: where a fault of its is known, ours is right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from nvml.build import drive

from benchbench.meters.rapl import RaplMeter

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures_sysfs import Tree

pytestmark = pytest.mark.peers

UUID = "GPU-00000000-0000-0000-0000-000000000000"
MONITOR = """
import json, time
from zeus.monitor.power import PowerMonitor

if __name__ == "__main__":
    monitor = PowerMonitor(gpu_indices=[0], update_period=0.05)
    time.sleep(1)
    start_s = time.time()
    time.sleep(1.5)
    print(json.dumps(monitor.get_energy(start_s, time.time())))
"""


@pytest.mark.slow
def test_constant_power_is_not_zero_energy(fake_nvml: dict[str, str], tmp_path: Path) -> None:
    """Zeus' PowerMonitor keeps changes alone and sums up 0.0 J; ours is 120 W."""
    pytest.importorskip("zeus")
    script = tmp_path / "monitor.py"  # a file: Zeus spawns processes that import it
    script.write_text(MONITOR)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, **fake_nvml},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {"0": 0.0}
    ours = drive(fake_nvml, uuid=UUID, window_s=1.5)["figures"]["infer_power"]
    assert ours["value"] == pytest.approx(120, rel=0.02)
    summed = {**fake_nvml, "FAKE_NVML_FAIL": "energy:3"}
    ours = drive(summed, uuid=UUID, window_s=1.5)["figures"]["infer_power"]
    assert ours["value"] == pytest.approx(120, rel=0.02)


@pytest.mark.slow
def test_a_counter_that_starts_again_is_not_negative_energy(sysfs: Tree) -> None:
    """Right after a wrap Zeus' difference is negative; ours is the true one."""
    rapl = pytest.importorskip("zeus.device.cpu.rapl")
    file = sysfs.zone("intel-rapl:0", "package-0", 262_143_000_000)
    theirs = rapl.RAPLFile(str(file.parent))
    try:
        before_mj = theirs.read()
        with RaplMeter() as meter:
            start_j = meter.energy_j()
            file.write_text("1000000\n")
            assert theirs.read() - before_mj < 0
            assert meter.energy_j() - start_j == pytest.approx(1.32885)
    finally:
        theirs.wraparound_tracker._stop()
