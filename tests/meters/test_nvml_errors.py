"""NVML's error codes: each has its own name and says what to do."""

from __future__ import annotations

import pynvml
import pytest

from benchbench.meters.nvml_errors import code_name, sentence

PREFIX = "NVML_ERROR_"
CODES = {name: getattr(pynvml, name) for name in dir(pynvml) if name.startswith(PREFIX)}
UNHEARD_OF = 12_345


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_the_library_has_its_name_and_a_remedy(name: str) -> None:
    """The name is NVML's own, and the advice is not the one for codes that nobody knows."""
    code = CODES[name]
    assert code_name(code) == name.removeprefix(PREFIX)
    said = sentence("nvmlInit", code)
    assert said.startswith(f"nvmlInit says {name.removeprefix(PREFIX)}: ")
    assert said.partition(": ")[2] != sentence("nvmlInit", UNHEARD_OF).partition(": ")[2]


def test_the_library_s_codes_are_all_there() -> None:
    """The list above is not empty: 27 is the one that a starting fabric gives."""
    assert CODES["NVML_ERROR_NOT_READY"] == 27
    assert len(CODES) >= 31


def test_a_code_of_a_later_driver_is_told_by_its_number() -> None:
    """Nothing is made up for it, and there is still something to look at."""
    assert code_name(UNHEARD_OF) == f"error {UNHEARD_OF}"
    assert "dmesg" in sentence("nvmlInit", UNHEARD_OF)
