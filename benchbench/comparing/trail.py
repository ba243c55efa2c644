"""One figure over stored runs in the order of their time, each set against the one before it.

The verdict is that of `benchbench.comparing.welch` on the same two runs. Two runs that differ in
more than the code of the model, in their machine, data, settings or suite say, are not set against
each other at all: there the history breaks, and says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.comparing import loading, welch
from benchbench.comparing.conditions import apart, everything
from benchbench.comparing.history import HistoryPoint, HistoryVerdict, Trail
from benchbench.comparing.loading import StoredRun
from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchbench.comparing.history import PastGate
    from benchbench.results.schema import Results

__all__ = ["differences", "models_of", "trail"]


def trail(
    metric: str,
    suite: str,
    model: str,
    runs: Sequence[tuple[str, Results]],
    gates: Sequence[PastGate] = (),
) -> Trail:
    """The figure of one model in these runs.

    Args:
        metric: Name of the figure.
        suite: Name of the suite, that of all these runs.
        model: The model's id.
        runs: Place and results of each run that has the model, the oldest first.
        gates: Verdicts of gates, the oldest first.
    """
    points, start = list[HistoryPoint](), 0
    for index, (place, found) in enumerate(runs):
        old = runs[index - 1] if index else None
        verdict = _verdict(metric, model, old, (place, found)) if old else HistoryVerdict("first")
        if verdict.word == "break":
            start = index
        points.append(_point(metric, model, place, found, verdict))
    since = None
    if len(runs) - start > 2:
        since = _verdict(metric, model, runs[start], runs[-1])
    label = runs[-1][1].suite.model(model).title if runs else model
    since_run = points[start].run if since else ""
    return Trail(suite, model, label, tuple(points), tuple(gates), since, since_run)


def _point(
    metric: str, model: str, place: str, found: Results, verdict: HistoryVerdict
) -> HistoryPoint:
    cell = found.cell(model)
    figure = found.figure(model, metric)
    absent = ""
    if figure is None:
        declared = METRICS[metric].otherwise
        said = "; ".join(cell.reasons) if cell else ""
        state = cell.status if cell else "left out of the run"
        absent = declared or "the run did not ask for it"
        if state != "ok":
            absent = f"{state}: {said}" if said else state
    data = found.data_of(cell)
    return HistoryPoint(
        found.run["id"],
        place,
        found.run.get("started", ""),
        found.run.get("revision", ""),
        figure,
        absent,
        verdict,
        quick=found.run["mode"] == "quick",
        changes=tuple(found.run.get("changes", ())),
        synthetic=data["name"] if data["synthetic"] else "",
        unfinished=not found.run["complete"],
    )


def _verdict(
    metric: str, model: str, old: tuple[str, Results], new: tuple[str, Results]
) -> HistoryVerdict:
    """The verdict of `compare` on this figure of two runs, or why they are not compared."""
    if why := "; ".join(differences(old[1], new[1], model, metric)):
        return HistoryVerdict("break", reason=why)
    base, now = (_side(metric, model, *one) for one in (old, new))
    found = welch.compare(base, now, new[1].suite.gate, across_machines=False)
    if not found.lines:
        return HistoryVerdict("not comparable", reason="neither run has it")
    line = found.lines[0]
    if isinstance(line, welch.Incomparable):
        return HistoryVerdict("not comparable", reason=line.reason)
    return HistoryVerdict(line.verdict, line.value, line.low, line.high, line.reason)


def _side(metric: str, model: str, place: str, found: Results) -> StoredRun:
    """A side of a comparison, with this one figure alone."""
    whole = loading.of(found, place)
    figure = found.figure(model, metric)
    figures = {metric: figure} if figure else {}
    return StoredRun(place, whole.fingerprint, {model: figures}, whole.gate)


def differences(old: Results, new: Results, model: str, metric: str = "") -> list[str]:
    """What makes two runs of one model two different things, but for the code of the model.

    Args:
        old: The older run.
        new: The newer run, of the same suite.
        model: The model's id, which both have.
        metric: Name of the figure: in a merged run each has its own machine.
    """
    return apart(*(dict(_told(it, model, metric)) for it in (old, new)))


def _told(found: Results, model: str, metric: str) -> Iterator[tuple[str, Any]]:
    """What a figure depends on beside the code of the model, by a name for each."""
    machine = found.machine_of(found.figure(model, metric))
    for name in loading.MACHINE:
        yield f"machine: {name}", machine.get(name)
    yield from everything(found, model)


def models_of(runs: Iterable[Results]) -> list[str]:
    """The ids of the models that some of these runs have, in their order."""
    return [*dict.fromkeys(cell.model for found in runs for cell in found.cells)]
