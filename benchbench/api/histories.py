"""The history of a figure: stored runs and gates, found under folders and put in order."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench import zoo
from benchbench.comparing.history import History
from benchbench.comparing.trail import models_of, trail
from benchbench.errors import ResultError
from benchbench.files import expanded
from benchbench.gate import past
from benchbench.gate.outcome import GATE
from benchbench.metrics.registry import METRICS
from benchbench.results import journal, stored
from benchbench.results.places import digest_of_machine
from benchbench.results.schema import RESULTS
from benchbench.running.parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchbench.gate.outcome import Gated
    from benchbench.results.schema import Results

__all__ = ["history"]

Runs = list[tuple[str, "Results"]]
Gates = list[tuple[Path, "Gated"]]


def history(
    metric: str,
    places: Sequence[str | Path] = ("reports",),
    *,
    model: str = "*",
    suite: str = "*",
) -> History:
    """A figure over stored runs, each set against the one before it, and the gates' verdicts.

    Args:
        metric: Name of the figure.
        places: Runs, gates, or folders that hold them, however deep.
        model: Id of the models that are meant; wildcards are allowed.
        suite: Name of the suites that are meant; wildcards are allowed.

    Raises:
        ResultError: There is no such figure, place, suite or model, no run at all, or a run that
            was named cannot be read. One that was only found is told in the history.
    """
    runs, gates, left_out = _read([expanded(str(place)) for place in places])
    if metric not in METRICS:  # after the runs, which may bring figures of extensions
        raise ResultError(
            f"no figure is called {metric!r}{zoo.hint(metric, METRICS)}; `benchbench list probes` "
            "defines them"
        )
    if not runs and not gates:
        where = ", ".join(map(str, places))
        more = "".join(f"\n{line}" for line in left_out)
        raise ResultError(
            f"{where}: there is no stored run; expected folders with {RESULTS}, as `benchbench "
            f"run` keeps them under its --out{more}"
        )
    suites = dict.fromkeys([*(it.suite.name for _, it in runs), *(it.suite for _, it in gates)])
    trails = [
        trail(
            metric,
            name,
            each,
            [(place, it) for place, it in runs if it.suite.name == name and it.cell(each)],
            [
                mark
                for place, it in gates
                if it.suite == name
                for mark in past.verdicts(it, place, metric, each)
            ],
        )
        for name in _chosen("suite", suite, suites)
        for each in _models(name, runs, gates)
    ]
    wanted = {*_chosen("model", model, dict.fromkeys(one.model for one in trails))}
    kept = [one for one in trails if one.model in wanted]
    # Where some runs took the figure, those of another purpose that never did are only in the way.
    having = [one for one in kept if one.gates or any(point.figure for point in one.points)]
    return History(METRICS[metric], tuple(having or kept), tuple(left_out))


def _models(suite: str, runs: Runs, gates: Gates) -> list[str]:
    """The ids of a suite's models, also of those that only a gate has seen."""
    named = models_of(it for _, it in runs if it.suite.name == suite)
    seen = [timing.model for _, it in gates if it.suite == suite for timing in it.timings]
    seen += [count.model for _, it in gates if it.suite == suite for count in it.counts]
    return [*dict.fromkeys([*named, *seen])]


def _chosen(kind: str, pattern: str, there: dict[str, None]) -> list[str]:
    """The names that match a pattern.

    Raises:
        ResultError: None does.
    """
    found = [name for name in there if fnmatch.fnmatchcase(name, pattern)]
    if not found:
        raise ResultError(
            f"--{kind} {pattern}: no stored run has such a {kind}{zoo.hint(pattern, there)}; there "
            f"are: {', '.join(there) or 'none'}"
        )
    return found


def _read(places: Sequence[Path]) -> tuple[Runs, Gates, list[str]]:
    """Every run and gate under these places, each once, the oldest first; and what is unreadable.

    Raises:
        ResultError: A place is not there, or was named itself and cannot be read.
    """
    runs: dict[tuple[str, str, str, str], tuple[str, Results]] = {}
    gates: dict[Path, tuple[Path, Gated]] = {}
    left_out = []
    for place in places:
        if not place.exists():
            raise ResultError(f"{place}: there is no such file or folder")
        for file in _found(place):
            named = place in {file, file.parent}
            try:
                if file.name == GATE:
                    gates.setdefault(file.resolve(), (file, past.load(file)))
                    continue
                found = stored.load(file.parent if file.name == journal.JOURNAL else file)
            except ResultError as error:
                if named:
                    raise
                left_out.append(str(error))
                continue
            # A copy, a baseline say, is the same run: it was not measured twice.
            # Two machines may have begun theirs in the same second.
            machine = digest_of_machine(found.fingerprint)
            key = found.suite.name, found.run["id"], found.run.get("started", ""), machine
            where = file.parent if file.name in {RESULTS, journal.JOURNAL} else file
            runs.setdefault(key, (str(where), found))
    in_time = sorted(runs.items(), key=lambda item: (item[0][2], item[0][1]))
    order = sorted(gates.values(), key=lambda item: past.started(item[1], item[0]))
    return [run for _, run in in_time], order, left_out


def _found(place: Path) -> Iterator[Path]:
    """The files of runs and gates at or under a place, in the order of their names."""
    if place.is_file():
        yield place
        return
    for folder, inner, files in os.walk(place):
        own = {RESULTS, journal.JOURNAL}.intersection(files)  # of a run, whose parts are no runs
        inner[:] = sorted(
            name for name in inner if not (name.startswith(".") or (own and name == PARTS))
        )
        for name in (GATE, RESULTS, journal.JOURNAL):
            if name in files and (name != journal.JOURNAL or RESULTS not in files):
                yield Path(folder) / name
