"""Who needs less energy, with the sensor's own error carried through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.comparing.energy_ratio import UNRESOLVED, resolve
from benchbench.metrics.merging import merge
from benchbench.metrics.registry import measured, unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement

SECONDS, SAMPLES = 10.0, 1000


def metered(
    powers_w: Sequence[float], offset_w: float = 0.0, sensor: str = "s", seconds: float = SECONDS
) -> Measurement:
    """Energy per sample of one window a round at these powers."""
    rounds = []
    for repeat, power_w in enumerate(powers_w):
        energy_j = power_w * seconds
        detail = {
            "repeat": repeat,
            "window_j": energy_j,
            "seconds": seconds,
            "samples": SAMPLES,
            "offset_w": offset_w,
            "sensor": sensor,
        }
        rounds.append(measured("infer_energy", energy_j / SAMPLES, detail=detail))
    return merge(rounds)


def test_a_clear_difference_is_resolved_in_both_directions() -> None:
    """Half the power is less energy, and turned around it is more."""
    low, high = metered([100, 101, 99]), metered([200, 202, 198])
    found = resolve(low, high)
    assert found is not None
    assert found.verdict == "less"
    assert found.value == pytest.approx(0.5)
    assert found.low is not None
    assert found.low <= 0.5
    turned = resolve(high, low)
    assert turned is not None
    assert turned.verdict == "more"


def test_an_offset_as_large_as_the_difference_is_not_resolvable() -> None:
    """Short windows at like power: what separates them is less than the sensor's offset."""
    short, long = (
        metered([50, 50.1, 49.9], 40, seconds=10.0),
        metered([30, 30.1, 29.9], 40, seconds=18),
    )
    found = resolve(short, long)
    assert found is not None
    assert found.verdict == UNRESOLVED
    assert "offset of 40 W" in found.reason
    exact = resolve(metered([50, 50.1, 49.9]), metered([30, 30.1, 29.9], seconds=18))
    assert exact is not None
    assert exact.verdict == "less"


@given(
    powers=st.lists(st.floats(60, 500), min_size=2, max_size=6),
    ratio=st.floats(0.2, 5),
    offset_w=st.floats(-16, 16),
    gain=st.floats(0.9, 1.1),
)
def test_the_true_ratio_is_within_for_any_gain_and_offset(
    powers: list[float], ratio: float, offset_w: float, gain: float
) -> None:
    """Readings that are wrong by a gain and an offset within the stated one hold the truth."""
    shown = [
        [gain * (power_w * factor) + offset_w for power_w in powers] for factor in (1.0, ratio)
    ]
    if min(map(min, shown)) <= 40:
        return
    over, under = (metered(side, 16 * 1.1) for side in reversed(shown))
    found = resolve(over, under)
    assert found is not None
    if found.low is not None and found.high is not None:
        assert found.low <= ratio * (1 + 1e-9)
        assert found.high >= ratio * (1 - 1e-9)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (metered([100, 100], sensor="another"), "different sensors"),
        (replace(metered([100, 100]), provenance="simulated"), "different sensors"),
        (replace(metered([100, 100]), valid=False), "invalid"),
        (unavailable("infer_energy", "no sensor"), "not metered"),
        (metered([100]), "one round"),
        (metered([10, 10], 16), "as large as the power"),
    ],
)
def test_what_cannot_be_compared_says_why(other: Measurement, words: str) -> None:
    """Each is not resolvable, for its own reason."""
    found = resolve(other, metered([200, 201]))
    assert found is not None
    assert found.verdict == UNRESOLVED
    assert words in found.reason


def test_nothing_metered_has_no_verdict() -> None:
    """Where there was no sensor there is no line at all."""
    assert resolve(unavailable("infer_energy", "no sensor"), None) is None
