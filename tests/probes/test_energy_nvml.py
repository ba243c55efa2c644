"""Limits, clocks, slowdowns, jumps and scopes, through the real pynvml and a simulated NVML."""

from __future__ import annotations

from typing import Any

import pytest
from nvml.build import drive

UUID = "GPU-00000000-0000-0000-0000-000000000000"
WINDOW_S = 1.3  # more than twenty readings of the power
WITHOUT_POWER = {"FAKE_NVML_FAIL": "field:3,power:4"}
HOPPER = {"FAKE_NVML_GPU": "GH200 480GB", "FAKE_NVML_SHARE": "0.6"}


def energy_of(env: dict[str, str], window_s: float = WINDOW_S) -> tuple[dict[str, Any], str]:
    """The figure `infer_energy` of a window from about 0.3 s on, and all that is said beside it."""
    figure: dict[str, Any] = drive(env, uuid=UUID, window_s=window_s)["figures"]["infer_energy"]
    return figure, " | ".join(figure["reasons"])


def test_energy_without_a_power_reading_says_unchecked(fake_nvml: dict[str, str]) -> None:
    """What was held against it, and why nothing else was; with power nothing of it is said."""
    figure, said = energy_of({**fake_nvml, **WITHOUT_POWER})
    assert figure["valid"]
    assert "unchecked: nothing but 1.25 times the enforced power limit, 700 W was held" in said
    assert "nvmlDeviceGetPowerUsage says NO_PERMISSION" in said
    assert figure["detail"]["ceiling_w"] == 875
    assert figure["detail"]["unseen_j"] > 0.5 * 875 * 0.3
    figure, said = energy_of(fake_nvml)
    assert "unchecked" not in said
    assert figure["detail"]["unseen_j"] < 0.1 * figure["detail"]["window_j"]


@pytest.mark.parametrize(
    ("limit", "most"),
    [
        ({"FAKE_NVML_LIMIT": "300"}, "1.25 times the enforced power limit, 300 W, allows"),
        ({"FAKE_NVML_FAIL": "field:3,power:4,limit:3"}, "3,000 W (ours: no power limit"),
        ({"FAKE_NVML_LIMIT": "0"}, "3,000 W (ours: no power limit"),
    ],
)
def test_a_jump_of_the_counter_is_above_the_power_limit(
    fake_nvml: dict[str, str], limit: dict[str, str], most: str
) -> None:
    """Five kilojoules in a window of 120 W are no energy, whatever limit can be read."""
    figure, said = energy_of({**fake_nvml, **WITHOUT_POWER, **limit, "FAKE_NVML_JUMP": "5000:1"})
    assert figure["value"] is not None
    assert not figure["valid"]
    assert "impossible:" in said
    assert most in said


def test_a_jump_below_the_power_limit_is_contradicted_by_power(fake_nvml: dict[str, str]) -> None:
    """A hundred joules more are possible at 700 W, and the power readings know better."""
    figure, said = energy_of({**fake_nvml, "FAKE_NVML_JUMP": "100:1"})
    assert not figure["valid"]
    assert "meters_disagree" in said
    assert "impossible" not in said


def test_a_grace_hopper_s_counter_is_compared_with_its_module_s_power(
    fake_nvml: dict[str, str],
) -> None:
    """The GPU draws 60 % of what the counter counts, and nothing is wrong with that."""
    out = drive({**fake_nvml, **HOPPER}, uuid=UUID, window_s=WINDOW_S)
    figure = out["figures"]["infer_energy"]
    assert figure["valid"], figure["reasons"]
    assert figure["detail"]["power_check"] == "done"
    assert out["name"] == "NVML energy counter of SIMULATED GH200 480GB 0, whole module"
    assert "GPU, processor and memory of the module together" in out["notes"][0]
    assert figure["value"] * 100 == pytest.approx(120 * figure["detail"]["seconds"], rel=0.02)


def test_a_grace_hopper_without_module_power_is_unchecked(fake_nvml: dict[str, str]) -> None:
    """The GPU's power alone must not be held against the module's counter."""
    figure, said = energy_of({**fake_nvml, **HOPPER, "FAKE_NVML_FAIL": "module:3"})
    assert figure["valid"]
    assert "unchecked: nothing but 3,000 W (ours" in said
    assert "field 186, scope module) says NOT_SUPPORTED" in said
    assert "meters_disagree" not in said


def test_another_gpu_whose_power_is_a_part_is_contradicted(fake_nvml: dict[str, str]) -> None:
    """Only a name that is known for it makes a counter the module's."""
    figure, said = energy_of({**fake_nvml, "FAKE_NVML_SHARE": "0.6"})
    assert not figure["valid"]
    assert "meters_disagree" in said


@pytest.mark.parametrize(
    ("gpu", "before_w", "after_w"),
    [("GPU", 700, 350), ("GH200 480GB", 700, 350), ("GPU", 350, 500)],
)
def test_a_power_limit_that_changes_is_told(
    fake_nvml: dict[str, str], gpu: str, before_w: int, after_w: int
) -> None:
    """It was lowered or raised in the window; one that stays as it was is how the GPU is set up."""
    env = {**fake_nvml, "FAKE_NVML_GPU": gpu}
    figure, said = energy_of({**env, "FAKE_NVML_LIMIT": f"{before_w}:{after_w}:1"})
    assert figure["valid"]
    low_w, high_w = sorted((before_w, after_w))
    assert f"capped: the power limit changed between {high_w} and {low_w} W during the" in said
    assert figure["detail"]["power_limit_w"] == [low_w, high_w]
    figure, said = energy_of({**env, "FAKE_NVML_LIMIT": "350"})
    assert "capped" not in said
    assert figure["detail"]["power_limit_w"] == [350, 350]


@pytest.mark.parametrize(("before_mhz", "after_mhz"), [(1980, 990), (900, 1410)])
def test_a_clock_that_changes_is_told(
    fake_nvml: dict[str, str], before_mhz: int, after_mhz: int
) -> None:
    """Half the clock from the middle of the window on, or half as much again."""
    env = {**fake_nvml, "FAKE_NVML_CLOCK": f"{before_mhz}:{after_mhz}:1.8"}
    figure, said = energy_of(env, window_s=2.6)
    assert figure["valid"]
    low_mhz, high_mhz = sorted((before_mhz, after_mhz))
    assert f"clocks: the clock was between {high_mhz} and {low_mhz} MHz during the window" in said


@pytest.mark.parametrize(
    ("policy", "words"), [("THERMAL", "thermal slowdown"), ("BOARD", "board limit")]
)
def test_a_slowdown_between_two_looks_is_found(
    fake_nvml: dict[str, str], policy: str, words: str
) -> None:
    """Half a second that no look at the throttle reasons saw is in the GPU's own count."""
    figure, said = energy_of({**fake_nvml, f"FAKE_NVML_{policy}": "0.5:1"})
    assert not figure["valid"]
    assert f"throttled: {words} for 0.50 s by the device's own count" in said
    assert figure["detail"]["throttled_s"][words] == 0.5


@pytest.mark.parametrize(
    "env", [{"FAKE_NVML_THERMAL": "5:0"}, {"FAKE_NVML_THERMAL": "0.001:1"}, {}]
)
def test_a_slowdown_before_the_window_or_of_a_millisecond_is_none(
    fake_nvml: dict[str, str], env: dict[str, str]
) -> None:
    """The count is cumulative: what it says of the window is its rise."""
    figure, said = energy_of({**fake_nvml, **env})
    assert figure["valid"]
    assert "throttled" not in said


def test_time_at_the_power_limit_is_how_the_gpu_was_set_up(fake_nvml: dict[str, str]) -> None:
    """It is kept beside the figure, and is no doubt."""
    figure, said = energy_of({**fake_nvml, "FAKE_NVML_CAPPED": "0.5:1"})
    assert figure["valid"]
    assert figure["detail"]["capped_s"] == [0, 0.5]
    assert "throttled" not in said


@pytest.mark.parametrize(
    ("code", "name"), [(27, "NOT_READY"), (4, "NO_PERMISSION"), (999, "UNKNOWN")]
)
def test_counts_that_nvml_refuses_are_unknown(
    fake_nvml: dict[str, str], code: int, name: str
) -> None:
    """No slowdown is not the same as no count of them."""
    figure, _ = energy_of({**fake_nvml, "FAKE_NVML_FAIL": f"violations:{code},limit:3"})
    assert figure["valid"]
    assert figure["detail"]["throttled_s"] == {}
    unknown = " ".join(figure["detail"]["unknown"])
    assert f"nvmlDeviceGetViolationStatus says {name}" in unknown
    assert "nvmlDeviceGetEnforcedPowerLimit says NOT_SUPPORTED" in unknown
