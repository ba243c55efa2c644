"""Stored runs: read again, and set side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.comparing import loading, welch
from benchbench.errors import ResultError
from benchbench.files import expanded
from benchbench.results import stored
from benchbench.results.schema import Results
from benchbench.suite.gate import Gate

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.comparing.loading import StoredRun
    from benchbench.comparing.welch import Comparison

__all__ = ["compare", "load"]


def load(place: str | Path) -> Results:
    """Read a stored run again: its folder, its ``results.json``, or only its journal.

    >>> import benchbench
    >>> benchbench.load("reports/no-such-run")
    Traceback (most recent call last):
    benchbench.errors.ResultError: reports/no-such-run: there is no such file or folder

    Raises:
        ResultError: It is missing, truncated or of another schema version.
    """
    path = _existing(place)
    folder = path if path.is_dir() else path.parent
    return replace(stored.load(path), folder=str(folder))


def compare(
    base: str | Path | Results,
    new: str | Path | Results,
    *,
    threshold: float | None = None,
    across_machines: bool = False,
) -> Comparison:
    """Set a new run beside a base: what is better, worse, the same, or not comparable, and why.

    >>> import tempfile, benchbench
    >>> settings = benchbench.Settings(repeats=0, images=4, train_steps=0)
    >>> suite = benchbench.Suite(models=["shallow_cnn"], settings=settings)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     base, new = (benchbench.run(suite, out=folder, device="cpu") for _ in range(2))
    >>> found = benchbench.compare(base, new)
    >>> {line.metric: line.verdict for line in found.comparable}["params"]
    'same'

    Args:
        base: The older run: results, or a path of a run or of pytest-benchmark's JSON.
        new: The newer one.
        threshold: Least difference of a timed or metered figure that matters, percent; by default
            the suite's.
        across_machines: Compare what depends on the machine even where the machines differ.

    Raises:
        ResultError: One of them cannot be read.
    """
    old, now = _side(base, "base"), _side(new, "new")
    limits = Gate(threshold) if threshold else now.gate or Gate()
    return welch.compare(old, now, limits, across_machines=across_machines)


def _side(run: str | Path | Results, name: str) -> StoredRun:
    """A side of a comparison, from what may stand for one."""
    if isinstance(run, Results):
        return loading.of(run, run.folder or name)
    return loading.load(_existing(run))


def _existing(place: str | Path) -> Path:
    """The path of what is there."""
    path = expanded(str(place))
    if not path.exists():
        raise ResultError(f"{place}: there is no such file or folder")
    return path
