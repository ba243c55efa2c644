"""A hundred kills lose nothing, and leave nothing running or locked."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from kills import MOMENTS, Kills

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.faults
@pytest.mark.parametrize("moment", MOMENTS)
def test_twenty_kills_in_a_moment_lose_nothing(tmp_path: Path, moment: str) -> None:
    """The same command afterwards ends with the rows of a run that nobody disturbed."""
    kills = Kills(tmp_path, random.Random(0))  # noqa: S311 - moments
    kills.prepare()
    kills.series(moment, 20)
    assert not kills.faults
    assert sum(kills.done.values()) == 20
