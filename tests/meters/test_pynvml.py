"""Energy of a window through the real pynvml, against the simulated NVML's known curves."""

from __future__ import annotations

from typing import Any

import pytest
from nvml.build import drive

UUID = "GPU-00000000-0000-0000-0000-000000000000"


def assert_right(out: dict[str, Any], true: float) -> None:
    """The energy of the window is right to 1 %, and within its own bound on a machine that stalls.

    A starved process sees the counter's changes late, which widens the bound that is reported.
    """
    detail = out["figures"]["infer_energy"]["detail"]
    error = abs(detail["window_j"] / true - 1)
    assert error <= max(0.01, detail["edge_error"]), (error, detail)
    assert out["figures"]["infer_energy"]["value"] * 100 == pytest.approx(detail["window_j"])
    assert out["figures"]["infer_energy"]["provenance"] == "simulated"


def test_constant_power_through_pynvml(fake_nvml: dict[str, str]) -> None:
    """Through the real pynvml a constant power is right to 1 %, and so is the idle power."""
    out = drive(fake_nvml, uuid=UUID, window_s=2.5, idle_s=0.5)
    start_s, end_s = out["window"]
    assert_right(out, 120 * (end_s - start_s))
    assert out["figures"]["infer_power"]["value"] == pytest.approx(120, rel=0.05)
    assert out["figures"]["idle_power"]["value"] == pytest.approx(120, rel=0.05)


@pytest.mark.parametrize("kind", ["step", "ramp"])
def test_known_curve_through_pynvml(fake_nvml: dict[str, str], kind: str) -> None:
    """Through the real pynvml a step and a ramp within the window are right to 1 %."""
    low_w, high_w, at_s = 50, 150, 1.5
    env = {**fake_nvml, "FAKE_NVML_POWER": f"{kind}:{low_w}:{high_w}:{at_s}"}
    out = drive(env, uuid=UUID, window_s=2.5)
    begin_s, end_s = (time_s - out["origin_s"] for time_s in out["window"])
    assert begin_s < at_s < end_s, "the step is within the window"
    begin_w = low_w if kind == "step" else low_w + (high_w - low_w) * begin_s / at_s
    until_w = low_w if kind == "step" else high_w
    assert_right(out, (begin_w + until_w) / 2 * (at_s - begin_s) + high_w * (end_s - at_s))
    # The idle power before the step is not the one after it, and this is said.
    assert "drifted" in " ".join(out["figures"]["infer_energy_net"]["reasons"])
