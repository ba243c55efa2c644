"""Baselines, and a gate whose base is a stored run: what is read, refused, explained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from fixtures_references import TABLE3, open_document

from benchbench.api import gates
from benchbench.cli import main
from benchbench.comparing import baselines
from benchbench.metrics.merging import merge
from benchbench.metrics.registry import measured
from benchbench.results import schema, stored
from benchbench.running import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`carried_out` gives the committed run of Table 3, or what is made of it."""

    def become(found: schema.Results) -> None:
        monkeypatch.setattr(gates, "carried_out", lambda *_: replace(found, folder="kept"))
        monkeypatch.setattr(plan, "hello", lambda *_: found.fingerprint)

    become(stored.load(TABLE3))
    return become


def call(*words: str | Path) -> Result:
    """The command in this process; what it returned is `return_value`."""
    return CliRunner().invoke(main.group, list(map(str, words)), standalone_mode=False)


def test_a_baseline_is_a_run_without_its_details(ran: object, tmp_path: Path) -> None:
    """`compare` and `report` read it; a gate against its folder finds this machine's."""
    assert call("baseline", "update", "table3", "--baselines", tmp_path).return_value == 0
    (file,) = (tmp_path / "table3").iterdir()
    assert len(file.read_bytes()) < len(TABLE3.read_bytes())
    assert call("report", file).return_value == 0
    assert call("compare", TABLE3, file).return_value == 0
    done = call("gate", "table3", "--base", tmp_path / "table3")
    assert done.return_value == 0, done.output
    assert "same" in done.stdout


def test_a_baseline_keeps_what_metered_each_round(tmp_path: Path) -> None:
    """Else joules of another sensor would be set against it."""
    found = stored.load(TABLE3)
    rounds = [measured("infer_energy", it, detail={"sensor": "s"}) for it in (1.0, 2.0)]
    cell = replace(found.cells[0], measurements={"infer_energy": merge(rounds)})
    baselines.store(replace(found, cells=(cell,)), tmp_path / "b.json")
    (kept,) = stored.load(tmp_path / "b.json").cells
    assert [it.detail["sensor"] for it in kept.measurements["infer_energy"].rounds()] == ["s", "s"]


def test_an_update_explains_what_changed(ran: Callable[..., None], tmp_path: Path) -> None:
    """The figure with its old and new value, and what stands behind it."""
    found = stored.load(TABLE3)
    call("baseline", "update", "table3", "--baselines", tmp_path)
    settings = replace(found.suite.settings, batch_size=8)
    cell = found.cells[0]
    grown = replace(cell.measurements["params"], value=7.0)
    cells = (
        replace(cell, id="another", measurements={**cell.measurements, "params": grown}),
        *found.cells[1:],
    )
    ran(replace(found, suite=replace(found.suite, settings=settings), cells=cells))
    done = call("baseline", "update", "table3", "--baselines", tmp_path, "--json")
    lines = {(line["model"], line["metric"]): line for line in json.loads(done.stdout)["lines"]}
    assert lines["conv_snn", "params"]["new"] == 7
    assert "setting batch_size: 16 -> 8" in done.stderr
    assert "conv_snn: its source, its settings or the data changed" in done.stderr
    assert "cnn3: its source" not in done.stderr


def test_a_run_with_a_failed_cell_is_no_baseline(ran: Callable[..., None], tmp_path: Path) -> None:
    """What was there is kept, and the cell is named."""
    call("baseline", "update", "table3", "--baselines", tmp_path)
    (file,) = (tmp_path / "table3").iterdir()
    before = file.read_bytes()
    found = stored.load(TABLE3)
    ran(replace(found, cells=(replace(found.cells[0], status="oom"), *found.cells[1:])))
    done = call("baseline", "update", "table3", "--baselines", tmp_path)
    assert "conv_snn (oom)" in str(done.exception)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "fail_on", "expected"),
    [
        ({"infer_fps": 0.5}, (), 1),
        ({"infer_fps": 0.5}, ("counts",), 0),
        ({"infer_fps": 2.0}, (), 0),
        ({"infer_fps": 2.0}, ("faster",), 1),
        ({"params": 2.0}, (), 1),
        ({"params": 2.0}, ("slower",), 0),
    ],
)
def test_a_stored_base_fails_on_what_was_asked_for(
    ran: Callable[..., None], change: dict[str, float], fail_on: tuple[str, ...], expected: int
) -> None:
    """Slower, faster and counts, each by its own name."""
    data = open_document()
    for name, factor in change.items():
        figure = data["cells"][0]["measurements"][name]
        figure["value"] *= factor
        for item in figure["detail"].get("repeats", []):
            item["value"] *= factor
    ran(from_json(data))
    words = [word for kind in fail_on for word in ("--fail-on", kind)]
    assert call("gate", "table3", "--base", TABLE3, *words).return_value == expected


def from_json(data: dict[str, Any]) -> schema.Results:
    """Results from their JSON."""
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(data, file)
        file.flush()
        return stored.load(Path(file.name))


def test_another_machine_or_no_common_model_is_nothing_to_compare(
    ran: Callable[..., None],
) -> None:
    """Exit code 4 with what differs."""
    found = stored.load(TABLE3)
    ran(replace(found, fingerprint={**found.fingerprint, "cpu": "another"}))
    done = call("gate", "table3", "--base", TABLE3)
    assert done.return_value == 4
    assert "the machines differ" in " ".join(done.stdout.split())
    models = tuple(replace(model, id=f"x{model.id}") for model in found.suite.models)
    cells = tuple(replace(cell, model=f"x{cell.model}") for cell in found.cells)
    ran(replace(found, suite=replace(found.suite, models=models), cells=cells))
    done = call("gate", "table3", "--base", TABLE3)
    assert done.return_value == 4
    assert "only in the base" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ('{"schema": 99}', "schema version"),
        ("[]", "expected a result of benchbench"),
    ],
)
def test_a_broken_base_is_told_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, words: str
) -> None:
    """Truncated, of another schema, something else."""
    monkeypatch.setattr(gates, "carried_out", lambda *_: pytest.fail("it ran"))
    file = tmp_path / "base.json"
    file.write_text(text)
    assert words in str(call("gate", "table3", "--base", file).exception)


def test_a_figure_that_is_nan_is_refused(tmp_path: Path) -> None:
    """JSON of Python's has NaN, which is no figure."""
    data = open_document()
    data["cells"][0]["measurements"]["infer_fps"]["value"] = float("nan")
    file = tmp_path / "base.json"
    file.write_text(json.dumps(data))
    assert "NaN is no number" in str(call("gate", "table3", "--base", file).exception)


def test_a_machine_is_named_by_what_its_times_depend_on() -> None:
    """Another version of torch or another processor is another file."""
    fingerprint = {"cpu": "Some CPU @ 3 GHz", "cores": 2, "gpus": ["H100"], "torch": "2.9"}
    key = baselines.machine_key(fingerprint)
    assert key.startswith("some-cpu-3-ghz-2-cores-h100-torch-2.9-")
    assert key == baselines.machine_key({**fingerprint, "numpy": "other"})
    assert key != baselines.machine_key({**fingerprint, "torch": "2.10"})
