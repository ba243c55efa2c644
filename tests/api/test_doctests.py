"""The example of each public name says what is true."""

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

import pytest

import benchbench

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [name for name in benchbench.__all__ if not name.startswith("__")]
SLOW = {
    "Counts",
    "Results",
    "compare",
    "count",
    "run",
    "train",
}  # workers, torch


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in NAMES]
)
def test_the_example_of_a_public_name_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has one, and each line of it gives what it says."""
    monkeypatch.chdir(tmp_path)
    found = doctest.DocTestFinder(recurse=False).find(getattr(benchbench, name), name, globs={})
    examples = [test for test in found if test.examples]
    assert examples, f"{name} has no example in its docstring"
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for test in examples:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
