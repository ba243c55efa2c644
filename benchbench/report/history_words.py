"""A figure's history in words: units, values, verdicts and conditions, for every form of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from benchbench.comparing.history import HistoryPoint, PastGate
from benchbench.display.text import neutral
from benchbench.metrics.units import factor
from benchbench.report.banner import SIMULATED, synthetic
from benchbench.report.format import interval_text, number, ratio_text, si_scale

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.comparing.history import History, HistoryVerdict, Trail

__all__ = ["ChartRange", "Event", "conditions_of", "events", "head", "since_text", "verdict_text"]

SIGNS = {  # of a verdict: told apart by the letter alone
    "worse": "W", "better": "B", "same": "=", "first": "-", "break": "-", "not comparable": "?",
    "slower": "W", "faster": "B", "changed": "C", "declared": "D", "unclear": "?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChartRange:
    """In which unit a trail's values are shown, and between which ends.

    Attributes:
        scale: Factor from the figure's SI unit.
        unit: Unit that they are then in; empty of a count or a share.
        low: Least value or end of an interval that is drawn, in that unit.
        high: Largest of these.
    """

    scale: float
    unit: str
    low: float
    high: float

    @classmethod
    def of(cls, trail: Trail, own: str) -> ChartRange | None:
        """The unit in which the largest value has one to three digits; None without a value."""
        ends = [end for point in trail.points for end in _ends(point)]
        if not ends:
            return None
        largest = max(map(abs, ends))
        size, prefix = si_scale(largest)
        is_share = own == "1" or own.startswith("1/")  # it has no prefix below 1
        if is_share and (size < 1 or largest < 1e4):
            prefix = ""
        unit = prefix + own if own != "1" else prefix or own
        known = factor(own, unit) if prefix else None
        scale, unit = (1.0, own) if known is None else (known, unit)
        low, high = min(ends) * scale, max(ends) * scale
        return cls(scale, "" if unit == "1" else unit, low, high)

    def at(self, value: float) -> float:
        """Where a value in SI units lies between the ends, from 0 to 1; in the middle of none."""
        span = self.high - self.low
        return (value * self.scale - self.low) / span if span > 0 else 0.5

    def text(self, point: HistoryPoint) -> str:
        """The value with its interval, and what is wrong with it."""
        figure = point.figure
        if figure is None or figure.value is None:
            return "n/a"
        text = number(figure.value * self.scale)
        text += interval_text(figure, lambda it: number(it * self.scale), "+/- ")
        text += f" {self.unit}" if self.unit else ""
        text += " (simulated)" if figure.provenance == "simulated" else ""
        return text if figure.valid else f"{text} (invalid)"


def _ends(point: HistoryPoint) -> Iterator[float]:
    figure = point.figure
    if figure is not None and figure.value is not None:
        yield from (it for it in (figure.value, figure.low, figure.high) if it is not None)


@dataclass(frozen=True, slots=True)
class Event:
    """One run, or one gate, in a trail.

    Attributes:
        number: Its number, from 1.
        when: Time of its start, to the minute; ``n/a`` where that is not known.
        what: Revision of a run; empty where it was not recorded. Both sides of a gate.
        value: Value with its interval; a gate's ratio.
        verdict: Verdict, with the ratio of a run to the one before it.
        notes: Sentences that must be read with it.
        sign: Letter of the verdict.
        point: The run; None of a gate.
        gate: The gate; None of a run.
    """

    number: int
    when: str
    what: str
    value: str
    verdict: str
    notes: tuple[str, ...]
    sign: str
    point: HistoryPoint | None = None
    gate: PastGate | None = None

    @property
    def kept(self) -> str:
        """Where it was read from."""
        origin = self.point or self.gate
        return neutral(origin.place) if origin else ""

    @property
    def breaks(self) -> str:
        """Why it may not be set against the run before it; empty where it may."""
        verdict = self.point.verdict if self.point else None
        return neutral(verdict.reason) if verdict and verdict.word == "break" else ""


def events(trail: Trail, shown: ChartRange | None) -> list[Event]:
    """Runs and gates in the order of their time, all of their text harmless."""
    every: list[HistoryPoint | PastGate] = [*trail.points, *trail.gates]
    every.sort(key=lambda it: it.started)
    return [
        _of_gate(index, it) if isinstance(it, PastGate) else _of_run(index, it, shown)
        for index, it in enumerate(every, 1)
    ]


def _of_run(index: int, point: HistoryPoint, shown: ChartRange | None) -> Event:
    figure, verdict = point.figure, point.verdict
    notes = [] if figure is not None else [point.absent]
    if figure is not None and (figure.value is None or not figure.valid):
        notes += figure.reasons or ("it is invalid, and no reason was given",)
    if verdict.reason and verdict.word != "break" and verdict.reason not in notes:
        notes.append(verdict.reason)
    if point.quick:
        notes.append("quick run")
    if point.changes:
        notes.append(f"changed settings: {', '.join(point.changes)}")
    if point.synthetic:
        notes.append(f"synthetic data: {point.synthetic}")
    if point.unfinished:
        notes.append("unfinished run")
    return Event(
        index,
        _when(point.started),
        neutral(point.revision),
        shown.text(point) if shown else "n/a",
        neutral(verdict_text(verdict)),
        tuple(map(neutral, notes)),
        SIGNS[verdict.word],
        point=point,
    )


def _of_gate(index: int, gate: PastGate) -> Event:
    notes = [gate.reason] if gate.reason else []
    notes += [] if gate.complete else ["the gate was interrupted"]
    ratio = ratio_text(gate, digits=4)
    kind = "time of a step" if gate.timed else "count"
    return Event(
        index,
        _when(gate.started),
        neutral(f"{gate.base} -> {gate.candidate}"),
        f"{kind}, candidate : base {ratio}",
        neutral(gate.verdict),
        tuple(map(neutral, notes)),
        SIGNS.get(gate.verdict, "?"),
        gate=gate,
    )


def _when(started: str) -> str:
    return neutral(started)[:16].replace("T", " ") or "n/a"


def verdict_text(verdict: HistoryVerdict) -> str:
    """``worse, 1.25 [1.21, 1.3]``; of a first run and after a break there is none."""
    if verdict.word in {"first", "break"}:
        return "-"
    ratio = ratio_text(verdict)
    return verdict.word if ratio == "n/a" else f"{verdict.word}, {ratio}"


def since_text(trail: Trail) -> str:
    """How the last run compares with the first since the last break: a slow drift shows there."""
    if trail.since is None:
        return ""
    why = f" ({trail.since.reason})" if trail.since.reason else ""
    text = verdict_text(trail.since)
    first = f"last against run {trail.since_run}, the first since the last break"
    return neutral(f"{first}: {text}{why}")


def head(history: History, trail: Trail) -> str:
    """Figure, model and suite in a line."""
    name = trail.label if trail.label == trail.model else f"{trail.label} ({trail.model})"
    return neutral(f"{history.figure.title}: {name}, suite {trail.suite}")


def conditions_of(history: History) -> list[str]:
    """What must be read before any figure, a line each."""
    points = [point for trail in history.trails for point in trail.points]
    out = []
    if any(point.quick for point in points):
        out.append("QUICK RUNS among these: short windows and few repeats; not for publication")
    if any(point.changes for point in points):
        out.append("CHANGED SETTINGS in some of these runs; not the suite's own")
    names = sorted(point.synthetic for point in points if point.synthetic)
    out += [synthetic(name) for name, _ in groupby(names)]
    if any(point.figure and point.figure.provenance == "simulated" for point in points):
        out.append(SIMULATED)
    out += [f"LEFT OUT: {line}" for line in history.left_out]
    return [*map(neutral, out)]
