"""Extensions that a suite names, and extensions that fail."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.errors import SuiteError
from benchbench.suite import loader

if TYPE_CHECKING:
    from pathlib import Path

EXTENSION = """
from benchbench.formulas.registry import formula
from benchbench.meters import Ceiling, Meter, Uncertainty
from benchbench.meters.registry import meter
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.report.formats import report_format

DEPTHS = Figure("modules", "Modules", "1", "counted", "number of modules")
WORSE = Figure("worse", "Worse", "1", "counted", "it raises")

@probe(gives=(DEPTHS,))
def modules(model):
    yield DEPTHS(len(list(model.modules())))

@probe(gives=(WORSE,))
def raises(model):
    raise ZeroDivisionError("no luck")

@formula("negative", title="negative", source="nobody", says="less than nothing")
def negative(counted):
    return -1.0

class Broken(Meter):
    name, provenance, uncertainty = "broken", "simulated", Uncertainty(0.0, 0.0, "made up")
    ceiling = Ceiling(100.0, "made up")

    def energy_j(self):
        raise KeyError("the wire is cut")

@meter("broken")
def open_broken(request):
    return Broken()

@report_format
def refuses(results):
    raise RuntimeError("no ink")
"""

SUITE = """
benchbench: 1
name: own
extensions: ["ext.py:modules", "missing_name.py:x"]
settings:
  { repeats: 1, window_s: 0.2, warmup_s: 0.05, warmup_cap_s: 0.1, idle_s: 0.05, images: 4,
    train_steps: 0, batch_size: 4, phases: [infer], meter: broken, threads: 1 }
models: [{ id: cnn, model: shallow_cnn }]
tables: [{ title: Ours, rows: [{ metric: modules }, { metric: worse }] }]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A suite with an extension beside it, and one that raises as it is loaded."""
    (tmp_path / "ext.py").write_text(EXTENSION)
    (tmp_path / "missing_name.py").write_text("x = 1\nraise OSError('not today')\n")
    (tmp_path / "own.yaml").write_text(SUITE)
    return tmp_path


@pytest.mark.slow
def test_what_fails_costs_its_own_figure_alone(folder: Path) -> None:
    """The job is ok, the other figures are there, and each failure says why."""
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", "run", "own.yaml", "--device", "cpu"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    (run,) = (folder / "reports" / "own").iterdir()
    document = json.loads((run / "results.json").read_text())
    (cell,) = document["cells"]
    assert cell["status"] == "ok", cell["reasons"]
    found: dict[str, Any] = cell["measurements"]
    assert found["modules"]["value"] > 1
    assert found["params"]["value"] == 21531136
    assert found["infer_fps"]["value"]
    for name, reason in (
        ("worse", "ZeroDivisionError: no luck"),
        ("modelled_negative", "the formula gave -1.0 J"),
        ("infer_power", "the wire is cut"),
    ):
        assert found[name]["value"] is None
        assert reason in found[name]["reasons"][0]
    assert (run / "refuses.failed.txt").read_text() == "RuntimeError: no ink\n"
    assert (run / "report.html").is_file()
    problems = [it["problem"] for it in document["run"]["extensions"] if it["problem"]]
    assert problems == ["OSError: not today"]
    assert "OSError: not today" in (run / "report.md").read_text()


def test_a_suite_is_validated_without_running_its_extension(folder: Path) -> None:
    """Names that its source may declare are taken; the file itself is not executed."""
    (folder / "ext.py").write_text(f"import os; os._exit(7)\n{EXTENSION}")
    assert loader.load(str(folder / "own.yaml"))[0].extensions


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("ext.py:modules", "ext.py:module", r"has no 'module' \(did you mean 'modules'"),
        ("ext.py:modules", "exit.py:modules", "no file"),
        ("ext.py:modules", "no.such.module:modules", "no module 'no.such.module'"),
        ("ext.py:modules", "ext.py", "expected path/to/file.py:name"),
        ("metric: modules", "metric: modulus", "no metric 'modulus'"),
        ("meter: broken", "meter: brokken", "found 'brokken'"),
    ],
)
def test_what_an_extension_cannot_mean_is_a_fault(
    folder: Path, old: str, new: str, fault: str
) -> None:
    """A file or name that is not there, a metric and a meter that nobody declares."""
    (folder / "own.yaml").write_text(SUITE.replace(old, new))
    with pytest.raises(SuiteError, match=fault):
        loader.load(str(folder / "own.yaml"))


def python(folder: Path, code: str) -> str:
    """What a process of its own prints: the registries of this one stay as they are."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            '@probe(gives=(Figure("params", "P", "1", "counted", "x"),))\ndef mine(model): ...\n',
            "mine declares params, which size has",
        ),
        (
            '@probe(gives=(Figure("other", "P", "1", "counted", "x"),))\ndef size(model): ...\n',
            "there is a probe size already",
        ),
        (
            'from benchbench.meters.registry import meter\n@meter("none")\ndef f(r): ...\n',
            "'none' of",
        ),
        (
            'from benchbench.data import data_set\n@data_set("synthetic_faces")\ndef f(s): ...\n',
            "there is a data set of this name already",
        ),
        (
            """
from benchbench.formulas.registry import formula
@formula("compute_fp32", title="t", source="s", says="x")
def f(c): ...
""",
            "modelled_compute_fp32 declares modelled_compute_fp32, which energy_modelled has",
        ),
    ],
)
def test_a_clash_is_the_strangers_fault(tmp_path: Path, source: str, reason: str) -> None:
    """What was there first stays; the other is listed with the reason."""
    head = (
        "from benchbench.metrics.figure import Figure\n"
        "from benchbench.metrics.registry import probe\n"
    )
    (tmp_path / "ext.py").write_text(f"{head}{source}x = 1\n")
    code = (
        "from pathlib import Path; from benchbench import extensions\n"
        "from benchbench.metrics.registry import probes\n"
        "from benchbench.meters.registry import find\n"
        "probes(); find('none')\n"
        "extensions.load(['ext.py:x'], Path())\n"
        "probes()\n"
        "print([it.problem for it in extensions.known() if it.problem])\n"
        "print(probes()['size'].measure.__module__, find('none').open.__module__)"
    )
    said = python(tmp_path, code)
    assert reason in said
    assert "benchbench.probes.size benchbench.meters.null" in said
