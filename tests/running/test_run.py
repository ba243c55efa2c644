"""The whole path, from suite file to reports, with models that behave and models that do not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MODELS = '''
import os, time
import torch
from torch import nn

def small(num_classes: int = 7):
    """A small network."""
    return nn.Sequential(nn.Flatten(), nn.Linear(2304, 8), nn.ReLU(), nn.Linear(8, num_classes))

def raises():
    """Cannot be built."""
    raise ValueError("broken on purpose")

class Hangs(nn.Module):
    def forward(self, x):
        while True:
            time.sleep(1)

class Grows(nn.Module):
    def forward(self, x):
        self.kept = []
        while True:
            self.kept.append(torch.ones(1 << 26))

class Dies(nn.Module):
    def forward(self, x):
        os.abort()
'''
SUITE = """benchbench: 1
name: tiny
settings:
  batch_size: 8
  phases: [infer, train, latency]
  repeats: 2
  window_s: 0.2
  window_iterations: 2
  warmup_s: 0.2
  warmup_iterations: 2
  warmup_cap_s: 0.5
  train_steps: 1
  images: 16
  idle_s: 0.3
  time_limit_s: 25
  memory_limit_gib: 3
models:
"""


def write_suite(folder: Path, *functions: str, extra: str = "") -> Path:
    """A suite of the functions above, in `folder`."""
    (folder / "own.py").write_text(MODELS)
    entries = "".join(f"  - {{id: {name.lower()}, model: own.py:{name}}}\n" for name in functions)
    file = folder / "tiny.yaml"
    file.write_text(SUITE + entries + extra)
    return file


def command(*args: str | Path) -> list[str]:
    """Our command line in this interpreter."""
    return [sys.executable, "-m", "benchbench", *map(str, args)]


def start(suite: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a suite to its end beside its file."""
    return subprocess.run(
        command("run", suite, "--device", "cpu", "--out", suite.parent / "out", "--json"),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_suite_gives_every_file_and_figure(tmp_path: Path) -> None:
    """A run writes its five files; energy without a sensor is n/a with a reason, never 0."""
    done = start(write_suite(tmp_path, "small"))
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    figures = cell["measurements"]
    assert figures["params"]["value"] == 2304 * 8 + 8 + 8 * 7 + 7
    assert figures["macs_dense"]["value"] == 2304 * 8 + 8 * 7
    assert figures["train_fps"]["n"] == 2
    assert figures["train_fps"]["low"] < figures["train_fps"]["value"]
    for item in figures["latency"]["detail"]["repeats"]:
        assert 0 < item["value"] <= item["p99_s"] <= item["longest_s"]
    assert figures["train_energy"]["value"] is None
    assert figures["train_energy"]["reasons"]
    (folder,) = (tmp_path / "out" / "tiny").iterdir()
    names = {"journal.jsonl", "results.json", "results.csv", "report.md", "report.html"}
    assert {file.name for file in folder.iterdir() if file.is_file()} == names
    again = subprocess.run(command("report", folder), capture_output=True, text=True, check=True)
    assert "SYNTHETIC DATA" in again.stdout


def test_bad_models_are_rows_and_the_others_are_there(tmp_path: Path) -> None:
    """A model that raises, grows or dies is a row with its reason; the exit code is 3."""
    done = start(write_suite(tmp_path, "raises", "Grows", "Dies", "small"))
    assert done.returncode == 3, done.stderr
    cells = {cell["model"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert {name: cell["status"] for name, cell in cells.items()} == {
        "raises": "error",
        "grows": "oom",
        "dies": "crash",
        "small": "ok",
    }
    assert "broken on purpose" in cells["raises"]["reasons"][0]
    assert "SIGABRT" in cells["dies"]["reasons"][0]


@pytest.mark.slow
def test_a_model_that_hangs_is_killed_and_said(tmp_path: Path) -> None:
    """A hanging model is a row with status timeout."""
    suite = write_suite(tmp_path, "Hangs")
    suite.write_text(suite.read_text().replace("time_limit_s: 25", "time_limit_s: 8"))
    done = start(suite)
    assert done.returncode == 3
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["status"] == "timeout"
    assert "killed after 8 s" in cell["reasons"][0]


def test_kill_9_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    """After kill -9 the same command keeps what was finished and ends with the same rows."""
    suite = write_suite(tmp_path, "small")
    arguments = command("run", suite, "--device", "cpu", "--out", tmp_path / "out")
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:  # until the first job is in the journal
            journals = list(tmp_path.glob("out/tiny/*/journal.jsonl"))
            if journals and journals[0].read_bytes().count(b"\n") >= 2:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    (journal,) = tmp_path.glob("out/tiny/*/journal.jsonl")
    with journal.open("ab") as out:
        out.write(b'{"kind": "job", "torn')
    done = start(suite)
    assert done.returncode == 0, done.stderr
    assert "kept from an interrupted run" in done.stderr
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    jobs = [record["job"] for record in records if record["kind"] == "job"]
    assert len(jobs) == len(set(jobs)) == 3
    assert records[-1]["kind"] == "end"


def test_energy_of_a_simulated_gpu_says_so(tmp_path: Path, fake_nvml: dict[str, str]) -> None:
    """Through the real pynvml, 120 W are 120 W, marked simulated in every output."""
    suite = write_suite(tmp_path, "small")
    text = suite.read_text().replace("  batch_size", "  meter: nvml:0\n  batch_size")
    suite.write_text(text.replace("window_s: 0.2", "window_s: 1.5"))
    done = start(suite, **fake_nvml)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    power = cell["measurements"]["train_power"]
    assert abs(power["value"] / 120 - 1) < 0.01
    assert power["provenance"] == "simulated"
    (folder,) = (tmp_path / "out" / "tiny").iterdir()
    assert "SIMULATED SENSOR" in (folder / "report.md").read_text()
    assert "simulated" in (folder / "results.csv").read_text()
    page = (folder / "report.html").read_text()  # of the first process of each phase
    assert page.count("of SIMULATED GPU 0, SIMULATED)</text>") == 2
    assert "SIMULATED sensor: these watts were made up" in page

    def recompute() -> tuple[int, list[dict[str, Any]]]:
        again = subprocess.run(
            command("report", folder, "--recompute", "--json"),
            capture_output=True,
            text=True,
            check=False,
        )
        return again.returncode, json.loads(again.stdout)

    code, lines = recompute()
    assert code == 0
    assert len(lines) == 2 * 2 * 4  # rounds, phases, figures
    assert {line["figure"] for line in lines} >= {"infer_energy_net", "train_fps_per_w"}
    traces = sorted((folder / "traces").iterdir())
    assert len(traces) == 4
    assert traces[0].read_text().startswith("# benchbench trace 2\n# sensor: NVML energy counter")
    assert "# provenance: simulated" in traces[0].read_text()

    text = traces[0].read_text().splitlines()
    row = next(index for index, line in enumerate(text) if line.startswith("last,"))
    kind, time_s, energy_j, *rest = text[row].split(",")
    text[row] = ",".join([kind, time_s, str(float(energy_j) + 1), *rest])
    before = ["# benchbench trace 1", *(it for it in text[1:] if not it.startswith("# sha256"))]
    traces[0].write_text("\n".join(before) + "\n")  # a joule more, without a checksum
    traces[1].write_text("\n".join(traces[1].read_text().splitlines()[:-2]))  # cut off
    traces[2].unlink()
    code, lines = recompute()
    assert code == 3
    reasons = " ".join(line["reason"] for line in lines)
    assert "not what its readings give" in reasons
    assert "cut off or damaged" in reasons
    assert "cannot be read" in reasons


def test_strict_fails_on_an_invalid_figure_and_on_nothing_else(
    tmp_path: Path, fake_nvml: dict[str, str]
) -> None:
    """Throttling in a window: exit 3 with --strict, the figure marked either way."""
    suite = write_suite(tmp_path, "small")
    suite.write_text(suite.read_text().replace("repeats: 2", "repeats: 1"))
    strict = command("run", suite, "--strict", "--json", "--device", "cpu", "--out", tmp_path / "o")
    meter = ["--set", "meter=nvml:0", "--set", "window_s=0.6"]
    throttled = {**os.environ, **fake_nvml, "FAKE_NVML_THROTTLE": "64"}
    without = subprocess.run(strict, capture_output=True, text=True, check=False)
    assert without.returncode == 0, without.stderr  # no sensor claims nothing
    done = subprocess.run(
        [*strict, *meter], capture_output=True, text=True, check=False, env=throttled
    )
    assert done.returncode == 3
    assert "--strict: small: infer_energy is invalid" in done.stderr
    assert "hardware thermal slowdown" in done.stderr
    lax = [word for word in strict if word != "--strict"]
    done = subprocess.run(
        [*lax, *meter], capture_output=True, text=True, check=False, env=throttled
    )
    assert done.returncode == 0


def test_a_bad_suite_runs_nothing(tmp_path: Path) -> None:
    """A fault of the suite is exit code 2 and leaves no folder."""
    suite = write_suite(tmp_path, "nothing")
    done = start(suite)
    assert done.returncode == 2
    assert "tiny.yaml" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["list", "models"],
        ["list", "suites"],
        ["list", "probes"],
        ["validate", "table3"],
        ["run", "--help"],
    ],
)
def test_light_commands_import_no_torch(arguments: list[str]) -> None:
    """What only reads or prints does not pay for torch."""
    code = (
        "import sys; from benchbench.cli.main import main\n"
        f"sys.argv = ['benchbench', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_stored_report_imports_no_torch(tmp_path: Path) -> None:
    """Rendering a stored result needs neither torch nor scipy."""
    from benchbench.report import keep
    from benchbench.results.schema import Results
    from benchbench.suite.loader import load

    suite, _ = load("table3")
    run = {"id": "x", "mode": "full", "command": "benchbench", "complete": True}
    data = {
        "name": "n",
        "source": "s",
        "synthetic": False,
        "samples": 1,
        "digest": "d",
        "warnings": [],
    }
    keep(Results(run, {}, data, suite, (), (), "0"), tmp_path)
    code = (
        "import sys; from benchbench.cli.main import main\n"
        f"sys.argv = ['benchbench', 'report', {str(tmp_path)!r}]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "assert not {'torch', 'scipy', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
