"""What others published, beside a run that asks for it: each row marked, and none compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.report.format import Grid, Line, number, si

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = ["quoted"]


def quoted(results: Results) -> list[Grid]:
    """The quoted figures of a suite, in its order."""
    lines = tuple(
        Line(
            (
                it.system + (f", {it.workload}" if it.workload else ""),
                it.what,
                _shown(it.value, it.unit),
                it.boundary,
                it.how,
                it.source + (", second-hand" if it.second_hand else ""),
                it.note,
            )
        )
        for it in results.suite.quotations
    )
    if not lines:
        return []
    header = ("of", "what", "quoted", "inside the boundary", "how", "source", "note")
    title = (
        "Quoted: published by others, not measured in this run, and comparable with nothing of it"
    )
    return [Grid(title, header, lines, text_columns=4)]


def _shown(value: float, unit: str) -> str:
    """A figure with its unit; joules and watts with a prefix."""
    if unit not in {"J", "W"} or not value:
        return number(value) if unit == "1" else f"{number(value)} {unit}"
    return si(value, unit)
