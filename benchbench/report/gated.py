"""A gate as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.display.displayable import pages_of
from benchbench.report.format import Grid, Line, number, ratio_text
from benchbench.report.page import Page

if TYPE_CHECKING:
    from benchbench.gate.outcome import Count, Gated, Timing

__all__ = ["page_of"]

TIMES = ("model", "step", "base", "candidate", "time, candidate : base", "pairs", "verdict", "why")
COUNTS = ("model", "figure", "base", "candidate", "verdict", "why")
ORDER = ("slower", "changed", "not comparable", "faster", "declared", "unclear", "same")


@pages_of("Gated")
def page_of(gated: Gated) -> Page:
    """What fails first, then the rest; counts that are equal are a number."""
    timings = sorted(gated.timings, key=lambda timing: ORDER.index(timing.judgement.verdict))
    counts = [count for count in gated.counts if count.verdict != "same"]
    counts.sort(key=lambda count: ORDER.index(count.verdict))
    grids = [Grid("Time of a step", TIMES, tuple(map(_timing, timings)), text_columns=2)]
    if counts:
        grids.append(Grid("Counts", COUNTS, tuple(map(_count, counts)), text_columns=2))
    banner = [f"FAILED: {line}" for line in gated.failed]
    banner += [f"BROKEN: {line}" for line in gated.broken]
    if not gated.complete:
        banner.append("UNFINISHED: it was interrupted")
    return Page(
        f"benchbench gate: {gated.suite}", tuple(banner), tuple(grids), (), tuple(_how(gated))
    )


def _how(gated: Gated) -> list[str]:
    equal = sum(count.verdict == "same" for count in gated.counts)
    rule = gated.rule
    special = [f"{name} {limit:g}" for name, limit in rule["thresholds_percent"].items()]
    threshold = ", ".join([f"{rule['threshold_percent']:g}", *special])
    pair = (
        f"a pair is one fresh process a side that take turns, {rule['turns']} windows of about "
        f"{rule['window_s']:g} s each, on the same cores ({', '.join(map(str, rule['cores']))}); "
        "its ratio is the median over the turns of the windows' fastest steps"
    )
    apart = (
        f"slower or faster: the pairs lie apart (exact signed-rank test over up to {gated.budget} "
        f"pairs; chance of a false alarm {rule['alarm_percent']:g} % for all figures together), by "
        f"{threshold} % and by {rule['floor_us']:g} us a step or more"
    )
    interval = (
        "the ratio is Hodges and Lehmann's estimate with its 95 % interval; same: a change of the "
        "threshold, either way, lies outside its 90 % interval"
    )
    return [
        f"base: {gated.base}",
        f"candidate: {gated.candidate}",
        f"{equal} of {len(gated.counts)} counts are equal, with seeded weights",
        pair,
        apart,
        interval,
        f"fails on: {', '.join(gated.fail_on) or 'nothing'}",
        *gated.notes,
        "machine: " + "; ".join(f"{key} {value}" for key, value in gated.fingerprint.items()),
    ]


def _timing(timing: Timing) -> Line:
    found = timing.judgement
    times = ["n/a" if s is None else _time(s) for s in (found.base_s, found.candidate_s)]
    pairs = str(found.pairs)
    ratio = ratio_text(found, digits=4)
    return Line((timing.model, timing.phase, *times, ratio, pairs, found.verdict, found.reason))


def _time(seconds: float) -> str:
    return f"{number(seconds * 1e3)} ms"


def _count(count: Count) -> Line:
    values = ["n/a" if value is None else number(value) for value in (count.base, count.candidate)]
    return Line((count.model, count.figure, *values, count.verdict, count.reason))
