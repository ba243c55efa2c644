"""The factor from a figure's SI unit to the unit that somebody asks for."""

from __future__ import annotations

import pytest

from benchbench.metrics.registry import METRICS
from benchbench.metrics.units import factor


@pytest.mark.parametrize(
    ("own", "wanted", "expected"),
    [
        ("J", "mJ", 1e3),
        ("J", "µJ", 1e6),
        ("J", "pJ", 1e12),
        ("J", "kJ", 1e-3),
        ("J", "Wh", 1 / 3600),
        ("J", "mWh", 1 / 3.6),
        ("s", "ms", 1e3),
        ("s", "min", 1 / 60),
        ("B", "GB", 1e-9),
        ("B", "MiB", 2**-20),
        ("B", "Mbit", 8e-6),
        ("1", "%", 100),
        ("1", "M", 1e-6),
        ("fps", "kfps", 1e-3),
        ("fps/W", "fps/mW", 1e-3),
        ("1/SynOp", "1/GSynOp", 1e9),
        ("1/J", "%/mJ", 0.1),
        ("J", "J", 1),
    ],
)
def test_a_prefix_is_its_power_to_the_last_digit(own: str, wanted: str, expected: float) -> None:
    """Over and under a fraction line, decimal, binary, and the units that people use beside SI."""
    assert factor(own, wanted) == expected


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        ("J", "W"),
        ("J", "mjoule"),
        ("J", ""),
        ("s", "MiB"),
        ("s", "Kis"),
        ("fps", "frames/s"),
        ("fps/W", "fps"),
        ("1", "mJ"),
        ("B", "KB"),
    ],
)
def test_another_kind_of_unit_has_no_factor(own: str, wanted: str) -> None:
    """Nor has one that is not known: nothing is guessed."""
    assert factor(own, wanted) is None


def test_every_declared_unit_is_one_of_itself() -> None:
    """And one with a prefix is a thousand times as many."""
    for figure in METRICS.values():
        assert factor(figure.unit, figure.unit) == 1
