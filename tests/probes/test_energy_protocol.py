"""What the metering protocol finds beside the counter, through the simulated NVML and pynvml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from nvml.build import compile_nvml, drive, environment

if TYPE_CHECKING:
    from pathlib import Path

UUID = "GPU-00000000-0000-0000-0000-000000000000"
WINDOW_S = 1.3  # more than twenty readings of the power


def energy_of(env: dict[str, str], **more: Any) -> dict[str, Any]:
    """The figure `infer_energy` of a window, with its detail."""
    found: dict[str, Any] = drive(env, uuid=UUID, window_s=WINDOW_S, **more)["figures"][
        "infer_energy"
    ]
    return found


def test_counter_and_power_agree(fake_nvml: dict[str, str]) -> None:
    """The counter is held against its own power, and temperature and clock are kept."""
    figure = energy_of(fake_nvml)
    detail = figure["detail"]
    assert figure["valid"]
    assert detail["power_check"] == "done"
    assert detail["power_j"] == pytest.approx(120 * detail["seconds"], rel=0.01)
    assert detail["power_disagreement"] < 0.03
    assert detail["temperature_c"] == [61, 61]
    assert detail["clock_mhz"] == [1410, 1410]
    assert any("may be off by 5 % and 16 W" in reason for reason in figure["reasons"])


def test_a_counter_that_its_power_contradicts_is_invalid(fake_nvml: dict[str, str]) -> None:
    """Power readings a fifth above the counter: the value stays, marked, with the remedy."""
    figure = energy_of({**fake_nvml, "FAKE_NVML_POWER_GAIN": "1.2"})
    assert figure["value"] is not None
    assert not figure["valid"]
    assert any("meters_disagree" in reason for reason in figure["reasons"])
    assert figure["detail"]["power_disagreement"] == pytest.approx(0.2, abs=0.03)


def test_a_short_window_is_not_cross_checked_and_says_so(fake_nvml: dict[str, str]) -> None:
    """Three readings of the power prove nothing."""
    env = {**fake_nvml, "FAKE_NVML_POWER_GAIN": "1.2", "FAKE_NVML_UPDATE_MS": "5"}
    figure = drive(env, uuid=UUID, window_s=0.2)["figures"]["infer_energy"]
    assert figure["valid"]
    assert figure["detail"]["power_check"] == "none: too few power readings"


def test_power_refused_alone_leaves_the_counter_unchecked(fake_nvml: dict[str, str]) -> None:
    """The energy is there, and its detail says why nothing was held against it."""
    figure = energy_of({**fake_nvml, "FAKE_NVML_FAIL": "field:3,power:4"})
    assert figure["valid"]
    assert figure["value"] == pytest.approx(120 * figure["detail"]["seconds"] / 100, rel=0.02)
    check = figure["detail"]["power_check"]
    assert check.startswith("none: NVML gives no power")
    assert "NO_PERMISSION" in check


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("energy:3", "nvmlDeviceGetTotalEnergyConsumption says NOT_SUPPORTED"),
        ("energy:3,field:3", "nvmlDeviceGetTotalEnergyConsumption says NOT_SUPPORTED"),
        ("energy:13,fields:13", "nvmlDeviceGetTotalEnergyConsumption says FUNCTION_NOT_FOUND"),
    ],
)
def test_energy_without_a_counter_is_summed_up_from_power(
    fake_nvml: dict[str, str], fails: str, said: str
) -> None:
    """Whichever call gives the power, the energy is right and says how it was got."""
    figure = energy_of({**fake_nvml, "FAKE_NVML_FAIL": fails})
    assert figure["value"] == pytest.approx(120 * figure["detail"]["seconds"] / 100, rel=0.02)
    assert any(said in reason and "summed up from power" in reason for reason in figure["reasons"])
    assert figure["detail"]["power_check"].startswith("none: the energy is itself")


def test_a_driver_without_the_counter_s_symbol_still_has_power(tmp_path: Path) -> None:
    """A missing symbol is FUNCTION_NOT_FOUND, and the power is summed up."""
    env = {**environment(compile_nvml(tmp_path, "-DWITHOUT_ENERGY")), "FAKE_NVML_UPDATE_MS": "20"}
    figure = energy_of(env)
    assert figure["value"] == pytest.approx(120 * figure["detail"]["seconds"] / 100, rel=0.02)


def test_power_lost_within_the_window_is_a_reason(fake_nvml: dict[str, str]) -> None:
    """A GPU that falls off the bus ends a sum of power too: never a part of it."""
    env = {**fake_nvml, "FAKE_NVML_FAIL": "energy:3,lost_after_s:1"}
    figure = energy_of(env)
    assert figure["value"] is None
    assert "GPU_IS_LOST" in figure["reasons"][0]


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x8, "hardware slowdown"),
        (0x20, "software thermal slowdown"),
        (0x40, "hardware thermal slowdown"),
        (0x80, "hardware power brake"),
    ],
)
def test_throttling_makes_the_window_invalid(
    fake_nvml: dict[str, str], bits: int, words: str
) -> None:
    """Heat and the hardware's own protection; what to do is said."""
    figure = drive({**fake_nvml, "FAKE_NVML_THROTTLE": str(bits)}, uuid=UUID)["figures"][
        "infer_power"
    ]
    assert not figure["valid"]
    assert any(f"throttled: {words}" in r and "cool the device" in r for r in figure["reasons"])


def test_a_power_cap_is_how_the_device_is_set_up(fake_nvml: dict[str, str]) -> None:
    """Idle, application clocks and the software's power cap are no fault."""
    env = {**fake_nvml, "FAKE_NVML_THROTTLE": str(0x1 | 0x2 | 0x4), "FAKE_NVML_UPDATE_MS": "5"}
    assert drive(env, uuid=UUID)["figures"]["infer_power"]["valid"]


@pytest.mark.parametrize(("listed", "own", "foreign"), [(0, 0, None), (1, 0, 0), (3, 1, 2)])
def test_other_processes_are_counted_and_silence_is_unknown(
    fake_nvml: dict[str, str], listed: int, own: int, foreign: int | None
) -> None:
    """In a container this process has another number, and an empty list says nothing."""
    env = {**fake_nvml, "FAKE_NVML_PROCESSES": str(listed), "FAKE_NVML_OWN": str(own)}
    figure = drive(env, uuid=UUID)["figures"]["infer_energy"]
    assert figure["detail"]["foreign"] == foreign
    assert any("shared:" in reason for reason in figure["reasons"]) == bool(foreign)
    assert any("lists nothing" in why for why in figure["detail"]["unknown"]) == (foreign is None)


def test_a_slice_that_cuda_names_by_its_bare_uuid_is_told(fake_nvml: dict[str, str]) -> None:
    """CUDA gives a MIG slice's UUID without a prefix: NVML finds it as MIG-, and it is refused."""
    slice_ = "GPU-11111111-2222-3333-4444-555555555555"
    out = drive({**fake_nvml, "FAKE_NVML_MIG": "1"}, uuid=slice_)
    reason = out["figures"]["infer_energy"]["reasons"][0]
    assert "MIG-11111111-2222-3333-4444-555555555555 is a MIG slice" in reason
    assert "choose its parent" in reason
