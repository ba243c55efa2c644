"""How a report of many models renders: the time of a thousand cells over that of Table 3's three.

Prints Markdown. The models are Table 3's cells again and again, with its rows; both are rendered by
turns in one process, so that the noise of the machine falls on both alike. Nothing is asserted.

    python tests/benchmarks/thousand.py reports/reference/table3/RUN
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from benchbench.api import load
from benchbench.report import html
from benchbench.report.console import draw
from benchbench.report.page import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.results.schema import Results

CELLS, TURNS = 1000, 7


def many(stored: Results, cells: int) -> Results:
    """The same run with its models again and again, each under a name of its own."""
    known = {model.id: model for model in stored.suite.models}
    models, made = [*stored.suite.models], [*stored.cells]
    for number in range(len(made), cells):
        cell = stored.cells[number % len(stored.cells)]
        name = f"{cell.model}{number}"
        models.append(replace(known[cell.model], id=name, label=f"Model {number}"))
        made.append(replace(cell, id=f"{number:012}", model=name))
    return replace(stored, suite=replace(stored.suite, models=tuple(models)), cells=tuple(made))


def on_console(results: Results) -> str:
    """The report on a console of 120 columns."""
    out = io.StringIO()
    draw(page(results), Console(file=out, width=120))
    return out.getvalue()


def main() -> None:
    """Print the ratios, and how long the outputs are."""
    stored = load(sys.argv[1])
    large = many(stored, CELLS)
    lines = [
        f"Rendering {CELLS:,} cells against the {len(stored.cells)} of {stored.suite.name}\n",
        "| form | small, ms | large, ms | ratio [quartiles] | small, characters | large |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    forms: dict[str, Callable[[Results], str]] = {"HTML": html.render, "console": on_console}
    for name, render in forms.items():
        sizes = len(render(stored)), len(render(large))  # what is loaded once is loaded now
        times = [(_seconds(render, stored), _seconds(render, large)) for _ in range(TURNS)]
        ratios = [slow / fast for fast, slow in times]
        low, middle, high = statistics.quantiles(ratios, n=4)
        small, big = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
        lines.append(
            f"| {name} | {small:.1f} | {big:.1f} | {middle:.1f} [{low:.1f}, {high:.1f}] | "
            f"{sizes[0]:,} | {sizes[1]:,} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")


def _seconds(render: Callable[[Results], str], results: Results) -> float:
    begin = time.perf_counter()
    render(results)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
