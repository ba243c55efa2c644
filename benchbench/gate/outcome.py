"""What a gate found, how it ends, and what is kept of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from benchbench.display.displayable import Displayable
from benchbench.gate.judge import Judgement
from benchbench.gate.paired import PairedTimes  # noqa: TC001 - `codec` reads the annotations

__all__ = ["GATE", "SCHEMA_VERSION", "Count", "Gated", "Reason", "Timing"]

GATE = "gate.json"
"""Name of the file that a gate is kept in."""

SCHEMA_VERSION = 1  # of gate.json

Reason = Literal["slower", "faster", "counts"]

FIGURE_OF = {"infer": "infer_fps", "train": "train_fps", "latency": "latency"}


@dataclass(frozen=True, slots=True)
class Count:
    """A figure without noise on both sides.

    Attributes:
        model: The model's id.
        figure: Name of the figure.
        base: Value in the base; None where it could not be counted.
        candidate: The same of the candidate.
        verdict: How they compare; ``declared`` where the baseline in the repository has the change
            as well.
        reason: Sentence on what changed, or why it is not comparable.
    """

    model: str
    figure: str
    base: float | None
    candidate: float | None
    verdict: Literal["same", "changed", "declared", "not comparable"]
    reason: str = ""


@dataclass(slots=True)
class Timing:
    """A step that is timed.

    Attributes:
        model: The model's id.
        phase: ``infer``, ``train`` or ``latency``.
        pairs: Times of each pair of processes.
        judgement: The verdict up to now.
        failed: Side that cannot run it, ``base`` or ``candidate``; empty where both can.
    """

    model: str
    phase: str
    pairs: list[PairedTimes] = field(default_factory=list)
    judgement: Judgement = field(default_factory=lambda: Judgement("unclear"))
    failed: str = ""

    @property
    def figure(self) -> str:
        """The name of its figure, whose threshold the suite may set."""
        return FIGURE_OF[self.phase]


@dataclass(slots=True, repr=False)
class Gated(Displayable):
    """A gate, as far as it has come; it shows itself in a notebook and under `rich.print`.

    Attributes:
        suite: Name of the suite.
        base: The revision, as it was asked for, and its commit.
        candidate: The working tree: its commit, and whether there is more in it.
        budget: Number of pairs at most.
        rule: The suite's gate settings and what was derived from them.
        fail_on: Findings that make it fail.
        fingerprint: Fingerprint of the machine, as the candidate found it.
        counts: Figures without noise.
        timings: Figures of time.
        notes: Sentences that must be read with them.
        complete: Whether it came to its end.
        started: Time of its start; empty of a gate of before.
        schema: Version of the file.
    """

    suite: str
    base: str
    candidate: str
    budget: int
    rule: dict[str, Any]
    fail_on: tuple[Reason, ...]
    fingerprint: dict[str, Any] = field(default_factory=dict)
    counts: list[Count] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    complete: bool = False
    started: str = ""
    schema: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON, every timed step included."""
        return asdict(self)

    @property
    def failed(self) -> list[str]:
        """A line a finding that the gate was told to fail on."""
        changed = [
            f"{count.model}: {count.figure} changed, {count.reason}"
            for count in self.counts
            if count.verdict == "changed" and "counts" in self.fail_on
        ]
        return changed + [
            f"{timing.model}: the {timing.phase} step is {timing.judgement.verdict}, "
            f"{100 * (timing.judgement.value or 1) - 100:+.1f} %"
            for timing in self.timings
            if timing.judgement.verdict in set[str](self.fail_on)
        ]

    @property
    def broken(self) -> list[str]:
        """A line a model that runs in the base and not in the candidate."""
        return [
            f"{timing.model}: {timing.judgement.reason}"
            for timing in self.timings
            if timing.failed == "candidate"
        ]

    @property
    def verdicts(self) -> list[str]:
        """Every verdict that there is."""
        every: list[str] = [count.verdict for count in self.counts]
        every += [timing.judgement.verdict for timing in self.timings]
        return [verdict for verdict in every if verdict != "not comparable"]

    def _line(self) -> str:
        end = "" if self.complete else ", unfinished"
        found = f"{len(self.failed)} failed, {len(self.broken)} broken of {len(self.timings)} steps"
        return f"{self.suite!a}, {self.candidate!a} against {self.base!a}: {found}{end}"
