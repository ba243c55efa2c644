"""A gate from start to end: counts once, then pairs of fresh processes until all is clear."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench.errors import SideError
from benchbench.gate.count_changes import changes
from benchbench.gate.judge import Judgement, judge
from benchbench.gate.outcome import Count, Gated, Timing
from benchbench.gate.paired import run_pair
from benchbench.gate.process import AgentProcess
from benchbench.gate.schedule import Schedule
from benchbench.gate.stopping_rule import StoppingRule
from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchbench.gate.process import Side
    from benchbench.gate.workloads import Workload
    from benchbench.suite.gate import Gate

__all__ = ["GatePlan", "run"]

SHOWN_MODULES = 5


@dataclass(frozen=True, slots=True)
class GatePlan:
    """Everything that a gate is decided by before it starts.

    Attributes:
        sides: Base and candidate.
        workloads: Steps that are compared.
        gate: The suite's settings.
        budget: Number of pairs at most.
        threads: Number of torch's threads; None for its own choice.
        device: ``cpu`` or ``cuda:<index>``.
        time_limit_s: Time after which an order has failed, seconds.
        directions: Number of directions, slower and faster, that make it fail.
        declared: Function that tells whether a change of a model's figure is in the repository's
            baseline.
        seed: Seed of the draw that says which side goes first.
    """

    sides: tuple[Side, Side]
    workloads: tuple[Workload, ...]
    gate: Gate
    budget: int
    threads: int | None
    device: str
    time_limit_s: float
    directions: int = 1
    declared: Callable[[str, str, float, float], bool] = lambda *_: False
    seed: int = field(default_factory=lambda: random.SystemRandom().getrandbits(32))

    @property
    def cores(self) -> list[int]:
        """The cores that both sides stay on: as many as threads, on a CPU."""
        here = sorted(os.sched_getaffinity(0))
        return here[-self.threads :] if self.threads and self.device == "cpu" else here

    @property
    def rate(self) -> float:
        """Chance that one figure raises a false alarm: all of them share the gate's."""
        return self.gate.alarm_percent / 100 / max(1, len(self.workloads) * self.directions)

    def rule(self, figure: str) -> StoppingRule:
        """What a change of one figure must be."""
        limits = self.gate.threshold(figure), self.gate.floor_us * 1e-6
        return StoppingRule(self.budget, self.rate, *limits)


def run(
    plan: GatePlan, gated: Gated, tell: Callable[[str], None], keep: Callable[[Gated], None]
) -> None:
    """Fill a gate's outcome.

    Args:
        plan: What to do.
        gated: Outcome, filled as it goes.
        tell: Function that hears a line now and then.
        keep: Function that stores what there is, after each pair.
    """
    draw = random.Random(plan.seed)  # noqa: S311 - which side goes first, no secret
    gated.timings += [Timing(workload.model, workload.phase) for workload in plan.workloads]
    with tempfile.TemporaryDirectory() as scratch:
        pairs = _ProcessPairs(plan, Path(scratch), gated)
        pairs.count(tell)
        keep(gated)
        for number in range(1, plan.budget + 1):
            left = [timing for timing in gated.timings if not timing.judgement.clear]
            if not left:
                break
            begin = time.monotonic()
            pairs.time_steps(left, candidate_first=draw.getrandbits(1) == 1)
            for timing in left:
                if timing.pairs and not timing.failed:
                    rule, longer = plan.rule(timing.figure), plan.budget < plan.gate.long_pairs
                    timing.judgement = judge(timing.pairs, rule, longer=longer)
            tell(_line(number, plan.budget, left, time.monotonic() - begin))
            keep(gated)
    if pairs.outside:
        gated.notes.append(_same_on_both(sorted(pairs.outside)))
    gated.complete = True
    keep(gated)


def _same_on_both(outside: Sequence[str]) -> str:
    shown = ", ".join(outside[:SHOWN_MODULES])
    more = f" and {len(outside) - SHOWN_MODULES} more" if len(outside) > SHOWN_MODULES else ""
    return f"outside the repository, so one and the same on both sides: {shown}{more}"


def _line(number: int, budget: int, timed: Sequence[Timing], seconds: float) -> str:
    parts = [_told(timing) for timing in timed]
    return f"pair {number} of at most {budget}, {seconds:.0f} s: {', '.join(parts)}"


def _told(timing: Timing) -> str:
    found, name = timing.judgement, f"{timing.model} {timing.phase}"
    if found.value is None:
        return f"{name} {found.verdict}"
    clear = f" {found.verdict}" if found.clear else ""
    return f"{name} {100 * found.value - 100:+.1f} %{clear}"


@dataclass(slots=True)
class _ProcessPairs:
    """Starts pairs of fresh processes and gives them their orders."""

    plan: GatePlan
    scratch: Path
    gated: Gated
    outside: set[str] = field(default_factory=set)

    def count(self, tell: Callable[[str], None]) -> None:
        """Count every model on both sides; what one side cannot count is not comparable."""
        phases: dict[str, list[str]] = {}
        for workload in self.plan.workloads:
            phases.setdefault(workload.model, []).append(workload.phase)
        waiting = list(phases)
        while waiting:
            with self._started(candidate_first=False) as processes:
                while waiting:
                    model = waiting.pop(0)
                    steps = [phase for phase in phases[model] if phase != "latency"]
                    tell(f"counting {model}")
                    try:
                        base, candidate = (self._counted(it, model, steps) for it in processes)
                    except SideError as error:
                        text = str(error)
                        self.gated.counts.append(
                            Count(model, "all counts", None, None, "not comparable", text)
                        )
                        break  # it may be dead: the others get fresh ones
                    self.gated.counts += changes(model, base, candidate, self.plan.declared)

    def _counted(self, process: AgentProcess, model: str, phases: list[str]) -> dict[str, Any]:
        workload = next(workload for workload in self.plan.workloads if workload.model == model)
        part = workload.parts[process.side.name]
        exact = [figure.name for figure in METRICS.values() if figure.exact and not figure.phase]
        answer = process.ask("count", workload=part, phases=phases, figures=exact)
        figures: dict[str, Any] = answer["figures"]
        return figures

    def time_steps(self, timings: Sequence[Timing], *, candidate_first: bool) -> None:
        """Time each of these once more; what one side cannot run is not comparable."""
        gate = self.plan.gate
        schedule = Schedule(gate.turns, gate.window_s, gate.warmup_s)
        waiting = list(timings)
        while waiting:
            with self._started(candidate_first=candidate_first) as processes:
                while waiting:
                    timing = waiting.pop(0)
                    workload = self._workload(timing)
                    try:
                        timing.pairs.append(
                            run_pair(processes, workload, schedule, candidate_first=candidate_first)
                        )
                    except SideError as error:
                        timing.failed = error.side
                        timing.judgement = Judgement("not comparable", reason=str(error))
                        break

    def _workload(self, timing: Timing) -> Workload:
        wanted = (timing.model, timing.phase)
        every = self.plan.workloads
        return next(each for each in every if (each.model, each.phase) == wanted)

    @contextlib.contextmanager
    def _started(self, *, candidate_first: bool) -> Iterator[list[AgentProcess]]:
        """A pair of fresh processes, base and candidate, that have said what they are.

        Raises:
            SideError: One cannot even start.
        """
        plan = self.plan
        processes = [
            AgentProcess(side, self.scratch / f"{side.name}.log", plan.time_limit_s)
            for side in plan.sides
        ]
        with contextlib.ExitStack() as stack:
            for index in (1, 0) if candidate_first else (0, 1):
                stack.enter_context(processes[index])
            for process in processes:
                found = process.ask("hello", threads=plan.threads, cores=plan.cores)
                if process.side.name == "candidate":
                    self.gated.fingerprint = found["fingerprint"]
            yield processes
            self.outside |= {module for process in processes for module in process.outside}
