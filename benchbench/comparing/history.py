"""What the history of one figure is made of: runs, gates, verdicts. `trail` fills it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from benchbench.codec import plain

if TYPE_CHECKING:
    from benchbench.metrics.figure import Figure
    from benchbench.metrics.measurement import Measurement

__all__ = ["History", "HistoryPoint", "HistoryVerdict", "PastGate", "Trail"]


@dataclass(frozen=True, slots=True)
class HistoryVerdict:
    """What two runs' figures come to.

    Attributes:
        word: Verdict of `compare`; ``break`` where the two may not be set against each other, and
            ``first`` where there is nothing before it.
        value: New over old; None where there is no ratio.
        low: Lower end of its 95 % interval; None where there is none.
        high: Upper end.
        reason: Sentence that must be read with it.
    """

    word: Literal["first", "break", "better", "worse", "same", "not comparable"]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The figure in one run.

    Attributes:
        run: Id of the run.
        place: Path that it was read from.
        started: Time of its start, as the run has it; empty where it has none.
        revision: Commit that the run was of; empty where it was not recorded.
        figure: The figure; None where the run has none of it.
        absent: Why there is none.
        verdict: How it compares with the run before it.
        quick: Whether it is a quick run.
        changes: Settings that were changed for this run alone.
        synthetic: Name of its data where that is not real; else empty.
        unfinished: Whether the run was not finished.
    """

    run: str
    place: str
    started: str
    revision: str
    figure: Measurement | None
    absent: str
    verdict: HistoryVerdict
    quick: bool = False
    changes: tuple[str, ...] = ()
    synthetic: str = ""
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class PastGate:
    """A gate's verdict on the figure.

    Attributes:
        place: Path that it was read from.
        started: Time of its start; empty where it is not known.
        base: Base, as it was asked for, and its commit.
        candidate: Working tree that was set against it.
        verdict: The gate's own word.
        timed: Whether it is of times; else of a count.
        value: Time of a step, or the count, candidate over base; None where there is none.
        low: Lower end of its 95 % interval; None of a count, and where there is none.
        high: Upper end.
        reason: Sentence that must be read with the verdict.
        complete: Whether the gate came to its end.
    """

    place: str
    started: str
    base: str
    candidate: str
    verdict: str
    timed: bool
    value: float | None
    low: float | None
    high: float | None
    reason: str
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Trail:
    """The figure of one model of one suite.

    Attributes:
        suite: Name of the suite.
        model: The model's id.
        label: Header that the newest run has for it.
        points: One entry a run, the oldest first.
        gates: Verdicts of gates on it, the oldest first.
        since: How the last run compares with the first since the last break; None where there are
            fewer than three.
        since_run: Id of that first run.
    """

    suite: str
    model: str
    label: str
    points: tuple[HistoryPoint, ...]
    gates: tuple[PastGate, ...] = ()
    since: HistoryVerdict | None = None
    since_run: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """A figure's history.

    Attributes:
        figure: Declaration of the figure.
        trails: One entry a suite and model.
        left_out: A line each stored run or gate that was found and could not be read.
    """

    figure: Figure
    trails: tuple[Trail, ...]
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON, without what stands behind each figure."""
        document = {"schema": 1, **plain(self)}
        for one in document["trails"]:
            for point in one["points"]:
                if point["figure"]:
                    del point["figure"]["detail"]
        return document
