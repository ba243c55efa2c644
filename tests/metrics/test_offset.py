"""The sensor's offset in every ratio of what is made of a window's energy, and in no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.metrics import offset
from benchbench.metrics.merging import merge
from benchbench.metrics.ratio import NoRatio, Ratio, ratio
from benchbench.metrics.registry import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement

SECONDS, SAMPLES, IDLE_W = 2.0, 10, 1.0


def side(
    name: str, powers_w: Sequence[float], offset_w: float | None = 0.5, sensor: str = "s"
) -> Measurement:
    """A figure of windows of 2 s and 10 samples at these powers, one a round."""
    rounds = []
    for repeat, power_w in enumerate(powers_w):
        joules = power_w * SECONDS
        value = {
            "infer_energy": joules / SAMPLES,
            "infer_energy_net": (joules - IDLE_W * SECONDS) / SAMPLES,
            "infer_power": power_w,
            "infer_fps_per_w": SAMPLES / joules,
            "infer_fps": SAMPLES / SECONDS * power_w,
        }[name]
        detail: dict[str, Any] = {"repeat": repeat}
        if offset_w is not None:
            detail |= {"window_j": joules, "seconds": SECONDS, "samples": SAMPLES}
            detail |= {"offset_w": offset_w, "sensor": sensor}
        rounds.append(measured(name, value, detail=detail))
    return merge(rounds)


def ends(name: str, **fields: Any) -> tuple[float | None, float | None]:
    """The interval of 3 W over 2 W."""
    found = ratio(side(name, [3, 3], **fields), side(name, [2, 2], **fields))
    assert isinstance(found, Ratio)
    return found.low, found.high


def test_energy_power_and_samples_per_joule_move_together() -> None:
    """3.5 / 2.5 to 2.5 / 1.5 for energy and power; upside down for samples per joule."""
    wanted = (3.5 / 2.5, 2.5 / 1.5)
    assert ends("infer_energy") == pytest.approx(wanted)
    assert ends("infer_power") == pytest.approx(wanted)
    assert ends("infer_fps_per_w") == pytest.approx((1 / wanted[1], 1 / wanted[0]))


def test_net_energy_and_time_do_not_move() -> None:
    """The offset is in the idle power as well and falls out; a clock has none."""
    assert ends("infer_energy_net") == pytest.approx((2.0, 2.0))
    assert ends("infer_fps", offset_w=None) == pytest.approx((1.5, 1.5))


def test_without_an_offset_the_interval_is_student_s() -> None:
    """And with one it holds Student's."""
    over, under = [3, 3.3, 2.9], [2, 2.1, 1.9]
    plain, exact, wide = (
        ratio(side("infer_energy", over, offset), side("infer_energy", under, offset))
        for offset in (None, 0.0, 0.1)
    )
    assert isinstance(plain, Ratio)
    assert isinstance(wide, Ratio)
    assert plain == exact
    assert wide.value == plain.value
    assert (wide.low or 9) < (plain.low or 0) < (plain.high or 9) < (wide.high or 0)
    assert (plain.offset_w, wide.offset_w, wide.n) == (0.0, 0.1, 3)


@pytest.mark.parametrize("powers", [[0.5, 3], [0.4, 3]])
def test_an_offset_that_may_be_all_of_a_window_leaves_no_interval(powers: list[float]) -> None:
    """In one round of one side is enough."""
    for pair in ((powers, [2, 2]), ([2, 2], powers)):
        found = ratio(*(side("infer_energy", each) for each in pair))
        assert isinstance(found, Ratio)
        assert (found.low, found.high) == (None, None)
        assert found.reason == "the sensor's offset of 0.5 W is as large as the power"
        assert (found.n, found.offset_w) == (2, 0.5)


def test_a_small_window_moves_as_a_large_one_does() -> None:
    """Also where less than a joule is left of it, and where a figure was rounded when stored."""
    small = [
        replace(it, value=(it.value or 0) * (1 + 1e-7))
        for it in side("infer_energy", [0.3]).rounds()
    ]
    assert small[0].value
    found = ratio(*(side("infer_energy", [p, p], offset_w=0.1) for p in (0.3, 0.2)))
    assert isinstance(found, Ratio)
    assert (found.low, found.high) == (pytest.approx(0.4 / 0.3), pytest.approx(0.2 / 0.1))
    assert offset._shifted(small[0], 0.1) == pytest.approx(0.4 * SECONDS / SAMPLES)


def test_a_window_whose_joules_are_not_known_does_not_move() -> None:
    """An offset alone says nothing of a figure that is made of something else."""
    (window,) = side("infer_power", [3]).rounds()
    bare = replace(window, detail={"offset_w": 0.5, "sensor": "s"})
    assert offset._shifted(bare, 0.5) == 3


def test_one_round_has_no_interval_and_no_reason() -> None:
    """As for any other figure."""
    found = ratio(side("infer_energy", [3]), side("infer_energy", [2]))
    assert isinstance(found, Ratio)
    assert (found.low, found.high, found.reason) == (None, None, "")


def test_two_sensors_have_no_ratio() -> None:
    """Their gains do not cancel; nor is what no sensor stood behind set against what one did."""
    here = side("infer_energy", [3, 3])
    for other in (
        side("infer_energy", [2, 2], sensor="t"),
        side("infer_energy", [2, 2], offset_w=None),
    ):
        for pair in ((here, other), (other, here)):
            found = ratio(*pair)
            assert isinstance(found, NoRatio)
            assert "different sensors" in found.reason


def test_the_largest_offset_of_all_windows_counts() -> None:
    """Whichever side and round it is in."""
    over, under = side("infer_energy", [3, 3]), side("infer_energy", [2, 2])
    repeats = [dict(item) for item in over.detail["repeats"]]
    repeats[1]["offset_w"] = 1.0
    found = ratio(replace(over, detail={"repeats": repeats}), under)
    assert isinstance(found, Ratio)
    assert (found.low, found.high) == pytest.approx((4 / 3, 2 / 1))
