"""A file may hold any number or text: what is too large is refused in short, the rest is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.codec import from_json, plain, restored
from benchbench.errors import ResultError
from benchbench.metrics.registry import measured
from benchbench.report import markdown
from benchbench.report.page import page
from benchbench.results import stored
from benchbench.results.schema import CellResult, ModelRatio, Results
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Row, Table

if TYPE_CHECKING:
    from pathlib import Path

LARGE = ("1e150", "-1e150", "9" * 150)


def document() -> dict[str, Any]:
    """A result with a table beside the paper's: a count, and a speed whose ratio is compared."""
    rows = (
        Row("params", paper={"a": 1.0, "b": 2.0}, scale=1.0),
        Row("train_fps", paper={"a": 1.0, "b": 2.0}),
    )
    suite = Suite(
        1,
        "s",
        (Model("a", "m.py:a"), Model("b", "m.py:b")),
        tables=(Table("t", rows, ("a", "b")),),
    )
    figures = [measured("params", 3.0), measured("train_fps", 3.0, n=2, low=2.0, high=4.0)]
    cells = tuple(
        CellResult(it, it, "cpu", "ok", (), {}, {one.name: one for one in figures}) for it in "ab"
    )
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "c", "complete": True}
    ratio = ModelRatio("train_fps", "a", "b", 1.0, 0.5, 2.0, 2)
    data = {"name": "d", "source": "d", "synthetic": False, "digest": "", "samples": 1}
    found = Results(run, {}, {**data, "warnings": []}, suite, cells, (ratio,), "0")
    whole: dict[str, Any] = json.loads(stored.text_of(found))
    del whole["sha256"]
    return whole


def loaded(text: str, folder: Path) -> Results:
    """What is read of a file that holds this, and has no checksum, as old ones have none."""
    file = folder / "results.json"
    file.write_text(text)
    return stored.load(file)


@pytest.mark.parametrize("text", ["1e151", "-1e200", "1e999", "9" * 151, "1" + "0" * 400])
def test_a_number_that_no_unit_may_multiply_is_refused(tmp_path: Path, text: str) -> None:
    """Wherever it stands: as the paper's figure, as a factor or as ours."""
    with pytest.raises(ValueError, match=f"^the number {text[:20]} is too large$"):
        from_json(text)
    changed = document()
    changed["suite"]["tables"][0]["rows"][0]["paper"]["a"] = "HERE"
    with pytest.raises(ResultError, match="is too large"):
        loaded(json.dumps(changed).replace('"HERE"', text), tmp_path)


@pytest.mark.parametrize("value", LARGE)
@pytest.mark.parametrize("scale", ["1e150", "9" * 150])
def test_the_largest_numbers_of_a_result_are_shown(tmp_path: Path, value: str, scale: str) -> None:
    """A figure times the factor of its unit still is a number, also where both are integers."""
    changed = document()
    for row in changed["suite"]["tables"][0]["rows"]:
        row["scale"] = "SCALE"
        row["paper"] = {"a": "VALUE", "b": 5e-324}
    for cell in changed["cells"]:
        for figure in cell["measurements"].values():
            figure["value"] = "VALUE"
    text = json.dumps(changed).replace('"SCALE"', scale).replace('"VALUE"', value)
    shown = markdown.text_of(page(loaded(text, tmp_path)))
    assert f"| {float(value) * float(scale):.4g}" in shown


def test_a_document_of_many_faults_tells_the_first_and_how_many_more() -> None:
    """Nobody reads thousands of characters, and a key is cut as a value is."""
    wrong = dict.fromkeys(plain(Settings()), "x" * 1000) | {"k" * 10_000: 1}
    with pytest.raises(ValueError, match=r"; and \d+ more$") as caught:
        restored(Settings, wrong)
    assert len(str(caught.value)) < 4000
    assert str(caught.value).count(" @ ") == 5


@pytest.mark.parametrize("place", ["name of a figure", "key of a figure", "status", "metric"])
def test_a_value_of_thousands_of_letters_is_quoted_short(tmp_path: Path, place: str) -> None:
    """Wherever it stands, the message is a sentence that somebody reads."""
    changed, long = document(), "x" * 10_000
    figures = changed["cells"][0]["measurements"]
    if place == "name of a figure":
        figures["params"]["name"] = long
    elif place == "key of a figure":
        figures[long] = figures.pop("params")
    elif place == "status":
        changed["cells"][0]["status"] = long
    else:
        changed["suite"]["tables"][0]["rows"][0]["metric"] = long
    with pytest.raises(ResultError, match=r"not a whole result of benchbench: .*xxx") as caught:
        loaded(json.dumps(changed), tmp_path)
    assert len(str(caught.value)) < 1000
