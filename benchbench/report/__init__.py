"""Reports; each a pure function of `benchbench.results.schema.Results`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchbench.files import write_text
from benchbench.report import csv, html, markdown
from benchbench.report.plots import plots
from benchbench.report.svg import draw, figure_file
from benchbench.results.schema import RESULTS

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.results.schema import Results

__all__ = ["keep"]


def keep(results: Results, folder: Path) -> None:
    """Write ``results.json``, ``results.csv``, ``report.md``, ``report.html`` and the figures.

    The results come first: they are what the others can be made from again.

    Raises:
        OutputError: One of them cannot be written.
    """
    write_text(folder / RESULTS, json.dumps(results.to_json(), indent=1, allow_nan=False) + "\n")
    write_text(folder / "results.csv", csv.render(results))
    for number, plot in enumerate(plots(results), 1):
        if plot.curves:
            write_text(folder / figure_file(number), draw(plot))
    write_text(folder / "report.md", markdown.render(results))
    write_text(folder / "report.html", html.render(results))
