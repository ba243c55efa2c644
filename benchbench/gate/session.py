"""Plays a gate: counts once, then pairs of fresh processes until every verdict is clear."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchbench.errors import DuetError
from benchbench.gate.judge import Judgement, judge
from benchbench.gate.outcome import Count, Gated, Timing
from benchbench.gate.paired import Piece, Score, Voice, play
from benchbench.gate.stopping_rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchbench.gate.paired import Side
    from benchbench.suite.gate import Gate

__all__ = ["Plan", "run"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a gate is decided by before it starts.

    Attributes:
        sides: Base and candidate.
        pieces: What is played.
        gate: The suite's settings.
        budget: Most pairs.
        threads: Of torch; None for its own choice.
        device: ``cpu`` or ``cuda:<index>``.
        time_limit_s: After which an order has failed.
        seed: Of the coin that says which side goes first.
        directions: How many of slower and faster make it fail.
        declared: Whether a change of a model's figure is in the repository's baseline.
    """

    sides: tuple[Side, Side]
    pieces: tuple[Piece, ...]
    gate: Gate
    budget: int
    threads: int | None
    device: str
    time_limit_s: float
    directions: int = 1
    declared: Callable[[str, str], bool] = lambda _model, _figure: False
    seed: int = field(default_factory=lambda: random.SystemRandom().getrandbits(32))

    @property
    def cores(self) -> list[int]:
        """The cores that both sides stay on: as many as threads, on a CPU."""
        here = sorted(os.sched_getaffinity(0))
        return here[-self.threads :] if self.threads and self.device == "cpu" else here

    @property
    def rate(self) -> float:
        """Chance that one figure raises a false alarm: all of them share the gate's."""
        return self.gate.alarm_percent / 100 / max(1, len(self.pieces) * self.directions)

    def rule(self, figure: str) -> Rule:
        """What a change of one figure must be."""
        return Rule(self.budget, self.rate, self.gate.threshold(figure), self.gate.floor_us * 1e-6)


def run(
    plan: Plan, gated: Gated, tell: Callable[[str], None], keep: Callable[[Gated], None]
) -> None:
    """Fill a gate's outcome.

    Args:
        plan: What to do.
        gated: Filled as it goes.
        tell: Hears a line now and then.
        keep: Stores what there is, after each pair.
    """
    coin = random.Random(plan.seed)  # noqa: S311 - which side goes first, no secret
    gated.timings += [Timing(piece.model, piece.phase) for piece in plan.pieces]
    with tempfile.TemporaryDirectory() as scratch:
        stage = _Stage(plan, Path(scratch), gated)
        stage.count(tell)
        keep(gated)
        for turn in range(1, plan.budget + 1):
            left = [timing for timing in gated.timings if not timing.judgement.clear]
            if not left:
                break
            begin = time.monotonic()
            stage.play(left, swap=coin.getrandbits(1) == 1)
            for timing in left:
                if timing.pairs and not timing.failed:
                    timing.judgement = judge(timing.pairs, plan.rule(timing.figure))
            tell(_line(turn, plan.budget, left, time.monotonic() - begin))
            keep(gated)
    gated.complete = True
    keep(gated)


def _line(turn: int, budget: int, played: Sequence[Timing], seconds: float) -> str:
    parts = [_told(timing) for timing in played]
    return f"pair {turn} of at most {budget}, {seconds:.0f} s: {', '.join(parts)}"


def _told(timing: Timing) -> str:
    found, name = timing.judgement, f"{timing.model} {timing.phase}"
    if found.value is None:
        return f"{name} {found.verdict}"
    clear = f" {found.verdict}" if found.clear else ""
    return f"{name} {100 * found.value - 100:+.1f} %{clear}"


@dataclass(slots=True)
class _Stage:
    """Starts pairs of processes and hands out what they are to do."""

    plan: Plan
    scratch: Path
    gated: Gated

    def count(self, tell: Callable[[str], None]) -> None:
        """Count every model on both sides; what one side cannot count is not comparable."""
        phases: dict[str, list[str]] = {}
        for piece in self.plan.pieces:
            phases.setdefault(piece.model, []).append(piece.phase)
        waiting = list(phases)
        while waiting:
            with _voices(self.plan, self.scratch, self.gated, swap=False) as voices:
                while waiting:
                    model = waiting.pop(0)
                    steps = [phase for phase in phases[model] if phase != "latency"]
                    piece = next(piece for piece in self.plan.pieces if piece.model == model)
                    tell(f"counting {model}")
                    try:
                        found = [
                            voice.ask("count", cell=piece.cells[voice.side.name], phases=steps)
                            for voice in voices
                        ]
                    except DuetError as error:
                        text = str(error)
                        self.gated.counts.append(
                            Count(model, "all counts", None, None, "not comparable", text)
                        )
                        break  # it may be dead: the others get fresh ones
                    figures = [item["figures"] for item in found]
                    self.gated.counts += _counts(model, figures[0], figures[1], self.plan.declared)

    def play(self, timings: Sequence[Timing], *, swap: bool) -> None:
        """One more pair for each of these; what one side cannot play is not comparable."""
        gate = self.plan.gate
        score = Score(gate.turns, gate.window_s, gate.warmup_s)
        waiting = list(timings)
        while waiting:
            with _voices(self.plan, self.scratch, self.gated, swap=swap) as voices:
                while waiting:
                    timing = waiting.pop(0)
                    try:
                        timing.pairs.append(play(voices, self._piece(timing), score, swap=swap))
                    except DuetError as error:
                        timing.failed = error.side
                        timing.judgement = Judgement("not comparable", reason=str(error))
                        break

    def _piece(self, timing: Timing) -> Piece:
        wanted = (timing.model, timing.phase)
        return next(piece for piece in self.plan.pieces if (piece.model, piece.phase) == wanted)


@contextlib.contextmanager
def _voices(plan: Plan, scratch: Path, gated: Gated, *, swap: bool) -> Iterator[list[Voice]]:
    """A pair of fresh processes, base and candidate, that have said what they are.

    Raises:
        DuetError: One cannot even start, or imports another tree's code.
    """
    voices = [Voice(side, scratch / f"{side.name}.log", plan.time_limit_s) for side in plan.sides]
    with contextlib.ExitStack() as stack:
        for index in (1, 0) if swap else (0, 1):
            stack.enter_context(voices[index])
        for voice in voices:
            found = voice.ask("hello", threads=plan.threads, cores=plan.cores)
            _check_package(voice, found["package"])
            if voice.side.name == "candidate":
                gated.fingerprint = found["fingerprint"]
        yield voices


def _check_package(voice: Voice, package: str) -> None:
    """A tree that has benchbench in it must be the one that is imported."""
    own = voice.side.tree / "benchbench" / "__init__.py"
    if own.is_file() and own.resolve().parent not in Path(package).resolve().parents:
        text = f"the {voice.side.name} imports {package}, not {own.parent}"
        raise DuetError(text, voice.side.name)


def _counts(
    model: str,
    base: Mapping[str, Any],
    candidate: Mapping[str, Any],
    declared: Callable[[str, str], bool],
) -> list[Count]:
    out = []
    for figure in dict.fromkeys((*base, *candidate)):
        old, new = base.get(figure), candidate.get(figure)
        if old is None or new is None:
            text = f"only in the {'candidate' if old is None else 'base'}"
            out.append(Count(model, figure, None, None, "not comparable", text))
        elif old["value"] is None and old == new:
            continue  # neither has it, for the same reason
        elif old["value"] is None or new["value"] is None:
            text = (old if old["value"] is None else new)["reason"]
            out.append(Count(model, figure, old["value"], new["value"], "not comparable", text))
        elif old["value"] == new["value"] and old["detail"] == new["detail"]:
            out.append(Count(model, figure, old["value"], new["value"], "same"))
        else:
            verdict: Literal["declared", "changed"] = "changed"
            if declared(model, figure):
                verdict = "declared"
            values = (old["value"], new["value"])
            out.append(Count(model, figure, *values, verdict, _difference(old, new)))
    return out


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """``12 -> 14``, and which operators."""
    kinds = [
        f"{name} {old['detail'].get(name, 0)} -> {new['detail'].get(name, 0)}"
        for name in sorted({*old["detail"], *new["detail"]})
        if old["detail"].get(name) != new["detail"].get(name)
    ]
    text = f"{old['value']:,.15g} -> {new['value']:,.15g}"
    return f"{text} ({', '.join(kinds)})" if kinds else text
