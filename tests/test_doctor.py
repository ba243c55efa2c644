"""`benchbench doctor` on machines with nothing, with everything, and with a missing permission."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures_sysfs import Tree

CODE = """
import json, sys
from benchbench.doctor import examine
machine = json.loads(sys.argv[1])
print(json.dumps(examine(machine, look_s=0.3).to_json()))
assert not {"torch", "pandas"} & set(sys.modules)
"""
MACHINE = {
    "cpu": "a processor",
    "cores": 2,
    "gpus": [],
    "gpu_uuids": [],
    "malloc": "default",
    "torch": "2",
    "spikingjelly": "2",
}


def examine(env: dict[str, str], **machine: Any) -> dict[str, Any]:
    """What is found in a process of its own, which needs no torch."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps({**MACHINE, **machine})],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_machine_without_sensors_is_told_what_would_help(sysfs: Tree, tmp_path: Path) -> None:
    """Every sensor is named with cause and remedy, and the command itself succeeds."""
    (tmp_path / "libnvidia-ml.so.1").touch()  # a machine with a driver is without one too
    env = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "doctor"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "no energy can be metered here" in text
    assert "install NVIDIA's driver" in text
    assert "run on bare metal" in text


def test_every_sensor_is_watched(sysfs: Tree, fake_nvml: dict[str, str]) -> None:
    """A simulated GPU shows each call, its place in torch's order and its update period."""
    uuid = "GPU-00000000-0000-0000-0000-000000000001"
    env = {**fake_nvml, "FAKE_NVML_DEVICES": "2", "FAKE_NVML_FAIL": "field:3"}
    found = examine(env, gpus=["one"], gpu_uuids=[uuid])
    first, second = (s for s in found["sensors"] if "NVML" in s["name"])
    assert first["usable"]
    assert first["simulated"]
    assert 0.01 < first["update_s"] < 0.04
    said = {item["what"]: item["found"] for item in first["findings"]}
    assert said["nvmlDeviceGetFieldValues"] == "field 186: NOT_SUPPORTED"
    assert said["nvmlDeviceGetTotalEnergyConsumption"] == "supported"
    assert "not seen by torch" in said["UUID"]
    assert {item["what"]: item["found"] for item in second["findings"]}["UUID"].endswith("cuda:0")
    assert abs(first["polled_w"][0] / 120 - 1) < 0.2
    assert any("energy can be metered here by NVML" in line for line in found["summary"])


def test_a_zone_that_cannot_be_read_has_its_remedy(sysfs: Tree) -> None:
    """Each zone has a line; what is wrong with one stands in the summary too."""
    sysfs.zone("intel-rapl:0", "package-0", 5)
    sysfs.zone("intel-rapl:1", "package-1", "garbage")
    found = examine({})
    (sensor,) = (s for s in found["sensors"] if s["selector"] == "rapl")
    assert not sensor["usable"]
    by_zone = {item["what"]: item for item in sensor["findings"]}
    assert by_zone["package-0"]["found"].startswith("starts again at 262,143 J")
    assert "holds no number" in by_zone["package-1"]["remedy"]
    assert any("holds no number" in line for line in found["summary"])


def test_a_jetson_lists_its_rails(sysfs: Tree) -> None:
    """Each rail with its watts, and the sum as a meter."""
    sysfs.ina3221("hwmon0", VDD_IN=(5.0, 2.0), VDD_SOC=(5.0, 0.5))
    found = examine({})
    (sensor,) = (s for s in found["sensors"] if s["selector"] == "jetson")
    assert sensor["usable"]
    said = {item["what"]: item["found"] for item in sensor["findings"]}
    assert said["VDD_IN"] == "10.000 W"
    assert said["VDD_SOC"] == "2.500 W"


def test_a_hidden_gpu_is_explained(sysfs: Tree) -> None:
    """An empty or -1 CUDA_VISIBLE_DEVICES hides every GPU, and is named."""
    for value in ("", "-1"):
        found = examine({"CUDA_VISIBLE_DEVICES": value})
        (line,) = (item for item in found["machine"] if "torch sees" in item["what"])
        assert line["found"] == "none"
        assert repr(value) in line["remedy"]
