"""The meters' room: which meter is chosen, and what each NVML failure becomes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from nvml.build import LIBRARY, compile_nvml, drive, environment

from benchbench.errors import MeterError
from benchbench.meters import NullMeter, open_meter
from benchbench.meters.simulated import Curve, SimulatedMeter, VirtualClock
from benchbench.meters.utilisation import share_of

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures_sysfs import Tree

UUID = "GPU-00000000-0000-0000-0000-000000000000"
SECOND = "GPU-00000000-0000-0000-0000-000000000001"
ENERGY = ("infer_power", "infer_energy", "infer_energy_net", "infer_fps_per_w")


def reason(selector: str, device: str = "cpu", uuid: str | None = None) -> str:
    """The reason of the null meter that `open_meter` gives."""
    meter = open_meter(selector, device, uuid)
    assert isinstance(meter, NullMeter)
    return meter.reason


def assert_unavailable(out: dict[str, Any], *words: str) -> None:
    """All energy figures are `n/a`, and their reason has every word."""
    for name in ENERGY:
        figure = out["figures"][name]
        assert figure["value"] is None, name
        assert not figure["valid"]
        assert all(word in figure["reasons"][0] for word in words), figure["reasons"]


def test_room_is_cheap_to_enter() -> None:
    """Importing the meters imports neither torch nor pynvml."""
    code = (
        "import sys, benchbench.meters, benchbench.meters.rapl, benchbench.meters.jetson, "
        "benchbench.meters.nvml; print(sorted({'torch', 'pynvml', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_null_meter_gives_its_reason() -> None:
    """Every reading of the null meter raises its reason."""
    with NullMeter("no sensor") as meter:
        readings = (meter.energy_j, meter.wait_for_update, lambda: meter.busy_between(0, 1))
        for reading in readings:
            with pytest.raises(MeterError, match="no sensor"):
                reading()


@pytest.mark.parametrize(
    ("selector", "device", "uuid", "words"),
    [
        ("none", "cpu", None, "asks for no meter"),
        ("none", "cuda:0", UUID, "asks for no meter"),
        ("auto", "cpu", None, "there is no RAPL"),
        ("rapl", "cuda:0", UUID, "there is no RAPL"),
        ("jetson", "cpu", None, "no power monitor of a Jetson"),
        ("jetson:VDD_IN", "cpu", None, "no power monitor of a Jetson"),
        ("auto", "cuda:0", None, "UUID of 'cuda:0' is unknown"),
        ("auto", "cuda:0", "MIG-1234", "whole GPU only"),
        ("nvml:MIG-1234", "cpu", None, "whole GPU only"),
    ],
)
def test_choice_says_what_is_missing(
    selector: str, device: str, uuid: str | None, words: str
) -> None:
    """Where no sensor fits, the null meter says what is missing."""
    assert words in reason(selector, device, uuid)


@pytest.mark.parametrize("selector", ["nvml", "nvml:", "jetson:", "rapl:0", "auto:x", ""])
def test_unknown_selector_is_refused(selector: str) -> None:
    """A selector that names no meter is an error, with what was expected."""
    with pytest.raises(MeterError, match="expected auto, none, rapl, jetson, jetson:<rail>, nvml:"):
        open_meter(selector, "cpu", None)


def test_automatic_choice_finds_the_gpu_by_uuid(fake_nvml: dict[str, str]) -> None:
    """On a GPU `auto` opens the sensor with its UUID, whatever its place in NVML's order."""
    out = drive({**fake_nvml, "FAKE_NVML_DEVICES": "2"}, uuid=SECOND)
    assert out["name"] == "NVML energy counter of SIMULATED GPU 1"
    assert out["notes"] == []
    # The second device draws twice the curve: it is really its counter that was read.
    assert out["figures"]["infer_power"]["value"] == pytest.approx(240, rel=0.3)


@pytest.mark.parametrize("choice", ["1", SECOND])
def test_choice_by_hand_is_noted(fake_nvml: dict[str, str], choice: str) -> None:
    """A sensor chosen by hand serves a run on the CPU, and every figure says so."""
    env = {**fake_nvml, "FAKE_NVML_DEVICES": "2"}
    out = drive(env, selector=f"nvml:{choice}", device="cpu")
    assert out["name"].endswith("SIMULATED GPU 1")
    assert "chosen by hand" in out["figures"]["infer_energy"]["reasons"][0]


def test_choice_of_the_compute_device_by_hand_needs_no_note(fake_nvml: dict[str, str]) -> None:
    """Choosing by hand the GPU that computes is the automatic choice."""
    assert drive(fake_nvml, selector="nvml:0", uuid=UUID)["notes"] == []


def test_simulated_library_announces_itself(fake_nvml: dict[str, str]) -> None:
    """Whatever the simulated NVML gave is marked simulated, also where there is no value."""
    out = drive(
        {**fake_nvml, "FAKE_NVML_FAIL": "samples:3,util:3,energy:3,field:3,power:3"}, uuid=UUID
    )
    assert out["provenance"] == "simulated"
    for name in (*ENERGY, "infer_gpu_busy", "idle_power"):
        assert out["figures"][name]["provenance"] == "simulated"
        assert out["figures"][name]["value"] is None
    assert out["figures"]["infer_gpu_memory"]["provenance"] == "real"


def test_every_call_is_tried_once(fake_nvml: dict[str, str]) -> None:
    """What each NVML call said when the meter was opened is recorded."""
    fails = "samples:4,field:3,clock:13"
    calls = drive({**fake_nvml, "FAKE_NVML_FAIL": fails}, uuid=UUID)["calls"]
    assert calls == {
        "nvmlDeviceGetTotalEnergyConsumption": "supported",
        "nvmlDeviceGetSamples": "NO_PERMISSION",
        "nvmlDeviceGetUtilizationRates": "supported",
        "nvmlDeviceGetFieldValues": "field 186: NOT_SUPPORTED",
        "nvmlDeviceGetPowerUsage": "supported",
        "nvmlDeviceGetCurrentClocksThrottleReasons": "supported",
        "nvmlDeviceGetClockInfo": "FUNCTION_NOT_FOUND",
        "nvmlDeviceGetTemperature": "supported",
        "nvmlDeviceGetMigMode": "NOT_SUPPORTED",
        "nvmlDeviceGetComputeRunningProcesses": "supported",
        "nvmlDeviceGetEnforcedPowerLimit": "supported",
        "nvmlDeviceGetViolationStatus": "supported",
    }


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        ("init:9", ("DRIVER_NOT_LOADED", "modprobe nvidia")),
        ("init:18", ("LIB_RM_VERSION_MISMATCH", "reboot")),
        ("init:999", ("UNKNOWN", "dmesg")),
        ("init:27", ("NOT_READY", "wait a minute")),
        ("init:12345", ("error 12345", "dmesg")),
        ("handle:4", ("NO_PERMISSION", "administrator")),
        ("energy:3,fields:3,power:3", ("NOT_SUPPORTED", "Volta")),
        ("energy:4,field:4,power:4", ("NO_PERMISSION", "root")),
        ("frozen", ("frozen", "reload the driver")),
    ],
)
def test_refusal_is_a_reason(fake_nvml: dict[str, str], fail: str, words: tuple[str, ...]) -> None:
    """Where NVML refuses, each energy figure is `n/a` with cause and remedy."""
    out = drive({**fake_nvml, "FAKE_NVML_FAIL": fail}, uuid=UUID)
    assert not out["began"]
    assert_unavailable(out, *words)
    assert out["figures"]["idle_power"]["value"] is None


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        ("lost_after_s:1", ("GPU_IS_LOST", "Xid 79", "reboot")),
        ("backwards_after_s:1", ("went backwards", "run the cell again")),
        ("frozen_after_s:1", ("frozen",)),
    ],
)
def test_loss_within_the_window_is_a_reason(
    fake_nvml: dict[str, str], fail: str, words: tuple[str, ...]
) -> None:
    """A sensor that fails while the window runs gives `n/a` with the reason, never a part of it."""
    out = drive({**fake_nvml, "FAKE_NVML_FAIL": fail}, uuid=UUID, window_s=1.2)
    assert out["began"]
    assert_unavailable(out, *words)


def test_refused_energy_leaves_the_rest(fake_nvml: dict[str, str]) -> None:
    """Where energy and power are refused, the utilisation is still measured."""
    out = drive({**fake_nvml, "FAKE_NVML_FAIL": "energy:3,fields:13,power:3"}, uuid=UUID)
    assert_unavailable(out, "NOT_SUPPORTED")
    assert out["figures"]["infer_gpu_busy"]["value"] == pytest.approx(0.75)


def test_a_jetson_s_power_monitor_stands_in_for_its_nvml(
    fake_nvml: dict[str, str], sysfs: Tree
) -> None:
    """`auto` takes it where NVML refuses energy and power, or the GPU; else NVML's own sensor."""
    sysfs.ina3221("hwmon0", VDD_IN=(5.0, 2.0))
    for fail in ("energy:3,fields:3,power:3", "handle:3", "init:3"):
        out = drive({**fake_nvml, "FAKE_NVML_FAIL": fail}, uuid=UUID)
        assert out["name"] == "power monitor of VDD_IN", fail
        assert out["figures"]["infer_power"]["value"] == pytest.approx(10, rel=0.2)
    assert drive(fake_nvml, uuid=UUID)["name"].startswith("NVML energy counter")
    summed = drive({**fake_nvml, "FAKE_NVML_FAIL": "energy:3"}, uuid=UUID)
    assert summed["name"].startswith("NVML power, summed up")


def test_old_driver_lacks_the_function(tmp_path: Path) -> None:
    """A library without the functions gives `n/a` and says to update the driver."""
    flags = ("-DWITHOUT_ENERGY", "-DWITHOUT_FIELDS")
    env = {**environment(compile_nvml(tmp_path, *flags)), "FAKE_NVML_FAIL": "power:13"}
    out = drive(env, uuid=UUID)
    assert_unavailable(out, "FUNCTION_NOT_FOUND", "update the driver")
    assert out["calls"]["nvmlDeviceGetFieldValues"] == "FUNCTION_NOT_FOUND"


def test_missing_library_is_a_reason(tmp_path: Path) -> None:
    """Without a library that can be loaded each figure is `n/a` and says what to install."""
    # An empty file in front stops the loader, so that a machine with a driver is without one too.
    (tmp_path / LIBRARY).touch()
    out = drive(environment(tmp_path), uuid=UUID)
    assert_unavailable(out, "LIBRARY_NOT_FOUND", "install NVIDIA's driver")
    assert out["figures"]["infer_gpu_busy"]["value"] is None
    assert out["provenance"] == "real"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"uuid": "GPU-ffffffff"}, ("GPU 'GPU-ffffffff'", "NOT_FOUND", "MIG slice")),
        ({"selector": "nvml:3"}, ("no GPU 3", "NVML sees 1")),
    ],
)
def test_unknown_gpu_is_a_reason(
    fake_nvml: dict[str, str], spec: dict[str, str], words: tuple[str, ...]
) -> None:
    """A GPU that NVML does not know gives `n/a` and says where to look."""
    assert_unavailable(drive(fake_nvml, **spec), *words)


def test_shared_gpu_is_noted(fake_nvml: dict[str, str]) -> None:
    """Several processes on the GPU, or MIG, are noted beside the figures."""
    out = drive({**fake_nvml, "FAKE_NVML_PROCESSES": "3", "FAKE_NVML_MIG": "1"}, uuid=UUID)
    reasons = " ".join(out["figures"]["infer_energy"]["reasons"])
    assert "up to 2 other process(es)" in reasons
    assert "MIG is on" in reasons


def test_utilisation_falls_back_to_the_rate(fake_nvml: dict[str, str]) -> None:
    """Without samples the utilisation is read once, and a note says what that covers."""
    env = {**fake_nvml, "FAKE_NVML_FAIL": "samples:3", "FAKE_NVML_BUSY": "40"}
    figure = drive(env, uuid=UUID)["figures"]["infer_gpu_busy"]
    assert figure["value"] == 0.4
    assert "one reading of the utilisation rate" in figure["reasons"][0]
    assert "nvmlDeviceGetSamples says NOT_SUPPORTED" in figure["reasons"][0]


def test_share_is_weighted_by_time() -> None:
    """Samples count by the part of the window that they cover."""
    busy = share_of([(0.0, 0.9), (1.0, 0.0), (1.5, 1.0), (2.5, 0.5)], 0.5, 2.0)
    assert busy is not None
    # 0.5 s at 0, 0.5 s at 1 and 0.5 s at 0.5
    assert busy.share == pytest.approx(0.5)
    assert busy.covered_s == pytest.approx(1.5)
    assert busy.samples == 3
    assert busy.notes == ()


def test_share_says_what_it_does_not_cover() -> None:
    """Samples that cover less than half of the window are noted."""
    busy = share_of([(8.0, 1.0), (9.0, 1.0), (10.0, 1.0)], 0.0, 10.0)
    assert busy is not None
    assert busy.notes == ("the sensor's samples cover only 2.0 s of the window of 10.0 s",)


def test_share_without_samples_is_nothing() -> None:
    """Where no sample covers the window there is no share, not a share of 0."""
    assert share_of([], 0.0, 1.0) is None
    assert share_of([(5.0, 1.0), (6.0, 1.0)], 0.0, 1.0) is None


def test_simulated_meter_counts_in_steps() -> None:
    """The simulated counter moves by whole updates, and its change is found to a millisecond."""
    clock = VirtualClock()
    with SimulatedMeter(Curve([(0.0, 100.0)]), 0.1, clock) as meter:
        clock.sleep(0.25)
        assert meter.energy_j() == pytest.approx(20)
        change = meter.wait_for_update()
    assert change.energy_j == pytest.approx(30)
    assert abs(change.time_s - 0.3) <= change.uncertainty_s + 1e-9
    assert change.uncertainty_s < 0.001


def test_simulated_meter_without_power_is_frozen() -> None:
    """A counter that does not move within the time limit is frozen, not zero."""
    clock = VirtualClock()
    meter = SimulatedMeter(Curve([(0.0, 0.0)]), 0.1, clock)
    meter.frozen_s = 1.0
    with pytest.raises(MeterError, match=r"stayed at 0\.000 J for 1 s"):
        meter.wait_for_update()
