"""Runs in the formats of other tools, read by their own readers where those install."""

from __future__ import annotations

import csv
import importlib
import json
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_displayed import results as displayed
from fixtures_references import TABLE3
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from benchbench.errors import BenchbenchError
from benchbench.meters import open_meter
from benchbench.metrics.merging import merge
from benchbench.metrics.registry import measured, unavailable
from benchbench.report.exports import exported, names
from benchbench.report.exports.codecarbon import COLUMNS
from benchbench.results import stored
from benchbench.results.schema import CellResult, Results
from benchbench.suite.tables import Row, Table

if TYPE_CHECKING:
    from pathlib import Path

PLUG = "import time\nwhile True: print(time.time(), 5, flush=True); time.sleep(0.02)"
HOSTILE = 'a & b_c % "quoted" \\ {x} #1 ~ ^ $'


@pytest.fixture(scope="module")
def table3() -> Results:
    """A run that was really made: counts and speeds with intervals, no joule."""
    return stored.load(TABLE3)


def metered(**more: Any) -> Results:
    """A run with one metered joule and its speed, and what must not leave."""
    more = {"detail": {"part": "gpu"}, **more}
    figures = (
        measured("infer_energy", 0.5, n=3, low=0.4, high=0.6, **more),
        measured("infer_energy_net", 0.3, n=3, low=0.2, high=0.4, **more),
        measured("infer_fps", 20.0, n=3, low=19.0, high=21.0),
        measured("train_fps", 3.0, valid=False, reasons=("not steady",)),
        unavailable("accuracy", "not trained"),
    )
    cell = CellResult("good", "good", "cuda:0", "ok", measurements={it.name: it for it in figures})
    made = displayed(HOSTILE)
    return replace(made, cells=(cell,), fingerprint={**made.fingerprint, "gpus": ["H100"]})


def test_every_export_is_listed() -> None:
    """With a sentence each; one that there is not is refused with those that there are."""
    known = names()
    assert {"bencher", "codecarbon", "latex", "mlflow", "neurobench", "openmetrics"} <= {*known}
    assert all(known.values())
    with pytest.raises(BenchbenchError, match="no export 'x'; there are bencher"):
        exported(metered(), "x")


@pytest.mark.parametrize("name", ["bencher", "github-action-benchmark", "openmetrics"])
def test_what_may_not_be_compared_does_not_leave(name: str) -> None:
    """Neither an invalid speed nor a simulated joule; a missing accuracy has no 0."""
    text = "".join(exported(metered(provenance="simulated"), name).values())
    assert "infer_fps" in text or "Inference speed" in text
    for word in ("train_fps", "Training speed", "infer_energy", "Energy", "ccuracy"):
        assert word not in text


def test_openmetrics_is_read_by_prometheus(table3: Results) -> None:
    """Its parser finds every figure with its value, and takes names of any letters."""
    for results in (table3, metered()):
        (text,) = exported(results, "openmetrics").values()
        found = {
            (sample.name, sample.labels["model"]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        for cell in results.cells:
            for figure in cell.measurements.values():
                if figure.value is None or not figure.valid:
                    continue
                names_of = [key for key, _ in found if key.startswith(f"benchbench_{figure.name}")]
                assert names_of, figure.name
        assert found


def test_bencher_has_its_format(table3: Results) -> None:
    """Benchmark, measure, and numbers under value, lower_value and upper_value alone."""
    (text,) = exported(table3, "bencher").values()
    found = json.loads(text)
    assert {*found} == {f"table3/{cell.model}" for cell in table3.cells}
    for measures in found.values():
        for numbers in measures.values():
            assert {"value"} <= {*numbers} <= {"value", "lower_value", "upper_value"}
            assert all(isinstance(it, float) for it in numbers.values())
    fps = table3.figure("conv_snn", "infer_fps")
    assert fps is not None
    assert found["table3/conv_snn"]["infer_fps"]["lower_value"] == fps.low


def test_githubs_action_has_a_file_a_direction(table3: Results) -> None:
    """More frames are better, fewer mult-adds are; each line has what the action reads."""
    files = exported(table3, "github-action-benchmark")
    assert {*files} == {"customSmallerIsBetter.json", "customBiggerIsBetter.json"}
    for file, word in zip(sorted(files), ("Inference speed", "Mult-adds"), strict=True):
        lines = json.loads(files[file])
        assert any(word in line["name"] for line in lines)
        for line in lines:
            assert (
                {"name", "unit", "value", "extra"}
                <= {*line}
                <= {*("name", "unit", "value", "extra", "range")}
            )


def test_codecarbons_file_has_kilowatt_hours_and_no_made_up_zero() -> None:
    """Half a joule in a twentieth of a second is 10 W; emissions are not known, and empty."""
    (text,) = exported(metered(), "codecarbon").values()
    (line,) = csv.DictReader(text.splitlines())
    assert tuple(line) == COLUMNS
    assert float(line["energy_consumed"]) == pytest.approx(0.5 / 3.6e6)
    assert float(line["gpu_energy"]) == pytest.approx(0.5 / 3.6e6)
    assert float(line["duration"]) == pytest.approx(0.05)
    assert float(line["gpu_power"]) == pytest.approx(10.0)
    assert line["emissions"] == line["cpu_energy"] == line["country_name"] == ""


def test_codecarbon_gets_the_memorys_joules_once() -> None:
    """Of half a joule a fifth is the memory's: its column and the device's add up to the whole."""
    made = metered()
    (cell,) = made.cells
    part = measured("infer_energy_dram", 0.1)
    more = replace(cell, measurements={**cell.measurements, part.name: part})
    (text,) = exported(replace(made, cells=(more,)), "codecarbon").values()
    (line,) = csv.DictReader(text.splitlines())
    assert float(line["ram_energy"]) == pytest.approx(0.1 / 3.6e6)
    assert float(line["gpu_energy"]) == pytest.approx(0.4 / 3.6e6)
    assert float(line["energy_consumed"]) == pytest.approx(0.5 / 3.6e6)
    assert float(line["ram_power"]) == pytest.approx(2.0)


def test_joules_of_a_plug_are_not_the_processors() -> None:
    """A meter of more than the compute device, or of another one: only the sum is told."""
    with open_meter(f"command:{sys.executable} -u -c '{PLUG}'", "cuda:0", None) as plug:
        part, notes = plug.part, plug.notes
    assert not part
    assert notes[0].startswith("meter chosen by hand")
    (text,) = exported(metered(detail={"part": part}), "codecarbon").values()
    (line,) = csv.DictReader(text.splitlines())
    assert float(line["energy_consumed"]) == pytest.approx(0.5 / 3.6e6)
    assert line["gpu_energy"] == line["cpu_energy"] == line["gpu_power"] == ""


def test_without_a_joule_codecarbon_gets_no_file(table3: Results) -> None:
    """It is refused: a file of zeros would say that nothing was used."""
    with pytest.raises(BenchbenchError, match="no energy was metered"):
        exported(table3, "codecarbon")


@pytest.mark.peers
def test_codecarbon_takes_the_file(tmp_path: Path) -> None:
    """The columns are those of its own writer."""
    module = pytest.importorskip("codecarbon.output_methods.file")
    data = importlib.import_module("codecarbon.output_methods.emissions_data").EmissionsData
    (text,) = exported(metered(), "codecarbon").values()
    (tmp_path / "emissions.csv").write_text(text)
    writer = module.FileOutput("emissions.csv", str(tmp_path))
    fields = data.__dataclass_fields__
    made = data(**dict.fromkeys(fields, ""))
    assert writer.has_valid_headers(made)


def test_latex_marks_what_was_not_measured(table3: Results) -> None:
    """A modelled figure has a dagger, no special letter is left, and each table is closed."""
    (text,) = exported(table3, "latex").values()
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == len(table3.suite.tables)
    hostile = replace(table3, suite=replace(table3.suite, title=HOSTILE))
    models = tuple(replace(it, label=HOSTILE) for it in table3.suite.models)
    (text,) = exported(
        replace(hostile, suite=replace(hostile.suite, models=models)), "latex"
    ).values()
    assert r"a \& b\_c \% " in text
    assert r"\textbackslash{}" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(table3: Results, tmp_path: Path) -> None:
    """A document of nothing but the tables."""
    (text,) = exported(table3, "latex").values()
    (tmp_path / "tables.tex").write_text(text)
    document = (
        r"\documentclass{article}\usepackage{booktabs}\begin{document}\input{tables}\end{document}"
    )
    (tmp_path / "d.tex").write_text(document)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "d.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]


def test_neurobench_has_its_keys_and_types(table3: Results) -> None:
    """As its own writer gives them: counts whole, shares floats, operations by kind."""
    files = exported(table3, "neurobench")
    found = json.loads(files["neurobench-conv_snn.json"])
    cell = table3.cell("conv_snn")
    assert cell is not None
    assert isinstance(found["ParameterCount"], int)
    assert isinstance(found["ActivationSparsity"], float)
    operations = found["SynapticOperations"]
    assert {*operations} == {"Effective_MACs", "Effective_ACs", "Dense"}
    values = {name: figure.value for name, figure in cell.measurements.items()}
    assert operations["Dense"] == values["macs_valid"]
    assert operations["Effective_ACs"] == values["synops_exact"]
    whole = operations["Effective_ACs"] + operations["Effective_MACs"]
    assert whole == pytest.approx(values["macs_effective"])


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlflow_has_the_figures(table3: Results, tmp_path: Path, monkeypatch: Any) -> None:
    """A run a model in a store of its own, with the same numbers."""
    mlflow = pytest.importorskip("mlflow")
    for store in ("sqlalchemy", "alembic"):  # mlflow-skinny comes without
        pytest.importorskip(store)
    warnings.simplefilter("ignore")  # its store's library deprecates what it uses
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/m.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/m.db")
    (said,) = exported(table3, "mlflow").values()
    assert said == "3 run(s) in experiment table3"
    found = mlflow.search_runs(experiment_names=["table3"])
    assert len(found) == 3
    params = {cell.measurements["params"].value for cell in table3.cells}
    assert {*found["metrics.params"]} == params


def test_the_command_lists_writes_and_prints(tmp_path: Path) -> None:
    """Without a format they are listed; files go where they are asked for, or to the console."""
    command = [sys.executable, "-m", "benchbench", "export", str(TABLE3.parent)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "openmetrics" in listed.stdout
    subprocess.run([*command, "--to", "bencher", "--out", str(tmp_path)], check=True)
    printed = subprocess.run(
        [*command, "--to", "bencher", "--out", "-"], capture_output=True, text=True, check=True
    )
    assert (tmp_path / "bencher.json").read_text() == printed.stdout
    several = [*command, "--to", "github-action-benchmark", "--out", "-"]
    refused = subprocess.run(several, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "has 2 files" in refused.stderr
    wrong = subprocess.run([*command, "--to", "x"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "no export 'x'" in wrong.stderr


def test_a_quick_run_on_drawn_data_says_so_in_every_format(table3: Results) -> None:
    """Where the numbers go, their conditions go: in names that are compared, labels or a line."""
    run = {**table3.run, "mode": "quick", "changes": ["repeats=0"]}
    drawn = {**table3.data, "name": "synthetic_faces", "synthetic": True}
    quick = replace(table3, run=run, data=drawn)
    for name in ("bencher", "github-action-benchmark", "openmetrics", "latex", "neurobench"):
        for results, told in ((quick, True), (table3, False)):
            files = exported(results, name)
            text = "".join([*files, *files.values()]).lower().replace("_", " ")
            drawn_word = "drawn faces" if name == "latex" else "on synthetic faces"
            for word in ("quick run", "changed settings", drawn_word):
                assert (word in text) == told, (name, word)
    metered_quick = replace(metered(), run=run)
    (text,) = exported(metered_quick, "codecarbon").values()
    assert "(quick run, changed settings" in text


def test_no_two_models_have_one_name_for_githubs_action(table3: Results) -> None:
    """It finds an earlier value by its name, and labels may be equal."""
    models = tuple(replace(it, label="Net") for it in table3.suite.models)
    same = replace(table3, suite=replace(table3.suite, models=models))
    for text in exported(same, "github-action-benchmark").values():
        found = [line["name"] for line in json.loads(text)]
        assert len(found) == len({*found})


def test_latex_prints_numbers_as_the_report_does(table3: Results) -> None:
    """No 0.00 of what is none, and both ends of an interval that is not even."""
    row = Row("infer_energy", decimals=2)
    figure = measured("infer_energy", 4.01e-6, n=3, low=3.0e-6, high=9.0e-6)
    cell = replace(table3.cells[0], measurements={figure.name: figure})
    suite = replace(table3.suite, tables=(Table("t", (row,)),), models=table3.suite.models[:1])
    (text,) = exported(replace(table3, cells=(cell,), suite=suite), "latex").values()
    assert "4.01e-06 [3e-06, 9e-06]" in text


def test_codecarbon_knows_the_device_of_a_figure_of_several_processes() -> None:
    """What a round was metered by stands in each of them."""
    rounds = [
        measured("infer_energy", 0.5, detail={"part": "gpu", "repeat": it}) for it in range(3)
    ]
    made = metered()
    (cell,) = made.cells
    more = replace(cell, measurements={**cell.measurements, "infer_energy": merge(rounds)})
    (text,) = exported(replace(made, cells=(more,)), "codecarbon").values()
    (line,) = csv.DictReader(text.splitlines())
    assert float(line["gpu_energy"]) == pytest.approx(0.5 / 3.6e6)


def test_latex_shows_both_ends_of_a_lopsided_interval() -> None:
    """All of a hundred images right is 100 [96.3, 100] %, and never 101.9."""
    made = metered()
    (cell,) = made.cells
    right = measured("accuracy", 1.0, n=100, low=0.963, high=1.0)
    table = Table("t", (Row("accuracy", unit="%", scale=100.0, decimals=1),))
    more = replace(cell, measurements={"accuracy": right})
    (text,) = exported(
        replace(made, cells=(more,), suite=replace(made.suite, tables=(table,))), "latex"
    ).values()
    assert "100.0 [96.3, 100.0]" in text
    assert "pm" not in text
