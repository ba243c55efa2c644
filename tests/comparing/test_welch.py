"""Two runs side by side: what is told from noise, what is refused, and how it ends."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fixtures_references import TABLE3, open_document
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from benchbench.metrics.statistics import welch_ratio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


PYTEST = """{"machine_info": {}, "benchmarks":
[{"fullname": "a", "stats": {"median": MEDIAN, "rounds": 3}}]}"""


def compare(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    words = [sys.executable, "-m", "benchbench", "compare", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def lines(done: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """The lines of ``--json`` by model and figure."""
    return {(line["model"], line["metric"]): line for line in json.loads(done.stdout)["lines"]}


def changed(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the reference run of Table 3 with a change."""
    data = open_document()
    change(data)
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(data))
    return file


def slower(data: dict[str, Any], factor: float) -> None:
    """Every process of every model is slower or faster by a factor."""
    for cell in data["cells"]:
        figure = cell["measurements"]["infer_fps"]
        figure["value"] *= factor
        for item in figure["detail"]["repeats"]:
            item["value"] *= factor


def test_a_run_is_the_same_as_itself() -> None:
    """Nothing is worse, and each timed figure says what it would not have seen."""
    done = compare(TABLE3.parent, TABLE3, "--json")
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert {line["verdict"] for line in found.values()} == {"same", "not comparable"}
    speed = found["conv_snn", "infer_fps"]
    assert speed["value"] == pytest.approx(1)
    assert speed["low"] < 1 < speed["high"]
    assert "would not have been seen" in speed["reason"]
    assert "n/a in the base" in found["conv_snn", "infer_energy"]["reason"]


@pytest.mark.parametrize(("factor", "verdict", "code"), [(0.5, "worse", 1), (2.0, "better", 0)])
def test_a_large_difference_has_its_direction(
    tmp_path: Path, factor: float, verdict: str, code: int
) -> None:
    """Half the speed is a regression and exit code 1; twice the speed is none."""
    done = compare(TABLE3, changed(tmp_path, lambda data: slower(data, factor)), "--json")
    assert done.returncode == code
    assert lines(done)["conv_snn", "infer_fps"]["verdict"] == verdict
    assert lines(done)["conv_snn", "params"]["verdict"] == "same"


def test_a_count_that_differs_at_all_is_told(tmp_path: Path) -> None:
    """One parameter more is worse: what is counted has no noise."""

    def grow(data: dict[str, Any]) -> None:
        data["cells"][0]["measurements"]["params"]["value"] += 1

    done = compare(TABLE3, changed(tmp_path, grow), "--json")
    assert done.returncode == 1
    assert [key for key, line in lines(done).items() if line["verdict"] == "worse"] == [
        ("conv_snn", "params")
    ]


def test_another_machine_is_not_compared_unless_asked(tmp_path: Path) -> None:
    """Times are refused with what differs, exit code 4; counts are still compared."""

    def move(data: dict[str, Any]) -> None:
        data["fingerprint"]["cpu"] = "another processor"
        slower(data, 0.5)

    file = changed(tmp_path, move)
    done = compare(TABLE3, file, "--json")
    assert done.returncode == 4
    speed = lines(done)["conv_snn", "infer_fps"]
    assert speed["verdict"] == "not comparable"
    assert "another processor" in speed["reason"]
    assert lines(done)["conv_snn", "params"]["verdict"] == "same"
    assert compare(TABLE3, file, "--across-machines").returncode == 1


def test_models_on_one_side_alone_are_named(tmp_path: Path) -> None:
    """Nothing in common is exit code 4."""

    def rename(data: dict[str, Any]) -> None:
        for number, cell in enumerate(data["cells"]):
            cell["model"] = f"other{number}"
        for number, model in enumerate(data["suite"]["models"]):
            model["id"] = f"other{number}"
        data["suite"] |= {"tables": [], "claims": [], "figures": []}

    done = compare(TABLE3, changed(tmp_path, rename), "--json")
    assert done.returncode == 4
    assert "only in the base" in done.stdout
    assert "only in the new run" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "expected a result of benchbench"),
        ('{"schema": 99}', "schema version"),
        ('{"machine_info": {}, "benchmarks": [{"fullname": "a", "stats": {}}]}', "median"),
        (
            PYTEST.replace("MEDIAN", "NaN"),
            "NaN is no number",
        ),
        ('{"machine_info": {}, "benchmarks": [{"fullname"', "cannot be read"),
    ],
)
def test_broken_input_is_exit_code_2(tmp_path: Path, text: str, words: str) -> None:
    """Truncated, of another schema, without a median, NaN: each with its reason."""
    file = tmp_path / "broken.json"
    file.write_text(text)
    done = compare(TABLE3, file)
    assert done.returncode == 2
    assert words in done.stderr


def test_real_files_of_pytest_benchmark_are_read(tmp_path: Path) -> None:
    """One process a side gives a ratio and no verdict; GitHub's summary gets the table."""
    test = tmp_path / "test_it.py"
    test.write_text("def test_sum(benchmark):\n    benchmark(sum, range(1000))\n")
    for name in ("base", "new"):
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test),
                *("--benchmark-max-time=0.05", f"--benchmark-json={tmp_path / name}.json"),
            ],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    words = [sys.executable, "-m", "benchbench", "compare", "base.json", "new.json"]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")},
    )
    assert done.returncode == 4
    assert "test_it.py::test_sum" in done.stdout
    assert "one process a side" in " ".join(done.stdout.split())
    assert (tmp_path / "summary.md").read_text().startswith("# benchbench compare")


def test_figures_without_spread_have_an_interval_of_one_point() -> None:
    """Nothing varies, so the ratio is exact."""
    assert welch_ratio([2.0, 2.0], [3.0, 3.0]) == (pytest.approx(1.5),) * 3


@given(
    base=st.lists(st.floats(1, 100), min_size=2, max_size=8),
    new=st.lists(st.floats(1, 100), min_size=2, max_size=8),
)
def test_the_interval_is_scipys_welch(base: list[float], new: list[float]) -> None:
    """The same interval as scipy's t-test of unequal variances on the logarithms."""
    logs = [np.log(side) for side in (new, base)]
    assume(min(side.std() for side in logs) > 1e-3)  # scipy warns of less
    _, low, high = welch_ratio(base, new)
    theirs = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    assert (low, high) == (
        pytest.approx(np.exp(theirs.low), rel=1e-6),
        pytest.approx(np.exp(theirs.high), rel=1e-6),
    )


def test_equal_runs_are_seldom_told_apart() -> None:
    """Of 2,000 pairs of runs without a difference, at most two in a hundred have a verdict."""
    noise = random.Random(0)  # noqa: S311 - a simulation
    alarms = 0
    for _ in range(2000):
        base, new = ([noise.lognormvariate(0, 0.02) for _ in range(5)] for _ in range(2))
        ratio, low, high = welch_ratio(base, new)
        assert low is not None
        assert high is not None
        alarms += (low > 1 or high < 1) and abs(ratio - 1) >= 0.03
    assert alarms <= 40
