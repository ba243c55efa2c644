"""Who needs less energy, with the sensor's own error carried through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbench.comparing.energy_ratio import UNRESOLVED, resolve
from benchbench.metrics.merging import merge
from benchbench.metrics.ratio import Ratio, ratio
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
        (replace(metered([100, 100]), provenance="simulated"), "one is simulated"),
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


def test_what_is_resolved_is_whole() -> None:
    """Value, both ends and verdict, by hand: powers of 1 and 2 W without an offset."""
    found = resolve(metered([1, 2]), metered([2, 1]))
    assert found is not None
    assert found.value == pytest.approx(1.0)
    assert (found.low or 0) < 1 < (found.high or 0)
    assert found.verdict == UNRESOLVED
    assert found.reason == "1 lies in the interval, which holds the sensor's offset of 0 W"
    clear = resolve(metered([4, 4]), metered([2, 2]))
    assert clear is not None
    assert (clear.value, clear.low, clear.high) == pytest.approx((2.0, 2.0, 2.0))
    assert (clear.verdict, clear.reason) == ("more", "")


@pytest.mark.parametrize(("powers", "verdict"), [([3, 3], "more"), ([1, 1], "less")])
def test_an_offset_widens_both_ends(powers: list[float], verdict: str) -> None:
    """(3 - 0.5) : (2 - 0.5) and (3 + 0.5) : (2 + 0.5) bound 3 : 2, and so for 1 : 2."""
    found = resolve(metered(powers, 0.5), metered([2, 2], 0.5))
    assert found is not None
    ends = sorted((powers[0] + shift) / (2 + shift) for shift in (-0.5, 0.5))
    assert (found.low, found.high) == pytest.approx(tuple(ends))
    assert (found.value, found.verdict) == (pytest.approx(powers[0] / 2), verdict)


def test_windows_of_other_lengths_are_compared_per_sample() -> None:
    """Twice the time at the same power is twice the energy; the offset counts as long."""
    found = resolve(metered([10, 10], 1.0, seconds=20), metered([10, 10], 1.0, seconds=10))
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_an_end_at_1_is_not_resolved() -> None:
    """The interval's ends belong to it."""
    found = resolve(metered([2, 2]), metered([2, 2]))
    assert found is not None
    assert (found.low, found.high, found.verdict) == (1.0, 1.0, UNRESOLVED)


@pytest.mark.parametrize(
    ("over", "under", "reason"),
    [
        (None, [1, 2], "one of the two was not metered"),
        ([1, 2], None, "one of the two was not metered"),
        ([1], [1], "one round gives no interval"),
    ],
)
def test_reasons_are_whole_sentences(
    over: list[float] | None, under: list[float] | None, reason: str
) -> None:
    """A value without an interval is kept; without a second side there is none."""
    sides = [None if powers is None else metered(powers) for powers in (over, under)]
    found = resolve(*sides)
    assert found is not None
    assert (found.reason, found.verdict) == (reason, UNRESOLVED)
    assert found.value == (1.0 if over and under else None)
    assert (found.low, found.high) == (None, None)


def test_a_side_that_is_refused_is_called_by_its_place() -> None:
    """The first or the second of the two."""
    good, bad = metered([1, 2]), replace(metered([1, 2]), valid=False, reasons=("heat", "cap"))
    for sides, reason in (((bad, good), "the first: heat; cap"), ((good, bad), "the second: heat")):
        found = resolve(*sides)
        assert found is not None
        assert reason in found.reason
        assert found.reason.startswith("invalid in ")


def test_gains_of_two_sensors_do_not_cancel() -> None:
    """Whatever they show."""
    found = resolve(metered([1, 2]), metered([1, 2], sensor="other"))
    assert found is not None
    wanted = "the two were metered by different sensors, whose gains do not cancel"
    assert found.reason == wanted


def test_an_offset_that_takes_all_of_the_power_is_no_ratio() -> None:
    """At exactly 0 W as well."""
    found = resolve(metered([2, 2], 2.0), metered([4, 4], 2.0))
    assert found is not None
    assert found.reason == "the sensor's offset of 2 W is as large as the power"
    assert found.value == pytest.approx(0.5)


def test_the_offset_widens_the_ratio_of_two_runs() -> None:
    """Rounds of two runs are no pairs, and their sensor's offset is there all the same."""
    old, new = metered([100, 101, 99], 5), metered([92, 93, 91], 5, seconds=12)
    found = ratio(new, old, names=("the new run", "the base"), paired=False)
    assert isinstance(found, Ratio)
    assert found.low is not None
    assert found.high is not None
    exact = ratio(metered([92, 93, 91], seconds=12), metered([100, 101, 99]), paired=False)
    assert isinstance(exact, Ratio)
    assert exact.low is not None
    assert exact.high is not None
    # By hand: (92 - 5) * 12 / ((100 - 5) * 10) = 1.099, (92 + 5) * 12 / ((100 + 5) * 10) = 1.109
    assert found.low < 1.0990
    assert found.high > 1.1085
    assert (found.low, found.high) != (exact.low, exact.high)
    assert found.low < exact.low < exact.high < found.high
    none = ratio(metered([4, 4.1], 5), old, paired=False)
    assert isinstance(none, Ratio)
    assert none.low is None
    assert "as large as the power" in none.reason
