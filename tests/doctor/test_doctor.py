"""`benchbench doctor` on machines with nothing, with everything, and with a missing permission."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures_sysfs import Tree

CODE = """
import json, sys
from benchbench.doctor.examine import examine
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
    assert said["cannot draw more than"] == "875 W"
    assert said["nvmlDeviceGetEnforcedPowerLimit"] == "supported"
    assert said["slowed down by thermal slowdown so far"] == "0.0 s"
    assert any("energy can be metered here by NVML" in line for line in found["summary"])


def test_a_zone_that_cannot_be_read_has_its_remedy(sysfs: Tree) -> None:
    """Each zone has a line; what is wrong with one stands in the summary too."""
    sysfs.zone("intel-rapl:0", "package-0", 5)
    sysfs.zone("intel-rapl:1", "package-1", "garbage")
    found = examine({})
    (sensor,) = (s for s in found["sensors"] if s["selector"] == "rapl")
    assert not sensor["usable"]
    by_zone = {item["what"]: item for item in sensor["findings"]}
    said = "starts again at 262,143 J, after 175 s at 1,500 W or later"
    assert by_zone["package-0"]["found"] == said
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


def test_a_gpu_that_fails_does_not_hide_the_others(sysfs: Tree, fake_nvml: dict[str, str]) -> None:
    """One that NVML refuses has its own reason, first or last; so has one that torch alone sees."""
    for bad, good in ((0, 1), (1, 0)):
        env = {**fake_nvml, "FAKE_NVML_DEVICES": "2", "FAKE_NVML_FAIL": f"handle{bad}:15"}
        found = examine(env, gpu_uuids=["MIG-1234"])
        by_selector = {sensor["selector"]: sensor for sensor in found["sensors"]}
        refused = by_selector[f"nvml:{bad}"]
        assert not refused["usable"]
        assert "GPU_IS_LOST" in refused["findings"][-1]["found"]
        assert by_selector[f"nvml:GPU-00000000-0000-0000-0000-00000000000{good}"]["usable"]
        assert "MIG slice" in by_selector["nvml:MIG-1234"]["findings"][-1]["found"]


def test_a_sensor_that_fails_while_it_is_watched_is_a_line(
    sysfs: Tree, fake_nvml: dict[str, str]
) -> None:
    """The GPU falls off the bus during the self-test: the reason, and its calls still stand."""
    found = examine({**fake_nvml, "FAKE_NVML_FAIL": "lost_after_s:0.5"})
    sensor = found["sensors"][0]
    assert not sensor["usable"]
    assert sensor["simulated"]
    last = sensor["findings"][-1]
    assert "GPU_IS_LOST" in last["found"]
    assert "reboot" in last["remedy"]
    assert any(item["what"] == "nvmlDeviceGetSamples" for item in sensor["findings"])


@pytest.mark.parametrize(("processes", "said"), [("0", "none seen"), ("3", "3")])
def test_other_processes_on_a_gpu_are_counted(
    sysfs: Tree, fake_nvml: dict[str, str], processes: str, said: str
) -> None:
    """The doctor computes nothing itself, so whoever is listed is somebody else."""
    env = {**fake_nvml, "FAKE_NVML_PROCESSES": processes, "FAKE_NVML_THROTTLE": "64"}
    items = {item["what"]: item for item in examine(env)["sensors"][0]["findings"]}
    assert items["other processes on it"]["found"].startswith(said)
    assert bool(items["other processes on it"]["remedy"]) is (processes != "0")
    assert items["throttled by"]["found"] == "hardware thermal slowdown"


def test_a_rail_that_cannot_be_read_has_its_remedy(sysfs: Tree) -> None:
    """What is wrong with a power monitor stands in the summary."""
    sysfs.ina3221("hwmon0", VDD_IN=(5.0, 2.0))
    sysfs.write("class/hwmon/hwmon0/curr1_input", "EIO")
    assert any("holds no number" in line for line in examine({})["summary"])


def test_a_zone_that_opens_but_cannot_be_used_says_why(sysfs: Tree) -> None:
    """Each file is readable, the sensor still is not, and its reason is not lost."""
    sysfs.zone("intel-rapl:0", "package-0", 2_000_000_000, 1_000_000_000)
    (sensor,) = (s for s in examine({})["sensors"] if s["selector"] == "rapl")
    assert not sensor["usable"]
    assert "outside its own range" in sensor["findings"][-1]["found"]


def test_sensors_are_looked_at_without_a_worker(sysfs: Tree, tmp_path: Path) -> None:
    """A broken torch is a line beside the sensors, not the end of the command."""
    sysfs.ina3221("hwmon0", VDD_IN=(5.0, 2.0))
    (tmp_path / "torch.py").write_text("raise ImportError('torch is broken here')\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "torch is broken here" in found["machine"][0]["remedy"]
    assert [s["selector"] for s in found["sensors"] if s["usable"]] == ["jetson"]


def test_the_json_has_a_fixed_form(sysfs: Tree) -> None:
    """Scripts may rely on these keys; a change of them changes the schema's number."""
    sysfs.ina3221("hwmon0", VDD_IN=(5.0, 2.0))
    found = examine({})
    assert list(found) == ["schema", "sensors", "machine", "summary"]
    assert found["schema"] == 1
    finding = ["what", "found", "remedy"]
    assert all(list(item) == finding for item in found["machine"])
    for sensor in found["sensors"]:
        assert list(sensor) == [
            *("name", "selector", "usable", "simulated", "update_s", "polled_w", "findings"),
        ]
        assert all(list(item) == finding for item in sensor["findings"])
