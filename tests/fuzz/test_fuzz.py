"""A damaged file is one sentence, soon and in little memory: a short form of `make fuzz`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from outcomes import limited
from targets import TARGETS

SHORT = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)


@pytest.mark.filterwarnings("ignore")  # Pillow and torch warn of what is odd, and are refused
@pytest.mark.parametrize("name", [*TARGETS])
@SHORT
@given(data=st.data())
def test_a_damaged_file_is_refused_or_is_what_it_says(name: str, data: Any) -> None:
    """No traceback, no hang, and nothing that differs from the whole file without a word."""
    target = TARGETS[name]
    example = data.draw(target.examples)
    with tempfile.TemporaryDirectory() as folder, limited():
        assert target.check(example, Path(folder)) in {"accepted", "refused"}
