"""Under which unit a row or an axis shows its figure, and what a file must not ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchbench.errors import SuiteError
from benchbench.suite import loader
from benchbench.suite.tables import Axis, Row
from benchbench.suite.units import shown_in

HEAD = "benchbench: 1\nname: x\nmodels: [{id: a, model: cnn3}]\n"
FAULTS = {
    "unit: mJ, scale: 1": "scale: expected 1000, the factor from a unit of J to 'mJ', found 1",
    "unit: mJ, scale: 1e6": "scale: expected 1000",
    "unit: mJ, scale: 0": "scale: input should be greater than 0, found 0",
    "unit: joules": "unit: 'joules' is not known as a unit of J: give `scale`",
    "unit: W": "unit: 'W' is not known as a unit of J",
    "scale: 1000": "scale: 1000 times a figure in J needs the `unit`",
}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Row("infer_energy", unit="mJ"), (1e3, "mJ")),
        (Row("infer_energy", unit="kJ", scale=1e-3), (1e-3, "kJ")),
        (Row("infer_energy"), (1.0, "J")),
        (Row("accuracy", unit="%"), (100.0, "%")),
        (Row("accuracy"), (1.0, "")),
        (Row("accuracy", scale=100), (100.0, "")),
        (Row("train_fps", unit="images/s", scale=1), (1.0, "images/s")),
        (Axis("params", unit="M"), (1e-6, "M")),
        (Axis("latency", unit="parsec"), (1.0, "s")),  # of an extension: no file may say this
    ],
)
def test_the_scale_follows_from_the_unit(asked: Row | Axis, expected: tuple[float, str]) -> None:
    """What is given is taken; an unknown unit is never printed over a figure that is not in it."""
    assert shown_in(asked) == expected


@pytest.mark.parametrize(("keys", "wanted"), FAULTS.items())
@pytest.mark.parametrize("place", ["table", "axis"])
def test_a_wrong_unit_is_a_fault_with_its_line(keys: str, wanted: str, place: str) -> None:
    """In a row of a table and on an axis of a figure alike."""
    asked = f"{{metric: infer_energy, {keys}}}"
    text = f"{HEAD}tables:\n  - title: t\n    rows:\n      - {asked}\n"
    if place == "axis":
        text = f"{HEAD}figures:\n  - title: t\n    y: {{metric: params}}\n    lines: {{l: [a]}}\n"
        text += f"    x: {asked}\n"
    with pytest.raises(SuiteError) as caught:
        loader.parse(text, "x.yaml", Path())
    (line,) = str(caught.value).splitlines()
    number = 7 if place == "table" else 8
    where = "tables[0].rows[0]" if place == "table" else "figures[0].x"
    assert line.startswith(f"x.yaml:{number}: {where}.{wanted}")


@pytest.mark.parametrize(
    "keys", ["unit: mJ", "unit: J", "unit: mJ, scale: 1e3", "unit: x, scale: 2"]
)
def test_a_unit_that_is_right_or_nobody_s_is_none(keys: str) -> None:
    """Whoever gives an unknown unit its scale knows what it is."""
    loader.parse(
        f"{HEAD}tables: [{{title: t, rows: [{{metric: infer_energy, {keys}}}]}}]", "x", Path()
    )
