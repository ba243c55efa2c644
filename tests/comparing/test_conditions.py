"""Two runs of one model under other conditions are none that its code made differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from fixtures_history import DATA, kept, run, timed

from benchbench.cli import main
from benchbench.comparing import loading
from benchbench.comparing.welch import Comparison, Incomparable, compare
from benchbench.metrics.registry import measured
from benchbench.suite.gate import Gate
from benchbench.suite.schema import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.results.schema import Results

FAST = timed([100.0, 101.0, 102.0])
OTHER = {**DATA, "digest": "e" * 64}


def against(base: Results, new: Results, **how: Any) -> Comparison:
    """A comparison of two results."""
    sides = [loading.of(it, str(number)) for number, it in enumerate((base, new))]
    return compare(*sides, Gate(), **{"across_machines": False, **how})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"settings": Settings(batch_size=64)}, "setting batch_size: 16 : 64"),
        ({"settings": Settings(precision="bf16")}, "setting precision: 'auto' : 'bf16'"),
        ({"cell": {"device": "cuda:0"}}, "device: 'cpu' : 'cuda:0'"),
        (
            {"cell": {"data": "e" * 64}, "data": {"also": [OTHER]}},
            f"data: {'d' * 12!r} : {'e' * 12!r}",
        ),
    ],
)
def test_what_a_figure_is_of_must_be_the_same(changes: dict[str, Any], told: str) -> None:
    """Else it is not compared, and says why; parameters are, which rest on the model alone."""
    found = against(run(1, FAST), run(2, FAST, **changes))
    (line,) = found.lines
    assert isinstance(line, Incomparable)
    assert line.reason == f"the two runs differ ({told}): --across-machines compares all the same"
    assert found.differences == (told,)
    assert found.refused == line.reason
    assert against(run(1, FAST), run(2, FAST, **changes), across_machines=True).comparable
    size = measured("params", 3.0)
    assert against(run(1, size), run(2, size, **changes)).comparable


def test_how_long_was_measured_may_differ() -> None:
    """A run of shorter windows is of the same thing."""
    short = Settings(window_s=1, repeats=3, idle_s=0)
    found = against(run(1, FAST), run(2, FAST, settings=short))
    assert found.comparable
    assert found.differences == ()
    assert found.refused == ""


def test_what_one_side_does_not_tell_is_no_difference() -> None:
    """A model that failed has no facts of how it ran: the others are compared, with exit code 0."""
    failed = run(1, None, cell={"status": "error", "reasons": ("boom",)})
    whole = run(2, FAST, cell={"facts": {"backend": "fused"}})
    found = against(failed, whole)
    assert found.differences == ()
    assert found.refused == ""


def test_a_difference_of_all_models_is_said_once() -> None:
    """And one of a single model with its name."""
    runs = [run(day, FAST) for day in (1, 2)]
    models = (runs[0].suite.models[0], replace(runs[0].suite.models[0], id="other"))
    two = [
        replace(
            it,
            suite=replace(it.suite, models=models, settings=Settings(batch_size=size)),
            cells=(it.cells[0], replace(it.cells[0], model="other", device=device)),
        )
        for it, size, device in zip(runs, (16, 64), ("cpu", "cuda:0"), strict=True)
    ]
    found = against(*two)
    assert found.differences == ("setting batch_size: 16 : 64", "other: device: 'cpu' : 'cuda:0'")


def test_a_model_that_no_longer_runs_fails(tmp_path: Path) -> None:
    """It has no figure that is worse; exit code 3 as against a revision."""
    broken = run(2, None, cell={"status": "error", "reasons": ("ValueError: boom",)})
    found = against(run(1, FAST), broken)
    assert found.broken == ("net: error: ValueError: boom",)
    assert against(broken, broken).broken == ()
    places = [str(it) for it in kept(tmp_path, run(1, FAST), broken).glob("*/*")]
    result = CliRunner().invoke(main.group, ["compare", *sorted(places)], standalone_mode=False)
    assert (result.return_value, "boom" in result.stdout) == (3, True)
