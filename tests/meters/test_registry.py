"""Selectors are declared by the sensors' own files, and by nobody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchbench.errors import MeterError
from benchbench.meters import expected, is_selector, open_meter, registry
from benchbench.meters.registry import Request, find, meter
from benchbench.meters.simulated import Curve, SimulatedMeter, VirtualClock

if TYPE_CHECKING:
    from fixtures_copy import PackageCopy

STEADY = '''"""A sensor that shows 50 W for ever."""

from benchbench.meters.registry import Request, meter
from benchbench.meters.simulated import Curve, SimulatedMeter, VirtualClock


@meter("steady")
def open_steady(_request: Request) -> SimulatedMeter:
    """Fifty watts."""
    return SimulatedMeter(Curve([(0.0, 50.0)]), 0.1, VirtualClock())
'''
SUITE = """benchbench: 1
name: steady
models:
  - id: a
    model: cnn3
settings:
  meter: steady
"""
CODE = """
import json, sys
from benchbench.meters import expected, is_selector, open_meter
from benchbench.suite.loader import load

with open_meter("steady", "cpu", None) as found:
    first, last = found.wait_for_update(), found.wait_for_update()
print(json.dumps({
    "known": is_selector("steady"),
    "expected": expected(),
    "power_w": (last.energy_j - first.energy_j) / (last.time_s - first.time_s),
    "meter": load("steady.yaml")[0].settings.meter,
    "heavy": sorted({"torch", "pynvml", "scipy"} & set(sys.modules)),
}))
"""


def steady(_request: Request) -> SimulatedMeter:
    """A meter that a test registers."""
    return SimulatedMeter(Curve([(0.0, 50.0)]), 0.1, VirtualClock())


def test_a_new_sensor_is_one_new_file(package_copy: PackageCopy) -> None:
    """A file added to the meters' folder is a selector everywhere, and nothing else changes."""
    package_copy.add("meters/steady.py", STEADY)
    (package_copy.root.parent / "steady.yaml").write_text(SUITE)
    found = json.loads(package_copy.python(CODE))
    assert found["known"]
    assert found["expected"].endswith("external:<file> or steady")
    assert found["power_w"] == pytest.approx(50, rel=0.02)
    assert found["meter"] == "steady"
    assert found["heavy"] == []
    assert not is_selector("steady"), "only the copy has it"


def test_the_list_of_selectors_is_in_its_order() -> None:
    """The choices that need no sensor come first, then one sensor after the other."""
    forms = "auto, none, rapl, jetson, jetson:<rail>, nvml:<index or UUID>, amd, amd:<index>, apple"
    assert expected() == f"{forms}, command:<command> or external:<file>"


@pytest.mark.parametrize("form", ["rapl", "nvml:<number>", "jetson:<name>", "auto"])
def test_a_selector_has_one_meter(form: str) -> None:
    """A second meter under a selector that is taken is refused, and the first one stays."""
    before = find(form)
    with pytest.raises(MeterError, match=r"test_registry\.steady is registered already by .*open_"):
        meter("new", form)(steady)
    assert find(form) is before
    assert not is_selector("new")


def test_a_file_that_is_read_twice_registers_once() -> None:
    """The same function may declare its selector again, as a reloaded module does."""
    known = find("rapl")
    assert known is not None
    meter(*known.forms, place=known.place, automatic=known.automatic)(known.open)
    assert expected().count("rapl") == 1


def test_a_meter_may_be_registered_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code outside the folder can declare a meter after the folder was read."""
    assert not is_selector("late:1")
    monkeypatch.setattr(registry, "_declared", dict(registry._declared))
    meter("late:<number>")(steady)
    assert is_selector("late:1")
    assert not is_selector("late")
    assert open_meter("late:1", "cpu", None).name == "simulated sensor"


def test_an_unknown_selector_is_refused_with_the_list() -> None:
    """The message names what was asked for and everything that could have been."""
    with pytest.raises(MeterError, match="meter 'rapple' is unknown: expected auto, none, rapl,"):
        open_meter("rapple", "cpu", None)
