"""Gates drawn from the recorded pairs: false alarms and power, ours and other tools', as a report.

    python tests/evidence/simulate.py --samples reports/gate/evidence

A simulated gate has four figures, as the suite `gate` has: each recorded model twice. Its pairs are
drawn from the recorded ones without putting back. The other tools get the same processes' steps:
pytest-benchmark's `--benchmark-compare-fail` compares one process a side, asv's `continuous` pools
two; asv is shown with as many as ours as well. Both sides are of one pair, taken in turn, and thus
have less drift between them than those tools' own way of running has; pytest-benchmark is shown
with the sides of two pairs as well, as where a stored run is the base. Their own code makes the
verdict. Needs the extra `peers`; it takes about eight minutes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import statistics
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asv import _stats as asv_stats
from asv.commands.compare import _is_result_better
from asv_runner.statistics import compute_stats
from pytest_benchmark.stats import Stats
from pytest_benchmark.utils import PercentageRegressionCheck

from benchbench.files import write_text
from benchbench.gate.judge import judge
from benchbench.gate.paired import PairedTimes
from benchbench.gate.stopping_rule import StoppingRule, estimate
from benchbench.metrics.statistics import wilson
from benchbench.report.format import Grid, Line
from benchbench.report.markdown import text_of
from benchbench.report.page import Page
from benchbench.suite.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GATE = Gate()
COPIES = 2  # of each recorded model in a gate
GATES = 2000
SLOWDOWNS = (0.0, 0.03, 0.05)
MOST_POWER = 0.95  # that another tool must reach where ours has more
ASV_SAMPLES = 10  # asv takes ten samples a process, `repeat = (1, 10, 20.0)`
FIELDS = ("mean", "median", "min")
HEADER = (
    "rule",
    "processes a side",
    "fails from",
    "false alarms, of gates",
    "3 % found",
    "5 % found",
)

Samples = dict[tuple[str, float], list[PairedTimes]]


@dataclass(frozen=True)
class Tool:
    """A rule that sets some pairs of processes against each other.

    Attributes:
        name: In the table.
        processes: A side.
        pairs: From how many pairs they are taken.
        change: The pairs' slowdown by this rule, percent; none found is minus infinity.
        limit: What must be exceeded by default, percent.
    """

    name: str
    processes: int
    pairs: int
    change: Callable[[Sequence[PairedTimes]], float]
    limit: float


def main() -> None:
    """Print the report and keep it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, required=True)
    args = parser.parse_args()
    found = json.loads(gzip.decompress((args.samples / "samples.json.gz").read_bytes()))
    samples = loaded(found)
    page = Page(
        "The gate on recorded samples",
        (),
        (recorded(samples), ours(samples), *others(samples)),
        (),
        how(found),
    )
    text = text_of(page)
    write_text(args.samples / "simulated.md", text)
    print(text)


def loaded(found: dict[str, Any]) -> Samples:
    """Recorded pairs by model and slowdown."""
    out: Samples = {}
    for work in found["works"]:
        by_rows = dict(zip(work["rows"], SLOWDOWNS, strict=True))
        for pair in found["pairs"]:
            for part in pair:
                if part["of"] == work["of"]:
                    key = (work["of"], by_rows[part["rows"]])
                    sides = (tuple(map(tuple, part[side])) for side in ("base", "candidate"))
                    out.setdefault(key, []).append(PairedTimes(*sides))
    return out


def recorded(samples: Samples) -> Grid:
    """What was injected, as all pairs together see it."""
    lines = []
    for (of, by), pairs in samples.items():
        logs = [pair.log_ratio for pair in pairs]
        seen = estimate(logs)
        ends = " to ".join(f"{percent(end or math.nan):+.2f}" for end in (seen.low, seen.high))
        step = 1e3 * statistics.median(pair.step_s[0] for pair in pairs)
        middle, spread = f"{percent(seen.middle):+.2f} %", f"{100 * statistics.stdev(logs):.2f} %"
        cells = (of, f"{by:.0%}", f"{step:.1f} ms", str(len(pairs)), middle, f"{ends} %", spread)
        lines.append(Line(cells))
    header = ("model", "injected", "step", "pairs", "measured", "95 % interval", "pairs' spread")
    return Grid("What was recorded", header, tuple(lines), text_columns=0)


def percent(log: float) -> float:
    """A log-ratio as a change, percent."""
    return 100 * math.expm1(log)


def ours(samples: Samples) -> Grid:
    """False alarms a gate and findings a figure, by both budgets."""
    lines = []
    for name, budget in (("default", GATE.pairs), ("long", GATE.long_pairs)):
        figures = COPIES * len({of for of, _ in samples})
        rate = GATE.alarm_percent / 100 / figures
        rule = StoppingRule(budget, rate, GATE.threshold_percent / 100, GATE.floor_us * 1e-6)
        cells = [f"{name}, {budget} pairs"]
        for by in SLOWDOWNS:
            draws = random.Random(f"{name} {by}")  # noqa: S311 - a simulation
            works = [pairs for (_, slowed), pairs in samples.items() if slowed == by]
            verdicts = [
                [judged(draws.sample(pairs, budget), rule) for pairs in works * COPIES]
                for _ in range(GATES)
            ]
            slower = [[word == "slower" for word, _ in gate] for gate in verdicts]
            hits = sum(map(any, slower)) if by == 0 else sum(map(sum, slower))
            cells.append(share(hits, GATES if by == 0 else GATES * figures))
            used = [pairs for gate in verdicts for _, pairs in gate]
            cells.append(f"{statistics.mean(used):.1f}")
        lines.append(Line(tuple(cells)))
    header = (
        "budget",
        "false alarms, of gates",
        "pairs used",
        "3 % found, of figures",
        "pairs used",
        "5 % found, of figures",
        "pairs used",
    )
    return Grid(f"Ours, {GATES:,} simulated gates each", header, tuple(lines), text_columns=0)


def judged(pairs: Sequence[PairedTimes], rule: StoppingRule) -> tuple[str, int]:
    """The verdict of one figure and how many pairs it took, looked at after each as a gate does."""
    for n in range(1, len(pairs) + 1):
        found = judge(pairs[:n], rule)
        if found.clear:
            return found.verdict, n
    return "unclear", len(pairs)


def share(hits: int, total: int) -> str:
    """A share with Wilson's interval; the draws share their pairs, so that it is no wider."""
    low, high = wilson(hits, total)
    return f"{100 * hits / total:.2f} % [{100 * low:.2f}, {100 * high:.2f}]"


def others(samples: Samples) -> list[Grid]:
    """Each tool's rule as it comes, and each where it finds as much as ours."""
    rate = GATE.alarm_percent / 100 / (COPIES * len({of for of, _ in samples}))
    rule = StoppingRule(GATE.pairs, rate, GATE.threshold_percent / 100, GATE.floor_us * 1e-6)
    many = GATE.pairs
    us = Tool("benchbench gate", many, many, partial(by_us, rule), 0.0)
    tools = [
        *(Tool(f"pytest-benchmark, {f}", 1, 1, partial(by_pytest, f), 5.0) for f in FIELDS),
        *(
            Tool(f"pytest-benchmark, {f}, minutes apart", 1, 2, partial(by_pytest, f), 5.0)
            for f in FIELDS
        ),
        Tool("asv continuous", 2, 2, partial(by_asv, 2), 10.0),
        Tool("asv continuous, minutes apart", 2, 4, partial(by_asv, 2), 10.0),
        Tool("asv continuous, as many processes", many, many, partial(by_asv, many), 10.0),
        Tool("asv continuous, as many, minutes apart", many, 2 * many, partial(by_asv, many), 10.0),
    ]
    found = {tool: [gates(tool, samples, by) for by in SLOWDOWNS] for tool in (us, *tools)}
    ours_alone = line(us, found[us], us.limit, fails="apart and 2 %")
    out = [
        Grid(
            "As they come",
            HEADER,
            (ours_alone, *(line(tool, found[tool], tool.limit) for tool in tools)),
            text_columns=0,
        )
    ]
    for index, by in enumerate(SLOWDOWNS[1:], 1):
        hits = [change > us.limit for gate in found[us][index] for change in gate]
        power = min(our_power := statistics.mean(hits), MOST_POWER)
        lines = []
        for tool in tools:
            limit = at_power(found[tool][index], power)
            fails = "" if limit > 0 else "any slowdown; power not reached"
            lines.append(line(tool, found[tool], max(0.0, limit), fails))
        out.append(
            Grid(title_at(power, our_power, by), HEADER, (ours_alone, *lines), text_columns=0)
        )
    return out


def title_at(power: float, ours: float, by: float) -> str:
    """At what power the others are shown, and what ours is where that is more."""
    same = ", as ours" if power == ours else f"; ours has {100 * ours:.1f} %"
    return f"The others at a power of {100 * power:.1f} % for {by:.0%}{same}"


def gates(tool: Tool, samples: Samples, by: float) -> list[list[float]]:
    """What a tool says of each figure of each simulated gate, percent."""
    draws = random.Random(f"{tool.name} {by}")  # noqa: S311 - a simulation
    works = [pairs for (_, slowed), pairs in samples.items() if slowed == by] * COPIES
    return [
        [tool.change(draws.sample(pairs, tool.pairs)) for pairs in works] for _ in range(GATES // 2)
    ]


def at_power(found: list[list[float]], power: float) -> float:
    """The limit that finds a share of the slowed figures; below nought where none does."""
    every = sorted(change for gate in found for change in gate)
    return every[math.floor((1 - power) * len(every))]


def line(tool: Tool, found: list[list[list[float]]], limit: float, fails: str = "") -> Line:
    """A tool at one limit."""
    alarms = sum(any(change > limit for change in gate) for gate in found[0])
    fails = fails or f"{limit:.2f} %"
    cells = [tool.name, str(tool.processes), fails, share(alarms, len(found[0]))]
    for slowed in found[1:]:
        every = [change > limit for gate in slowed for change in gate]
        cells.append(f"{100 * statistics.mean(every):.1f} %")
    return Line(tuple(cells))


def by_us(rule: StoppingRule, pairs: Sequence[PairedTimes]) -> float:
    """Ours: the estimate where the pairs lie apart, looked at after each pair."""
    verdict, n = judged(pairs, rule)
    if verdict != "slower":
        return -math.inf
    return percent(estimate([pair.log_ratio for pair in pairs[:n]]).middle)


def by_pytest(field: str, pairs: Sequence[PairedTimes]) -> float:
    """pytest-benchmark's percentage check of one field, on its own statistics of every step."""
    base, candidate = (_stats(side) for side in (pairs[0].base, pairs[-1].candidate))
    found: float = PercentageRegressionCheck(field, 0).compute(candidate, base)
    return found


@cache
def _stats(side: tuple[tuple[float, ...], ...]) -> dict[str, float]:
    stats = Stats()
    for window in side:
        for seconds in window:
            stats.update(seconds)
    return {field: getattr(stats, field) for field in FIELDS}


def by_asv(processes: int, pairs: Sequence[PairedTimes]) -> float:
    """The rule of asv: samples that differ by its test, then the ratio of the medians."""
    base = [s for pair in pairs[:processes] for s in _asv_samples(pair.base)]
    candidate = [s for pair in pairs[-processes:] for s in _asv_samples(pair.candidate)]
    (old, old_stats), (new, new_stats) = (compute_stats(side, 1) for side in (base, candidate))
    worse = _is_result_better(old, new, (old_stats, base), (new_stats, candidate), 1.0)
    return 100 * (new / old - 1) if worse else -math.inf


def _asv_samples(side: tuple[tuple[float, ...], ...]) -> list[float]:
    return [seconds for window in side for seconds in window][:ASV_SAMPLES]


def how(found: dict[str, Any]) -> tuple[str, ...]:
    """What stands behind the tables."""
    versions = ", ".join(f"{m} {_version(m)}" for m in ("pytest-benchmark", "asv", "asv-runner"))
    machine = "; ".join(f"{key} {value}" for key, value in found["fingerprint"].items())
    return (
        "printed by: python tests/evidence/simulate.py --samples <this folder>",
        "recorded by: python tests/evidence/record.py; one thread, both sides on one core",
        "injected: a 3 x 3 convolution that nobody needs, its size calibrated on other pairs",
        "a simulated gate has four figures, each recorded model twice; any of them is an alarm",
        f"asv's test: {asv_stats.is_different.__module__}.is_different at its own p of 0.002",
        versions,
        f"machine: {machine}",
    )


def _version(name: str) -> str:
    from importlib import metadata

    return metadata.version(name)


if __name__ == "__main__":
    main()
