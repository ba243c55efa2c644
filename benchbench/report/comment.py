"""A gate as a comment on a pull request: what it came to, how sure that is, and how to repeat it.

Names are anybody's: beside Markdown's own marks, what a forge makes of a bare ``@name``, ``#12`` or
address is taken from them, so that a comment calls nobody and links to nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchbench.display.text import all_neutral, neutral
from benchbench.report.format import Grid, Line, number, ratio_text
from benchbench.report.gated import ORDER
from benchbench.report.markdown import escaped, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.comparing.welch import Compared, Comparison
    from benchbench.gate.outcome import Count, Gated, Timing

__all__ = ["MARKER", "not_run", "of_comparison", "of_gate", "started"]

MARKER = "<!-- benchbench gate -->"
"""First line of every such comment: by it a workflow finds the one that it wrote before."""

# A forge refuses a comment of more than 65,536 characters.
MOST_LINES, MOST_LETTERS = 40, 200
TIMES = ("model", "step", "new : base", "verdict", "would find", "pairs", "why")
COUNTS = ("model", "figure", "base", "new", "verdict", "why")
FIGURES = ("model", "figure", "new : base", "verdict", "why")
MACHINE = ("cpu", "cores", "gpus", "system", "python", "torch", "threads")
_CALLS = re.compile(r"@(?=\w)|#(?=\d)|(?<=[A-Za-z])://|(?<=www)\.")


def of_gate(gated: Gated, command: str) -> str:
    """The comment of a gate against a revision.

    Args:
        gated: What was found.
        command: Command line that plays the same gate again.
    """
    timings = sorted(gated.timings, key=lambda it: ORDER.index(it.judgement.verdict))
    counts = [it for it in gated.counts if it.verdict != "same"]
    counts.sort(key=lambda it: ORDER.index(it.verdict))
    equal = sum(it.verdict == "same" for it in gated.counts)
    grids = [
        Grid("", TIMES, tuple(map(_timing, timings)), text_columns=1),
        Grid("", COUNTS, tuple(map(_count, counts)), text_columns=2),
    ]
    machine = [f"{key} {gated.fingerprint[key]}" for key in MACHINE if gated.fingerprint.get(key)]
    alarm = f"{gated.rule['alarm_percent']:g} %" if "alarm_percent" in gated.rule else "n/a"
    lines = [
        f"base: {gated.base}; new: {gated.candidate}",
        f"{equal} of {len(gated.counts)} counts are equal",
        f"chance of a false alarm, all times together: {alarm}",
        "would find: the slowdown that the whole budget of pairs finds in 19 of 20 gates",
        f"fails on: {', '.join(gated.fail_on) or 'nothing'}",
        *gated.notes,
        f"machine: {'; '.join(machine) or 'not known'}",
    ]
    return _comment(*_of_gate(gated), grids, lines, command)


def _of_gate(gated: Gated) -> tuple[str, str]:
    """What it came to in a word or two, and how sure that is."""
    verdicts = [it.judgement.verdict for it in gated.timings]
    quiet = [it.judgement for it in gated.timings if it.judgement.verdict in {"same", "unclear"}]
    found = [it.detectable for it in quiet if it.detectable]
    # Of the steps without a change the least sensitive one says what the whole gate leaves open.
    share = f"{100 * max(found, default=0.0):.1f} %"
    least = f"a slowdown of {share} would have been found in 19 of 20 gates"
    if failed := gated.failed:
        counts = sum(it.verdict == "changed" for it in gated.counts) * ("counts" in gated.fail_on)
        first = [*failed[counts:], *failed][0]  # a step before a count: it is what is felt
        text = first + (f"; and {len(failed) - 1} more" if failed[1:] else "")
        return ("Regression" if _is_worse(gated) else "Changed"), text
    if gated.broken:
        return "Broken", f"{gated.broken[0]} (it runs in the base)"
    if not gated.complete:
        return "Unfinished", "the gate was interrupted; what there is stands below"
    if not gated.verdicts:
        return "Nothing could be compared", "the reasons stand below"
    open_, silent = verdicts.count("unclear"), verdicts.count("not comparable")
    if open_ or silent:
        parts = [f"{open_} of {len(verdicts)} steps are unclear"] * bool(open_)
        parts += [f"{silent} of {len(verdicts)} steps could not be compared"] * bool(silent)
        return "Not resolved", "; ".join([*parts, *([least] if found else [])])
    told = f"{len(verdicts)} steps compared" + (f"; {least}" if found else "")
    if slower := verdicts.count("slower"):
        told += f"; {slower} slower, which this gate was told not to fail on"
    return "No regression", told


def _is_worse(gated: Gated) -> bool:
    """Whether what fails is more than a step that became faster."""
    slower = any(it.judgement.verdict == "slower" for it in gated.timings)
    return ("slower" in gated.fail_on and slower) or any(
        it.verdict == "changed" and "counts" in gated.fail_on for it in gated.counts
    )


def of_comparison(found: Comparison, command: str, *, failed: bool) -> str:
    """The comment of a gate against a stored run.

    Args:
        found: Its comparison.
        command: Command line that plays the same gate again.
        failed: Whether the gate fails.
    """
    lines = sorted(found.comparable, key=lambda it: ("worse", "better", "same").index(it.verdict))
    apart = [it for it in lines if it.verdict != "same"]
    count = len(lines) - len(apart)
    how = [
        f"base: {found.base}; new: {found.new}",
        f"{count} figures are the same, {len(found.lines) - len(lines)} not comparable",
        "by Welch's 95 % interval of two separate runs; a gate against a revision sees more",
        *(f"the runs differ: {text}" for text in found.differences),
        *(f"ran in the base and not here: {text}" for text in found.broken),
    ]
    rows = tuple(
        Line((it.model, it.metric, ratio_text(it, digits=4), it.verdict, it.reason)) for it in apart
    )
    if failed:
        worse = len(found.worse)
        head = "Regression" if worse else "Changed", f"{worse} of {len(lines)} figures are worse"
    elif found.broken:
        head = "Broken", f"{len(found.broken)} models ran in the base and do not run here"
    elif not lines or found.refused:
        some = "Not all" if any(it.low is not None for it in lines) else "Nothing"
        head = f"{some} could be compared", found.refused or "the two runs share no figure"
    else:
        head = "No regression", f"{len(lines)} figures compared; {_least(lines)}"
    return _comment(*head, [Grid("", FIGURES, rows, text_columns=2)], how, command)


def _least(lines: Sequence[Compared]) -> str:
    """How large a change of a timed or metered figure could have been without being seen."""
    seen = [it.high / it.value for it in lines if it.verdict == "same" and it.value and it.high]
    if not seen and any(it.low is not None for it in lines):
        return "every timed or metered figure has changed"
    if not seen:
        return "only counts, which have no noise"
    return f"a change below {100 * (max(seen) - 1):.1f} % of the noisiest one would not be seen"


def not_run(reason: str, command: str) -> str:
    """The comment of a gate that came to nothing, and why."""
    return _comment("Nothing could be compared", reason, [], [], command)


def started(command: str) -> str:
    """The comment while a gate runs: it stays where the gate is killed."""
    return _comment(
        "Unfinished", "the gate was started and has not come to its end", [], [], command
    )


def _comment(
    head: str, text: str, grids: Sequence[Grid], lines: Sequence[str], command: str
) -> str:
    parts = [MARKER, f"### benchbench gate: {_safe(head)}", f"**{_safe(head)}**: {_safe(text)}."]
    parts += [_calm(table(all_neutral(_short(grid)))) for grid in grids if grid.lines]
    left = sum(max(0, len(grid.lines) - MOST_LINES) for grid in grids)
    if left:
        parts.append(f"{left} more lines stand in the summary of the run.")
    if lines:
        parts.append("\n".join(f"- {_safe(line)}" for line in lines))
    # Indented, so that no text can end the block.
    code = "\n".join(f"    {line}" for line in neutral(command).splitlines())
    parts += ["To repeat it on this commit:", code]
    return "\n\n".join(parts) + "\n"


def _short(grid: Grid) -> Grid:
    lines = tuple(
        Line(
            tuple(
                cell if len(cell) <= MOST_LETTERS else f"{cell[:MOST_LETTERS]}..."
                for cell in it.cells
            )
        )
        for it in grid.lines[:MOST_LINES]
    )
    return Grid(grid.title, grid.header, lines, grid.text_columns)


def _safe(text: str) -> str:
    """One line of anybody's text that marks nothing up, calls nobody and links to nothing."""
    short = text if len(text) <= 5 * MOST_LETTERS else f"{text[: 5 * MOST_LETTERS]}..."
    return _calm(escaped(neutral(short)))


def _calm(markdown: str) -> str:
    """An empty comment of HTML inside of what a forge would make a call or a link of."""
    return _CALLS.sub(lambda found: f"{found[0]}<!-- -->", markdown)


def _timing(it: Timing) -> Line:
    found = it.judgement
    seen = "n/a" if found.detectable is None else f"{100 * found.detectable:.1f} %"
    ratio = ratio_text(found, digits=4)
    return Line((it.model, it.phase, ratio, found.verdict, seen, str(found.pairs), found.reason))


def _count(it: Count) -> Line:
    values = ["n/a" if value is None else number(value) for value in (it.base, it.candidate)]
    return Line((it.model, it.figure, *values, it.verdict, it.reason))
